"""Gifts beside the night: codes brought in, what there is of each, and what they cost."""

import csv
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import pandas as pd

from care.domain.act import Act
from care.domain.gift import Gift
from care.intake.codes import CODE_REMEDIES, CodeFlaw, open_codes
from care.runtime import Runtime
from care.storage import acts, codes, gifts, nights
from care.storage.acts import Done
from care.storage.database import reading, writing


class UnableToImportCodes(Exception):
    """Codes cannot be brought in as asked; the message says why."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file of codes: ``read`` is the sum of the three that follow.

    ``set_aside``: rows by reason; ``listed`` is the file that names each of them, if there are any.
    """

    read: int
    added: int
    known: int
    set_aside: Mapping[str, int]
    listed: Path | None


@dataclass(frozen=True, slots=True)
class By:
    """Who brings a file in, when, and what she calls it, if not as it is called here."""

    actor: str
    now: datetime
    file: str | None = None


def import_codes(
    runtime: Runtime, gift_id: str, path: Path, *, column: str = "code", by: By | None = None
) -> Imported:
    """Bring the codes of a CSV file into the pool of a gift.

    Chunk by chunk, so that nights go on meanwhile; run again, after whatever fault, it adds what
    is still missing. A code that is in the pool already stays as it is. ``by``: who of the staff
    does it, if anybody.

    Raises:
        UnableToImportCodes: the policy has no such gift, or one that needs no codes.
        UnableToReadCodes: the file is no CSV file, or has no such column.
    """
    _refuse_without_codes(runtime.policy.gifts, gift_id)
    with writing(runtime.engine) as connection:
        gifts.sync_gifts(connection, runtime.policy.gifts)
    added = known = 0
    aside: Counter[str] = Counter()
    listed = runtime.settings.home / f"set_aside-codes-{gift_id}.csv"
    with open_codes(path, column=column) as chunks, listed.open("w", encoding="utf-8") as out:
        lines = csv.writer(out, lineterminator="\n")
        lines.writerow(("row", "reason", "remedy"))
        for chunk in chunks:
            with writing(runtime.engine) as connection:
                gifts.lock_gifts(connection)
                found = codes.add_codes(connection, gift_id, chunk.codes["code"])
            added, known = added + found.codes, known + found.known
            strange = chunk.codes[chunk.codes["code"].isin(found.elsewhere)]
            rows = pd.concat(
                [chunk.set_aside, strange[["row"]].assign(reason=str(CodeFlaw.OTHER_POOL))]
            )
            aside.update(rows["reason"].tolist())
            lines.writerows(
                (row, reason, CODE_REMEDIES[CodeFlaw(reason)])
                for row, reason in zip(rows["row"], rows["reason"], strict=True)
            )
    if by:
        done = Done(
            act=Act.IMPORT_CODES,
            actor=by.actor,
            at=by.now,
            gift_id=gift_id,
            file=by.file or path.name,
            count=added,
        )
        with writing(runtime.engine) as connection:
            acts.add(connection, done)
    if not aside:
        listed.unlink()
    return Imported(
        read=added + known + aside.total(),
        added=added,
        known=known,
        set_aside=dict(sorted(aside.items())),
        listed=listed if aside else None,
    )


def _refuse_without_codes(catalogue: Mapping[str, Gift], gift_id: str) -> None:
    wanting = [name for name, gift in catalogue.items() if gift.codes]
    if gift_id in wanting:
        return
    there = f"those that do are {', '.join(wanting)}" if wanting else "no gift does yet"
    if gift_id in catalogue:
        raise UnableToImportCodes(
            f"gifts.{gift_id} needs no codes; {there}. Write codes = true under [gifts.{gift_id}] "
            "in the policy first."
        )
    raise UnableToImportCodes(f"the policy has no gift {gift_id!r} that needs codes; {there}.")


@dataclass(frozen=True, slots=True)
class GiftStatus:
    """One gift: ``left`` is how many may still be promised, missing where there is always enough.

    ``promised`` are on their way, ``given`` were accepted by a gateway, ``given_back`` never left.
    ``free``, ``spent``: of its codes, where it needs some; a spent one may have been read in a
    message that failed, so nobody gets it any more. ``low``: fewer are left than ``warn_below``.
    """

    gift_id: str
    cost: int
    stock: int | None
    promised: int
    given: int
    given_back: int
    free: int | None
    spent: int | None
    left: int | None
    low: bool


@dataclass(frozen=True, slots=True)
class BudgetStatus:
    """Minor units of a night or a month: what may be spent, if there is a limit, and what is."""

    period: str
    budget: int | None
    spent: int


@dataclass(frozen=True, slots=True)
class Gifting:
    """How the gifts stand. ``budgets``: of the last night planned and of its month."""

    gifts: tuple[GiftStatus, ...]
    budgets: tuple[BudgetStatus, ...]
    currency: str


def status(runtime: Runtime, *, night: date | None = None) -> Gifting:
    """Say of every gift of the policy what there is of it, and of the budgets what is left.

    ``night``: whose budgets, the last one planned unless told.
    """
    policy = runtime.policy
    with reading(runtime.engine) as connection:
        night = night or nights.latest_night(connection)
        left = gifts.pieces_left(connection, policy.gifts)
        moves = gifts.count_moves(connection)
        free = codes.count_free(connection)
        used = codes.count_codes(connection)
        spent = None if night is None else gifts.spent_in(connection, night)
    moved = _counts(moves, "kind")
    gone = _counts(used, "state")
    found = []
    for name, gift in sorted(policy.gifts.items()):
        given, back = moved.get((name, "commit"), 0), moved.get((name, "release"), 0)
        found.append(
            GiftStatus(
                gift_id=name,
                cost=gift.cost,
                stock=gift.stock,
                promised=moved.get((name, "reserve"), 0) - given - back,
                given=given,
                given_back=back,
                free=free.get(name, 0) if gift.codes else None,
                spent=gone.get((name, "spent"), 0) if gift.codes else None,
                left=left.get(name),
                low=name in left and left[name] < (gift.warn_below or 1),
            )
        )
    budgets: tuple[BudgetStatus, ...] = ()
    if night is not None and spent is not None:
        limits = policy.night.gift_budget, policy.night.month_gift_budget
        periods = f"{night:%Y-%m-%d}", f"{night:%Y-%m}"
        budgets = tuple(map(BudgetStatus, periods, limits, spent))
    return Gifting(tuple(found), budgets, policy.shop.currency)


def _counts(rows: pd.DataFrame, by: str) -> dict[tuple[str, str], int]:
    names = zip(rows["gift_id"], rows[by], strict=True)
    return dict(zip(names, rows["count"].astype("int64").tolist(), strict=True))
