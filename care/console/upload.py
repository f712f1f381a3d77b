"""A file that a browser sent, where the imports look for one, under the name that it had there."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fastapi import HTTPException, UploadFile

LARGEST = 64 * 1024 * 1024
"""Bytes of a file brought in by a browser; larger ones go by the terminal."""
LONGEST_NAME = 80
"""Characters of a name; of a longer one its end is kept, in which the kind of file is told."""


@contextmanager
def saved(file: UploadFile) -> Iterator[Path]:
    """The file, for as long as it is read; nothing of it is left behind."""
    with tempfile.TemporaryDirectory(prefix="care-console-") as folder:
        path = Path(folder) / name_of(file.filename)
        content = file.file.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise HTTPException(413, "bring larger files in by the terminal")
        path.write_bytes(content)
        yield path


def name_of(sent: str | None) -> str:
    """The name that a person gave a file, without folders and what cannot be seen."""
    last = (sent or "").replace("\\", "/").rpartition("/")[2]
    seen = "".join(one for one in last if one.isprintable()).strip(" .")
    return seen[-LONGEST_NAME:] or "file.csv"
