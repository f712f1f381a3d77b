"""A list of customers by their ids, in a file: one a line, or as JSON."""

import gzip
import json
from pathlib import Path


class UnableToReadUserList(Exception):
    """A file lists no customers; the message says what it should hold."""


def read_user_list(path: Path) -> list[str]:
    """Read ids as text, each once: one a line, a JSON list, or the list ``test`` of a JSON object.

    A file whose name ends with ``.gz`` is unpacked first.

    Raises:
        UnableToReadUserList: no such file, no text, or no list in it.
    """
    if not path.is_file():
        raise UnableToReadUserList(f"{path}: there is no such file; name one with --test-users.")
    try:
        packed = path.read_bytes()
        text = (gzip.decompress(packed) if path.suffix == ".gz" else packed).decode("utf-8-sig")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise UnableToReadUserList(
            f"{path} is no UTF-8 text ({error}); save it as such."
        ) from error
    if text.lstrip().startswith(("[", "{")):
        try:
            said = json.loads(text)
        except ValueError as error:
            raise UnableToReadUserList(f"{path} is no JSON ({error}); correct it.") from error
        found = said.get("test") if isinstance(said, dict) else said
        if not isinstance(found, list):
            raise UnableToReadUserList(
                f"{path} is a JSON object without a list 'test'; name the list of ids so."
            )
        lines = [str(one) for one in found]
    else:
        lines = text.splitlines()
    ids = list(dict.fromkeys(line.strip() for line in lines if line.strip()))
    if not ids:
        raise UnableToReadUserList(f"{path} lists nobody; write one id a line.")
    return ids
