"""What one night read: the files it pinned and the counts it took, in one small manifest.

A night that was taken stays as it is: running it again finds the manifest and reads the same
bytes, however much the shop's data has changed since.
"""

import hashlib
import io
import logging
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any

import orjson
import pandas as pd
from pydantic import BaseModel, ConfigDict, ValidationError

from care.domain.setaside import SET_ASIDE
from care.storage.history import MonthFile, PinnedFile
from care.storage.store import Store, facts_of

_RESTORE = (
    "Restore it from a backup, or remove the night's folder under nights/ to take the night anew."
)

logger = logging.getLogger(__name__)


class UnableToLoadSnapshot(Exception):
    """A night's manifest or a file that it pins is gone or not what it was."""


class Count(BaseModel):
    """What came in from one of the shop's tables: ``read = kept + Σ set_aside``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    read: int
    kept: int
    set_aside: dict[str, int]  # rows by reason


class Snapshot(BaseModel):
    """The manifest of a night."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    night: date
    timezone: str
    as_of: datetime  # the night's first instant: everything before it was read
    history: tuple[MonthFile, ...]
    products: PinnedFile
    cases: PinnedFile | None = None  # these of a shop that has such a table
    deliveries: PinnedFile | None = None
    events: PinnedFile | None = None
    unpaid: PinnedFile | None = None  # orders that wait for their payment
    reviews: PinnedFile | None = None
    set_aside: PinnedFile
    counts: dict[str, Count]  # by table of the shop

    @property
    def sha256(self) -> str:
        """Fingerprint of everything the night read."""
        return hashlib.sha256(self._content()).hexdigest()

    def to_bytes(self) -> bytes:
        """Write the manifest: readable JSON, with its own fingerprint."""
        said = orjson.loads(self._content()) | {"sha256": self.sha256}
        return orjson.dumps(said, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)

    def _content(self) -> bytes:
        # What a shop does not have is not told, so that its manifests stay what they were.
        said = self.model_dump(mode="json", exclude_none=True)
        return orjson.dumps(said, option=orjson.OPT_SORT_KEYS)


def take_snapshot(
    store: Store,
    *,
    night: date,
    timezone: str,
    as_of: datetime,
    history: Sequence[MonthFile],
    products: pd.DataFrame,
    set_aside: pd.DataFrame,
    counts: Mapping[str, Count],
    beside: Mapping[str, pd.DataFrame] | None = None,
) -> Snapshot:
    """Pin what a night read; if the night was taken before, by anyone, that snapshot stands.

    ``products``: the catalogue of the night, one row a product, any columns. ``set_aside``:
    columns ``SET_ASIDE``. ``beside``: the tables that a shop need not have, by name.
    """
    snapshot = Snapshot(
        night=night,
        timezone=timezone,
        as_of=as_of,
        history=tuple(history),
        products=_pin(store, products, "products/"),
        set_aside=_pin(store, SET_ASIDE.check(set_aside), f"nights/{night}/set_aside-"),
        counts=dict(counts),
        **{name: _pin(store, frame, f"{name}/") for name, frame in (beside or {}).items()},
    )
    if store.write_once(_manifest(night), snapshot.to_bytes()):
        logger.info("night %s taken: %d months of orders", night, len(history))
        return snapshot
    return load_snapshot(store, night)


def load_snapshot(store: Store, night: date) -> Snapshot:
    """Load the snapshot of a night, with every file it pins checked against its hash.

    Raises:
        UnableToLoadSnapshot: the night was not taken, or something is not what it was.
    """
    snapshot = find_snapshot(store, night)
    if snapshot is None:
        raise _not_taken(night)
    return snapshot


def _not_taken(night: date) -> UnableToLoadSnapshot:
    return UnableToLoadSnapshot(f"night {night} was not taken; take its snapshot first.")


def find_snapshot(store: Store, night: date) -> Snapshot | None:
    """Like ``load_snapshot``, but None where the night was not taken."""
    path = _manifest(night)
    try:
        content = store.read(path)
    except FileNotFoundError:
        return None
    snapshot = _parse(content, path)
    beside = (
        snapshot.cases,
        snapshot.deliveries,
        snapshot.events,
        snapshot.unpaid,
        snapshot.reviews,
    )
    for file in (*snapshot.history, snapshot.products, *beside, snapshot.set_aside):
        if file is not None:
            _verify(store, file, night)
    return snapshot


