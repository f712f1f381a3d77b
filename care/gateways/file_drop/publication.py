"""A batch on disk: there as a whole, or not there, whoever dies while writing it.

The files are written into a hidden folder beside their destination and forced to the disk; one
rename makes the folder visible, a second one inside it turns the marker that was staged along into
``_SUCCESS``. So nothing has to be written, and no disk can be full, once the batch can be seen.
"""

import errno
import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from care.domain.batch import SealedBatch, same_content
from care.gateways.contract import UnableToReplaceBatch

MANIFEST = "manifest.json"
SUCCESS = "_SUCCESS"
_STAGED_SUCCESS = ".success"
_STAGING = ".staging-"


def publish(batch: SealedBatch, outbound: Path) -> Path:
    """Publish the batch, or finish what an earlier attempt left; give its folder.

    Any number of processes may publish the same batch at once: one of them places it, the others
    find it there. Raises :class:`UnableToReplaceBatch` if another batch, or a damaged one, is in
    its place, and OSError if the disk does not take it; then nothing is left behind.
    """
    shelf = outbound / batch.manifest.channel
    for folder in (outbound, shelf):
        _make_folder(folder)
    _sweep(shelf)
    folder = shelf / batch.batch_id
    if not folder.exists():
        with _staging(shelf, batch.batch_id) as staged:
            _write(batch, staged)
            _rename_unless_there(staged, folder)
    _force(shelf)
    _compare(batch, folder)
    _mark_complete(folder)
    return folder


def _make_folder(folder: Path) -> None:
    if not folder.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _force(folder.parent)


@contextmanager
def _staging(shelf: Path, batch_id: str) -> Iterator[Path]:
    """Lend a hidden folder, locked for as long as its owner lives and gone afterwards."""
    folder, lock = _locked_folder(shelf, batch_id)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _locked_folder(shelf: Path, batch_id: str) -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=f"{_STAGING}{batch_id}-", dir=shelf))
        try:
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            continue
        fcntl.flock(lock, fcntl.LOCK_EX)
        if folder.exists():
            return folder, lock
        os.close(lock)  # swept by another publisher before the lock was ours


def _sweep(shelf: Path) -> None:
    """Remove what dead publishers left: a folder whose lock is free has no owner any more."""
    for folder in shelf.glob(f"{_STAGING}*"):
        try:
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        else:
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(lock)


def _write(batch: SealedBatch, folder: Path) -> None:
    manifest = batch.manifest.encode()
    marker = hashlib.sha256(manifest).hexdigest().encode() + b"\n"
    for name, data in (*batch.parts, (MANIFEST, manifest), (_STAGED_SUCCESS, marker)):
        descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    _force(folder)


def _rename_unless_there(staged: Path, folder: Path) -> None:
    try:
        staged.rename(folder)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise


def _compare(batch: SealedBatch, folder: Path) -> None:
    """Refuse whatever is in the batch's place and is not the batch."""
    try:
        manifest = (folder / MANIFEST).read_bytes()
        intact = promised_sha256(folder) == hashlib.sha256(manifest).hexdigest()
        if intact and not same_content(manifest, batch.manifest.encode()):
            raise UnableToReplaceBatch(
                f"{folder} holds other content under this batch_id (409): leave it as it is and "
                f"seal the changed rows as the next attempt, superseding {batch.batch_id}"
            )
        intact = intact and all((folder / name).read_bytes() == data for name, data in batch.parts)
    except FileNotFoundError:
        intact = False
    if not intact:
        raise UnableToReplaceBatch(
            f"{folder} was changed after it was published: find out by whom, move the folder "
            f"away and release again"
        )


def promised_sha256(folder: Path) -> str:
    """Read the manifest's sha256 from the marker, under whichever name it has this moment."""
    for name in (SUCCESS, _STAGED_SUCCESS):
        with suppress(FileNotFoundError):
            return _read_marker(folder / name)
    return _read_marker(folder / SUCCESS)  # renamed by another publisher between the two looks


def _read_marker(marker: Path) -> str:
    return marker.read_bytes().decode("ascii", errors="replace").strip()


def _mark_complete(folder: Path) -> None:
    # Not there: it is complete already, by an earlier attempt or by another publisher just now.
    with suppress(FileNotFoundError):
        (folder / _STAGED_SUCCESS).rename(folder / SUCCESS)
    _force(folder)


def _force(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
