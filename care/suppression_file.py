"""A file of suppressions: looked through first, taken as a whole, lifted as a whole."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from care.domain.act import Act
from care.domain.channel import ADDRESS_COLUMN, Channel
from care.domain.suppression import SUPPRESSIONS, Covers, Mask, import_id_of
from care.intake.sheet import UnableToReadSheet
from care.intake.suppression_sheet import read_suppression_sheet
from care.runtime import Runtime
from care.storage import acts, people, suppressions
from care.storage.acts import Done
from care.storage.bulk import records
from care.storage.database import reading, writing
from care.suppression import UnableToSuppress, event_of, occasions, owned, reason_of

ALARMING = 0.05
"""Above this share of the customers who can be written to, a file is probably not meant so."""


@dataclass(frozen=True, slots=True)
class Rows:
    """What became of the rows of a file, or would: ``read = new + known + repeated + set aside``.

    ``known``: there already, ``lifted`` of them lifted by themselves, which stay so. ``repeated``:
    say what a row above says. ``set_aside``: columns ``SET_ASIDE``.
    """

    import_id: str
    sha256: str
    read: int
    new: int
    known: int
    lifted: int
    repeated: int
    set_aside: pd.DataFrame


@dataclass(frozen=True, slots=True)
class Check:
    """A file before it is taken: its rows, and who could not be written to any more.

    ``reached``: customers who may get marketing now, as far as suppressions go. Of them
    ``silenced`` would get nothing any more, and ``service_only`` nothing but service messages.
    """

    rows: Rows
    reached: int
    silenced: int
    service_only: int

    @property
    def share(self) -> float:
        """How many of those who are reached would not be."""
        return (self.silenced + self.service_only) / max(self.reached, 1)

    @property
    def alarming(self) -> bool:
        """Whether these are so many that somebody should look twice."""
        return self.share > ALARMING


@dataclass(frozen=True, slots=True)
class Import:
    """A file that was brought in: how many suppressions it brought, and how many were lifted."""

    import_id: str
    suppressions: int
    lifted: int


def check(runtime: Runtime, path: Path, *, now: datetime) -> Check:
    """Look a file through and write nothing.

    Raises:
        UnableToReadSheet: the file as a whole cannot be read, or has no rows.
    """
    read = _read(runtime, path, now=now)
    if not read.read:
        raise UnableToReadSheet(f"{path.name} has no rows below its header; nothing would be done")
    with reading(runtime.engine) as connection:
        rows, new = read.beside(connection)
        reached = people.read_traits(connection, list(ADDRESS_COLUMN.values()))
        held = suppressions.read_suppressions(connection, at=now)
    comes = new[new["until"].isna() | (new["until"] > pd.Timestamp(now))]
    before = owned(runtime, held, reached)
    added = owned(runtime, comes[[*SUPPRESSIONS, "address_hash"]], reached)
    after = pd.concat([before, added], ignore_index=True)
    marketing = [str(one) for one in Covers]
    gets = _open(reached, before, marketing)
    loses = gets & ~_open(reached, after, marketing)
    service = _open(reached, after, [str(Covers.EVERYTHING)])
    return Check(
        rows,
        reached=int(gets.sum()),
        silenced=int((loses & ~service).sum()),
        service_only=int((loses & service).sum()),
    )


def take(
    runtime: Runtime,
    path: Path,
    *,
    now: datetime,
    sha256: str | None = None,
    meant: bool = True,
    actor: str | None = None,
    name: str | None = None,
) -> Rows:
    """Add the suppressions of a file, one a row; those that are there already stay as they are.

    ``sha256``: of the file that was checked; another one is refused. ``meant``: also if so many
    would get nothing any more that somebody should look twice. ``actor``: who of the staff
    does it, if anybody. ``name``: what she calls the file.

    Raises:
        UnableToReadSheet: the file as a whole cannot be read.
        UnableToSuppress: it is not the file that was checked, or nobody says that it is meant.
    """
    if sha256 is not None and sha256 != _sha256(path):
        raise UnableToSuppress("this is not the file that was checked; check it again")
    if not meant and (looked := check(runtime, path, now=now)).alarming:
        raise UnableToSuppress(
            f"{looked.share:.0%} of those who can be written to would get nothing of it any more; "
            "say that this is meant"
        )
    read = _read(runtime, path, now=now)
    with writing(runtime.engine) as connection:
        suppressions.lock(connection)
        rows, new = read.beside(connection)
        suppressions.add_all(connection, new)
        if actor:
            done = Done(
                act=Act.IMPORT_SUPPRESSIONS,
                actor=actor,
                at=now,
                reason=f"import {rows.import_id}",
                file=name or path.name,
                count=rows.new,
            )
            acts.add(connection, done)
    return rows


def imports(runtime: Runtime) -> list[Import]:
    """Every file that brought suppressions, the newest first."""
    with reading(runtime.engine) as connection:
        return [Import(*one) for one in suppressions.list_imports(connection)]


def lift_import(
    runtime: Runtime,
    import_id: str,
    *,
    reason: str,
    source: str,
    now: datetime,
    actor: str | None = None,
) -> int:
    """Lift all that an import brought and nobody lifted yet; return how many these are.

    What was there before the import stays, also where its file named it again. ``actor``: who of
    the staff does it, if anybody.

    Raises:
        UnableToSuppress: there is no such import, or no reason.
    """
    why = reason_of(reason)
    with writing(runtime.engine) as connection:
        suppressions.lock(connection)
        brought = suppressions.read_import(connection, import_id)
        if brought.empty:
            raise UnableToSuppress(
                f"there is no import {import_id!r}; `care suppress imports` lists them"
            )
        held = brought[~brought["lifted"]]
        number = held["suppression_id"]
        suppressions.add_all(
            connection,
            held[["customer_key", "purpose"]].assign(
                event_id=suppressions.TAKE_BACK + number.astype("str"),
                reason=why,
                source=source,
                since=pd.Timestamp(now),
                lifts=number,
                import_id=import_id,
            ),
        )
        if actor and len(held):
            done = Done(
                act=Act.LIFT,
                actor=actor,
                at=now,
                reason=why,
                file=f"import {import_id}",
                count=len(held),
            )
            acts.add(connection, done)
    return len(held)


@dataclass(frozen=True, slots=True)
class _Read:
    """A file as read. ``told``: one row a suppression, columns of the ledger."""

    import_id: str
    sha256: str
    read: int
    told: pd.DataFrame
    set_aside: pd.DataFrame

    def beside(self, connection: Connection) -> tuple[Rows, pd.DataFrame]:
        """What became of the rows, held against what is there; and those that are new."""
        told = self.told
        known = suppressions.known_events(connection, told["event_id"])
        while known["taken_back"].any():  # as if it had never come: the right file brings it anew
            again = told["event_id"].isin(known.loc[known["taken_back"], "event_id"])
            told = told.assign(event_id=told["event_id"].mask(again, told["event_id"] + "+"))
            known = suppressions.known_events(connection, told["event_id"])
        once = told.drop_duplicates("event_id")
        new = once[~once["event_id"].isin(known["event_id"])]
        rows = Rows(
            import_id=self.import_id,
            sha256=self.sha256,
            read=self.read,
            new=len(new),
            known=len(known),
            lifted=int(known["lifted"].sum()),
            repeated=len(self.told) - len(once),
            set_aside=self.set_aside,
        )
        return rows, new


def _read(runtime: Runtime, path: Path, *, now: datetime) -> _Read:
    with reading(runtime.engine) as connection:
        everybody = people.read_keys(connection)
    zone = runtime.policy.shop.zone
    sheet = read_suppression_sheet(
        path, customers=everybody, now=now, zone=zone, occasions=occasions(runtime.policy)
    )
    sha256 = _sha256(path)
    import_id = import_id_of(now.astimezone(zone).date(), sha256)
    rows = sheet.rows.reset_index(drop=True)
    hashes = [
        None if address is None else runtime.vault.address_hash(address)
        for address in rows["address"].astype(object).where(rows["address"].notna(), None)
    ]
    told = pd.DataFrame(
        {
            "customer_key": rows["customer_key"],
            "address_hash": pd.Series(hashes, index=rows.index, dtype="str"),
            "channel": rows["channel"],
            "occasion": rows["occasion"],
            "purpose": rows["covers"],
            "reason": rows["reason"],
            "source": rows["source"].fillna("import"),
            "since": rows["since"],
            "until": rows["until"],
            "import_id": import_id,
        }
    )
    # Without a moment of its own a row is the same whenever its file is read.
    about = told.drop(columns=["since", "source", "import_id"]).assign(
        since=rows["said_since"].array
    )
    events = [event_of(row) for row in records(about)]
    told["event_id"] = rows["event_id"].fillna(pd.Series(events, index=rows.index, dtype="str"))
    return _Read(import_id, sha256, sheet.read, told, sheet.set_aside())


def _open(reached: pd.DataFrame, held: pd.DataFrame, purposes: list[str]) -> Mask:
    """Who has an address by which nothing of these purposes stops every message."""
    stops = held[held["occasion"].isna() & held["purpose"].isin(purposes)]
    found = np.zeros(len(reached), dtype=bool)
    for channel in Channel:
        here = stops.loc[stops["channel"].isna() | (stops["channel"] == channel), "customer_key"]
        has = reached[ADDRESS_COLUMN[channel]].notna().to_numpy(bool)
        stopped = reached["customer_key"].isin(here).to_numpy(bool) | bool(here.isna().any())
        found |= has & ~stopped
    return found


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