def previous_snapshot(store: Store, *, before: date) -> Snapshot | None:
    """Find the snapshot of the last night taken before a night, None where there is none."""
    nights = [name for name in store.names("nights") if name < before.isoformat()]
    for name in reversed(nights):
        if (snapshot := find_snapshot(store, date.fromisoformat(name))) is not None:
            return snapshot
    return None


def newest_snapshot(store: Store) -> Snapshot | None:
    """Find the manifest of the last night taken; its files are not compared with what they were."""
    for name in reversed(store.names("nights")):
        path = _manifest(date.fromisoformat(name))
        try:
            return _parse(store.read(path), path)
        except FileNotFoundError:
            continue
    return None


def read_pinned(store: Store, file: PinnedFile) -> pd.DataFrame:
    """Read the rows of a pinned file: the products of a night, or what it set aside."""
    return pd.read_parquet(io.BytesIO(store.read(file.path)))


def read_manifest(store: Store, night: date) -> Snapshot:
    """Load what a night pinned, for who looks at a little of it and checks just what she reads.

    Raises:
        UnableToLoadSnapshot: the night was not taken.
    """
    path = _manifest(night)
    try:
        return _parse(store.read(path), path)
    except FileNotFoundError:
        raise _not_taken(night) from None


@lru_cache(maxsize=8)
def read_kept(store: Store, file: PinnedFile) -> pd.DataFrame:
    """Read a pinned file as ``read_pinned`` does, checked, once in a process: it never changes.

    The rows are everybody's who asks, so nobody may change them.

    Raises:
        UnableToLoadSnapshot: it is gone or not what it was.
    """
    try:
        content = store.read(file.path)
    except FileNotFoundError:
        raise UnableToLoadSnapshot(f"{file.path} is gone. {_RESTORE}") from None
    if facts_of(content).sha256 != file.sha256:
        raise UnableToLoadSnapshot(f"{file.path} is not what it was. {_RESTORE}")
    return pd.read_parquet(io.BytesIO(content))


def read_if_pinned(store: Store, file: PinnedFile | None) -> pd.DataFrame | None:
    """Read the rows of a table that a shop need not have; nothing where it has not."""
    return None if file is None else read_pinned(store, file)


def _pin(store: Store, frame: pd.DataFrame, prefix: str) -> PinnedFile:
    content = frame.to_parquet(index=False, compression="zstd")
    facts = facts_of(content)
    path = f"{prefix}{facts.sha256[:16]}.parquet"
    if not store.exists(path):
        store.write(path, content)
    return PinnedFile(path=path, sha256=facts.sha256, bytes=facts.bytes, rows=len(frame))


def _manifest(night: date) -> str:
    return f"nights/{night.isoformat()}/manifest.json"


def _parse(content: bytes, path: str) -> Snapshot:
    try:
        said: dict[str, Any] = orjson.loads(content)
        sha256 = said.pop("sha256")
        snapshot = Snapshot.model_validate(said)
    except (orjson.JSONDecodeError, KeyError, TypeError, ValidationError) as error:
        raise UnableToLoadSnapshot(f"{path} is not a manifest: {error}. {_RESTORE}") from None
    if snapshot.sha256 != sha256:
        raise UnableToLoadSnapshot(f"{path} was changed after it was written. {_RESTORE}")
    return snapshot


def _verify(store: Store, file: PinnedFile, night: date) -> None:
    try:
        facts = store.facts(file.path)
    except FileNotFoundError:
        raise UnableToLoadSnapshot(
            f"night {night} needs {file.path}, which is gone. {_RESTORE}"
        ) from None
    if (facts.sha256, facts.bytes) != (file.sha256, file.bytes):
        raise UnableToLoadSnapshot(
            f"night {night} needs {file.path} as it was: {file.bytes} bytes with sha256 "
            f"{file.sha256[:16]}…; it has {facts.bytes} bytes with {facts.sha256[:16]}…. {_RESTORE}"
        )
