"""Gifts as stock: reserved with the plan, committed on acceptance, released otherwise."""

from collections.abc import Mapping, Sequence

import pandas as pd
from sqlalchemy import Connection, bindparam, case, func, insert, literal, select, update

from care.domain.gift import Gift
from care.storage.bulk import insert_frame
from care.storage.tables import gift_moves, gifts


def sync_gifts(connection: Connection, catalogue: Mapping[str, Gift]) -> None:
    """Take stock figures from the policy. What is already promised stays promised."""
    _lock(connection)
    known = set(connection.scalars(select(gifts.c.gift_id)))
    for gift_id, gift in sorted(catalogue.items()):
        if gift_id not in known:
            connection.execute(insert(gifts).values(gift_id=gift_id, stock=gift.stock, taken=0))
            continue
        promised = gifts.c.taken
        stock = (
            None
            if gift.stock is None
            else case((promised > gift.stock, promised), else_=gift.stock)
        )
        connection.execute(update(gifts).where(gifts.c.gift_id == gift_id).values(stock=stock))


def pieces_left(connection: Connection, catalogue: Mapping[str, Gift]) -> dict[str, int]:
    """Pieces that may still be promised, for the gifts that can run out."""
    taken = {row.gift_id: row.taken for row in connection.execute(select(gifts))}
    return {
        gift_id: max(0, gift.stock - taken.get(gift_id, 0))
        for gift_id, gift in catalogue.items()
        if gift.stock is not None
    }


def reserve(connection: Connection, touches: pd.DataFrame) -> None:
    """Reserve the gifts of freshly planned touches (``touch_id, gift_id, gift_cost``)."""
    given = touches[touches["gift_id"].notna()]
    moves = given[["touch_id", "gift_id"]].assign(kind="reserve", cost=given["gift_cost"])
    insert_frame(connection, gift_moves, moves)
    counts = given["gift_id"].value_counts().sort_index()
    for gift_id, pieces in counts.items():
        _take(connection, str(gift_id), int(pieces))


def settle(connection: Connection, touch_ids: Sequence[int], kind: str) -> None:
    """Commit or release what these touches reserved; a touch already settled is left alone."""
    if not touch_ids:
        return
    settled = select(gift_moves.c.touch_id).where(gift_moves.c.kind != "reserve")
    pending = select(
        gift_moves.c.touch_id, literal(kind), gift_moves.c.gift_id, gift_moves.c.cost
    ).where(
        gift_moves.c.kind == "reserve",
        gift_moves.c.touch_id == bindparam("touch"),
        gift_moves.c.touch_id.not_in(settled),
    )
    ids = [{"touch": touch_id} for touch_id in touch_ids]
    if kind == "release":
        _lock(connection)
        _give_back(connection, touch_ids)
    connection.execute(
        insert(gift_moves).from_select(["touch_id", "kind", "gift_id", "cost"], pending), ids
    )


def _lock(connection: Connection) -> None:
    """Lock all gifts in one order: whoever takes some after others would else end in a deadlock."""
    connection.execute(select(gifts.c.gift_id).order_by(gifts.c.gift_id).with_for_update())


def _give_back(connection: Connection, touch_ids: Sequence[int]) -> None:
    settled = select(gift_moves.c.touch_id).where(gift_moves.c.kind != "reserve")
    counts: dict[str, int] = {}
    for start in range(0, len(touch_ids), 500):
        rows = connection.execute(
            select(gift_moves.c.gift_id, func.count())
            .where(
                gift_moves.c.kind == "reserve",
                gift_moves.c.touch_id.in_(touch_ids[start : start + 500]),
                gift_moves.c.touch_id.not_in(settled),
            )
            .group_by(gift_moves.c.gift_id)
        )
        for gift_id, pieces in rows:
            counts[gift_id] = counts.get(gift_id, 0) + pieces
    for gift_id, pieces in sorted(counts.items()):
        _take(connection, gift_id, -pieces)


def _take(connection: Connection, gift_id: str, pieces: int) -> None:
    connection.execute(
        update(gifts).where(gifts.c.gift_id == gift_id).values(taken=gifts.c.taken + pieces)
    )
