"""Voucher codes by pool: free, reserved for a touch, issued with it, or spent on a failed one."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import pandas as pd
from sqlalchemy import Connection, bindparam, func, insert, select, update

from care.storage.bulk import insert_frame, read_frame, rows_alike
from care.storage.tables import batches, code_pools, deliveries, messages, voucher_codes

AT_ONCE = 500
"""Touches asked for in one statement."""


@dataclass(frozen=True, slots=True)
class Added:
    """What became of codes that were to be added to a pool.

    ``elsewhere``: those that are in another gift's pool, and stay there.
    """

    codes: int
    known: int
    elsewhere: list[str]


def sync_pools(connection: Connection, needed: Sequence[str]) -> None:
    """Let there be a pool for each gift that needs codes, and only these be drawn from."""
    known = set(connection.scalars(select(code_pools.c.gift_id)))
    if new := sorted(set(needed) - known):
        connection.execute(
            insert(code_pools), [{"gift_id": gift_id, "needed": True} for gift_id in new]
        )
    for gift_id in sorted(known):
        connection.execute(
            update(code_pools)
            .where(code_pools.c.gift_id == gift_id)
            .values(needed=gift_id in needed)
        )


def needed(connection: Connection) -> list[str]:
    """The gifts that need a code of their own."""
    return list(connection.scalars(select(code_pools.c.gift_id).where(code_pools.c.needed)))


def count_free(connection: Connection) -> dict[str, int]:
    """Free codes of every pool."""
    return {row.gift_id: row.free for row in connection.execute(select(code_pools))}


def add_codes(connection: Connection, gift_id: str, codes: pd.Series) -> Added:
    """Add codes, none of them twice, to a gift's pool; one that is in a pool stays as it is."""
    fresh = pd.DataFrame({"code": codes.astype("str")})
    there = pd.concat(
        [
            read_frame(
                connection,
                select(voucher_codes.c.code, voucher_codes.c.gift_id).join(asked, matches),
            )
            for asked, matches in rows_alike(connection, voucher_codes, fresh)
        ],
        ignore_index=True,
    )
    new = fresh[~fresh["code"].isin(there["code"])]
    insert_frame(connection, voucher_codes, new.assign(gift_id=gift_id, state="free"))
    _put_back(connection, gift_id, len(new))
    own = there["gift_id"] == gift_id
    return Added(len(new), int(own.sum()), there.loc[~own, "code"].tolist())


def known_among(connection: Connection, words: Collection[str]) -> set[str]:
    """Those words that are codes, in whatever pool and state."""
    asked, found = sorted(words), set()
    for start in range(0, len(asked), AT_ONCE):
        some = voucher_codes.c.code.in_(asked[start : start + AT_ONCE])
        found |= set(connection.scalars(select(voucher_codes.c.code).where(some)))
    return found


def take_codes(connection: Connection, gift_id: str, touch_ids: Sequence[int]) -> None:
    """Reserve a code for each touch, in order, where the gift needs codes.

    Raises:
        IntegrityError: there are fewer free ones.
    """
    drawn = connection.execute(
        update(code_pools)
        .where(code_pools.c.gift_id == gift_id, code_pools.c.needed)
        .values(free=code_pools.c.free - len(touch_ids))
        .returning(code_pools.c.gift_id)
    )
    if drawn.one_or_none() is None:
        return
    free = (
        select(voucher_codes.c.code)
        .where(voucher_codes.c.gift_id == gift_id, voucher_codes.c.state == "free")
        .order_by(voucher_codes.c.code)
        .limit(len(touch_ids))
    )
    taken = list(connection.scalars(free))
    connection.execute(
        update(voucher_codes)
        .where(voucher_codes.c.code == bindparam("taken"))
        .values(state="reserved", touch_id=bindparam("touch")),
        [
            {"taken": code, "touch": touch_id}
            for code, touch_id in zip(taken, touch_ids, strict=True)
        ],
    )


def issue_codes(connection: Connection, touch_ids: Sequence[int]) -> None:
    """The codes of these touches are out, for ever."""
    _end(connection, touch_ids, "issued")


def return_codes(connection: Connection, touch_ids: Sequence[int]) -> None:
    """Put the codes of touches that came to nothing back, unless somebody outside may know them.

    Whatever was in a batch that a gateway may have seen may have been read there: such a code is
    spent, whoever refused the message.
    """
    for start in range(0, len(touch_ids), AT_ONCE):
        some = touch_ids[start : start + AT_ONCE]
        seen = (
            select(messages.c.touch_id)
            .join(deliveries, deliveries.c.message_id == messages.c.message_id)
            .join(batches, batches.c.batch_id == deliveries.c.batch_id)
            .where(messages.c.touch_id.in_(some), batches.c.manifest_sha256 != "")
        )
        _end(connection, list(connection.scalars(seen.distinct())), "spent")
        back = connection.scalars(
            update(voucher_codes)
            .where(voucher_codes.c.touch_id.in_(some), voucher_codes.c.state == "reserved")
            .values(state="free", touch_id=None)
            .returning(voucher_codes.c.gift_id)
        )
        for gift_id, count in sorted(pd.Series(list(back), dtype="str").value_counts().items()):
            _put_back(connection, str(gift_id), int(count))


def count_codes(connection: Connection) -> pd.DataFrame:
    """``gift_id, state, count`` of the codes that are not free: see ``count_free`` for those."""
    query = (
        select(voucher_codes.c.gift_id, voucher_codes.c.state, func.count().label("count"))
        .where(voucher_codes.c.touch_id.is_not(None))
        .group_by(voucher_codes.c.gift_id, voucher_codes.c.state)
    )
    return read_frame(connection, query)


def _end(connection: Connection, touch_ids: Sequence[int], state: str) -> None:
    if touch_ids:
        connection.execute(
            update(voucher_codes)
            .where(
                voucher_codes.c.touch_id == bindparam("touch"),
                voucher_codes.c.state == "reserved",
            )
            .values(state=state),
            [{"touch": touch_id} for touch_id in touch_ids],
        )


def _put_back(connection: Connection, gift_id: str, count: int) -> None:
    connection.execute(
        update(code_pools)
        .where(code_pools.c.gift_id == gift_id)
        .values(free=code_pools.c.free + count)
    )
