"""Files that outlive a night: written whole or not at all, in a folder or an object store."""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import fsspec
from fsspec.implementations.local import LocalFileSystem


class UnableToUseStore(Exception):
    """The store's URL leads nowhere, or nothing can be kept there."""


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What a file must still be when it is read again."""

    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Store:
    """Files under one root, named by ``/``-separated paths relative to it.

    A reader sees a file whole or not at all. Locally that is a draft, synced and renamed; on an
    object store an upload appears when it is complete. Local files are for their owner only.
    """

    files: Any  # an fsspec file system
    root: str

    def url(self, path: str) -> str:
        """How DuckDB, with ``attach`` done, finds a file."""
        place = self._place(path)
        return place if self._is_local else str(self.files.unstrip_protocol(place))

    def attach(self, connection: Any) -> None:
        """Let an Ibis DuckDB connection read this store's files."""
        if not self._is_local:
            connection.register_filesystem(self.files)

    def read(self, path: str) -> bytes:
        """Read a file; ``FileNotFoundError`` where there is none."""
        return bytes(self.files.cat_file(self._place(path)))

    def exists(self, path: str) -> bool:
        """Whether there is such a file."""
        return bool(self.files.exists(self._place(path)))

    def names(self, folder: str) -> list[str]:
        """List what a folder holds, in order of names; nothing where there is no such folder."""
        with suppress(FileNotFoundError):
            found = self.files.ls(self._place(folder), detail=False, refresh=True)
            return sorted(str(name).rstrip("/").rsplit("/", 1)[-1] for name in found)
        return []

    def facts(self, path: str) -> FileFacts:
        """Hash and size of a file; ``FileNotFoundError`` where there is none."""
        with self.files.open(self._place(path), "rb") as file:
            return _facts(file)

    def write(self, path: str, content: bytes) -> None:
        """Put a file in its place, instead of what stood there."""
        with self.drafts() as folder:
            draft = folder / "content"
            draft.write_bytes(content)
            self.adopt(draft, path)

    def write_once(self, path: str, content: bytes) -> bool:
        """Put a file in its place unless one stands there; of several writers one gets True."""
        if not self._is_local:
            try:
                self.files.pipe_file(self._place(path), content, mode="create")
            except FileExistsError:
                return False
            return True
        with self.drafts() as folder:
            draft = folder / "content"
            draft.write_bytes(content)
            _finish(draft)
            place = self._local_place(path)
            try:
                os.link(draft, place)
            except FileExistsError:
                return False
            _sync(place.parent)
            return True

    def adopt(self, draft: Path, path: str) -> None:
        """Move a finished local file, such as one from ``drafts``, into its place."""
        if not self._is_local:
            self.files.put_file(str(draft), self._place(path))
            draft.unlink()
            return
        _finish(draft)
        place = self._local_place(path)
        os.replace(draft, place)
        _sync(place.parent)

    @contextmanager
    def drafts(self) -> Iterator[Path]:
        """Lend a local folder for files in the making; it is gone afterwards."""
        if self._is_local:  # on the same disk, so that a draft can be renamed into its place
            Path(self.root).mkdir(parents=True, exist_ok=True, mode=0o700)
        inside = self.root if self._is_local else None
        with tempfile.TemporaryDirectory(prefix=f".draft-{uuid4().hex[:4]}-", dir=inside) as folder:
            yield Path(folder)

    @property
    def _is_local(self) -> bool:
        return isinstance(self.files, LocalFileSystem)

    def _place(self, path: str) -> str:
        return f"{self.root}/{path}"

    def _local_place(self, path: str) -> Path:
        place = Path(self._place(path))
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return place


def open_store(url: str) -> Store:
    """Open the store at a folder or at a URL that fsspec knows, such as ``s3://bucket/care``.

    Raises:
        UnableToUseStore: no such kind of store, or its client is not installed.
    """
    try:
        files, root = fsspec.core.url_to_fs(url)
    except (ValueError, ImportError) as error:
        raise UnableToUseStore(
            f"{url!r}: {error}. Set CARE_STORE_URL to a folder or to a URL whose fsspec client is "
            "installed, such as s3:// with s3fs."
        ) from None
    return Store(files, str(root).rstrip("/"))


def facts_of(content: bytes) -> FileFacts:
    """Hash and size of a content that is at hand."""
    return FileFacts(hashlib.sha256(content).hexdigest(), len(content))


def facts_of_file(path: Path) -> FileFacts:
    """Hash and size of a local file."""
    with path.open("rb") as file:
        return _facts(file)


def _facts(file: Any) -> FileFacts:
    digest, size = hashlib.sha256(), 0
    while chunk := file.read(1 << 20):
        digest.update(chunk)
        size += len(chunk)
    return FileFacts(digest.hexdigest(), size)


def _finish(draft: Path) -> None:
    draft.chmod(0o600)
    _sync(draft)


def _sync(path: Path) -> None:
    """Make a file or a folder's entries durable."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
