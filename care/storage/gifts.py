"""Gifts as stock and as money: reserved with the plan, committed on acceptance, else released."""

from collections.abc import Mapping, Sequence
from datetime import date

import pandas as pd
from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    case,
    exists,
    func,
    insert,
    literal,
    select,
    update,
)

from care.domain.gift import LAST_GIFTS, Gift
from care.storage import codes
from care.storage.bulk import insert_frame, read_frame, rows_alike
from care.storage.codes import AT_ONCE
from care.storage.tables import gift_budgets, gift_moves, gifts, touches


def sync_gifts(connection: Connection, catalogue: Mapping[str, Gift]) -> None:
    """Take stock figures from the policy, and have a pool for each gift that needs codes.

    What is already promised stays promised.
    """
    lock_gifts(connection)
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
    codes.sync_pools(connection, [name for name, gift in catalogue.items() if gift.codes])


def sync_budgets(
    connection: Connection, night: date, *, night_budget: int, month_budget: int | None
) -> None:
    """Take a night's budget and its month's from the policy. What is spent stays spent."""
    lock_gifts(connection)
    for period, budget in zip(_periods(night), (night_budget, month_budget), strict=True):
        _open_period(connection, period)
        spent = gift_budgets.c.spent
        limit = None if budget is None else case((spent > budget, spent), else_=budget)
        connection.execute(
            update(gift_budgets).where(gift_budgets.c.period == period).values(budget=limit)
        )


def pieces_left(connection: Connection, catalogue: Mapping[str, Gift]) -> dict[str, int]:
    """Pieces that may still be promised, or codes where there are fewer, of what can run out."""
    taken = {row.gift_id: row.taken for row in connection.execute(select(gifts))}
    free = codes.count_free(connection)
    left = {
        gift_id: max(0, gift.stock - taken.get(gift_id, 0))
        for gift_id, gift in catalogue.items()
        if gift.stock is not None
    }
    return left | {
        gift_id: min(free.get(gift_id, 0), left.get(gift_id, free.get(gift_id, 0)))
        for gift_id, gift in catalogue.items()
        if gift.codes
    }


def spent_in(connection: Connection, night: date) -> tuple[int, int]:
    """What the gifts of a night and of its month cost, in minor units, but for those given back."""
    spent = {row.period: row.spent for row in connection.execute(select(gift_budgets))}
    of_night, of_month = (spent.get(period, 0) for period in _periods(night))
    return of_night, of_month


def last_gifts(
    connection: Connection, customers: pd.Series, *, but_of: int | None = None
) -> pd.DataFrame:
    """What these customers (keys) were given last, and what is on its way to them: ``LAST_GIFTS``.

    What was given back never came to her. ``but_of``: a touch whose own gift is left out.
    """
    reserved, ended = gift_moves.alias("reserved"), gift_moves.alias("ended")
    asked_for = pd.DataFrame({"customer_key": customers.unique()})
    found = []
    for asked, matches in rows_alike(connection, touches, asked_for):
        query = (
            select(
                touches.c.customer_key,
                reserved.c.gift_id,
                *touches.c["send_on", "touch_id"],
                ended.c.kind,
            )
            .join(asked, matches)
            .join(
                reserved,
                (reserved.c.touch_id == touches.c.touch_id) & (reserved.c.kind == "reserve"),
            )
            .outerjoin(
                ended,
                (ended.c.touch_id == touches.c.touch_id)
                & (ended.c.turn == reserved.c.turn)
                & (ended.c.kind != "reserve"),
            )
            .where(touches.c.gift_id.is_not(None))
        )
        found.append(read_frame(connection, query))
    hers = pd.concat(found, ignore_index=True)
    hers = hers if but_of is None else hers[hers["touch_id"] != but_of]
    given = hers[hers["kind"] == "commit"].sort_values(["send_on", "touch_id"])
    last = given.drop_duplicates("customer_key", keep="last")
    either = pd.concat([last, hers[hers["kind"].isna()]], ignore_index=True)
    return either[list(LAST_GIFTS)].drop_duplicates().astype(dict(LAST_GIFTS))


def count_moves(connection: Connection) -> pd.DataFrame:
    """``gift_id, kind, count`` of all moves."""
    query = select(gift_moves.c.gift_id, gift_moves.c.kind, func.count().label("count"))
    return read_frame(connection, query.group_by(gift_moves.c.gift_id, gift_moves.c.kind))


def reserve(connection: Connection, planned: pd.DataFrame, *, night: date) -> None:
    """Reserve the gifts of a night's freshly planned touches (``touch_id, gift_id, gift_cost``).

    Raises:
        IntegrityError: there are not so many pieces, codes or so much money.
    """
    given = planned[planned["gift_id"].notna()]
    _reserve(connection, given.assign(turn=1), night=night)


def _reserve(connection: Connection, given: pd.DataFrame, *, night: date) -> None:
    moves = given[["touch_id", "turn", "gift_id"]].assign(kind="reserve", cost=given["gift_cost"])
    insert_frame(connection, gift_moves, moves)
    for gift_id, rows in given.groupby("gift_id"):
        _take(connection, str(gift_id), len(rows))
        codes.take_codes(connection, str(gift_id), rows["touch_id"].tolist())
    _spend(connection, night, int(given["gift_cost"].sum()))


def reserve_again(connection: Connection, chosen: pd.DataFrame, *, night: date) -> None:
    """Reserve in a new turn for touches that gave back (``touch_id, gift_id, gift_cost``).

    Raises:
        IntegrityError: there are not so many pieces, codes or so much money.
    """
    lock_gifts(connection)
    given = chosen[chosen["gift_id"].notna()]
    last = pd.concat(
        [
            read_frame(
                connection,
                select(gift_moves.c.touch_id, func.max(gift_moves.c.turn).label("turn"))
                .join(asked, matches)
                .group_by(gift_moves.c.touch_id),
            )
            for asked, matches in rows_alike(connection, gift_moves, given[["touch_id"]])
        ],
        ignore_index=True,
    )
    turns = given["touch_id"].map(last.set_index("touch_id")["turn"]).fillna(0).astype("int64") + 1
    _reserve(connection, given.assign(turn=turns), night=night)


def choose(
    connection: Connection, touch_id: int, gift_id: str | None, *, cost: int, note: str
) -> None:
    """Let a touch carry another gift, or none, with a note that says why."""
    connection.execute(
        update(touches)
        .where(touches.c.touch_id == touch_id)
        .values(gift_id=gift_id, gift_cost=cost, gift_note=note)
    )


def budgets_of(connection: Connection, night: date) -> list[tuple[int | None, int]]:
    """Budget (nothing for no limit) and what is spent, of a night and of its month."""
    query = select(gift_budgets).where(gift_budgets.c.period.in_(_periods(night)))
    rows = {row.period: (row.budget, row.spent) for row in connection.execute(query)}
    return [rows.get(period, (None, 0)) for period in _periods(night)]


def read_spend(connection: Connection, *, since: date, until: date) -> pd.DataFrame:
    """``night, spent, budget`` of the nights from a day to another; no budget is no limit."""
    period = gift_budgets.c.period
    query = (
        select(period.label("night"), gift_budgets.c.spent, gift_budgets.c.budget)
        .where(period.between(f"{since:%Y-%m-%d}", f"{until:%Y-%m-%d}"), func.length(period) == 10)
        .order_by(period)
    )
    found = read_frame(connection, query)
    return found.assign(night=pd.to_datetime(found["night"]).astype("datetime64[s]"))


def read_open(connection: Connection, touch_ids: Sequence[int]) -> pd.DataFrame:
    """``touch_id, gift_id, cost`` of what these touches reserved and have not settled."""
    parts = [
        read_frame(
            connection,
            select(*gift_moves.c["touch_id", "gift_id", "cost"]).where(
                _unsettled(touch_ids[start : start + AT_ONCE])
            ),
        )
        for start in range(0, max(len(touch_ids), 1), AT_ONCE)
    ]
    return pd.concat(parts, ignore_index=True)


def settle(connection: Connection, touch_ids: Sequence[int], kind: str) -> None:
    """Commit or release what these touches reserved; a touch already settled is left alone.

    What is released goes back to stock, to the budgets of its night and month, and, unless somebody
    outside may have read it, to its pool of codes.
    """
    if not touch_ids:
        return
    if kind == "release":
        lock_gifts(connection)
        _give_back(connection, touch_ids)
        codes.return_codes(connection, touch_ids)
    else:
        codes.issue_codes(connection, touch_ids)
    touch_id, turn, gift_id, cost = gift_moves.c["touch_id", "turn", "gift_id", "cost"]
    moved = (touch_id, turn, literal(kind), gift_id, cost)
    for start in range(0, len(touch_ids), AT_ONCE):
        pending = select(*moved).where(_unsettled(touch_ids[start : start + AT_ONCE]))
        connection.execute(
            insert(gift_moves).from_select(["touch_id", "turn", "kind", "gift_id", "cost"], pending)
        )


def lock_gifts(connection: Connection) -> None:
    """Lock all gifts in one order: whoever takes some after others would else end in a deadlock.

    Pools of codes and budgets change only behind this lock.
    """
    connection.execute(select(gifts.c.gift_id).order_by(gifts.c.gift_id).with_for_update())


def _give_back(connection: Connection, touch_ids: Sequence[int]) -> None:
    counts: dict[str, int] = {}
    money: dict[date, int] = {}
    for start in range(0, len(touch_ids), AT_ONCE):
        rows = connection.execute(
            select(
                gift_moves.c.gift_id,
                touches.c.night,
                func.count().label("pieces"),
                func.sum(gift_moves.c.cost).label("cost"),
            )
            .join(touches, touches.c.touch_id == gift_moves.c.touch_id)
            .where(_unsettled(touch_ids[start : start + AT_ONCE]))
            .group_by(gift_moves.c.gift_id, touches.c.night)
        )
        for row in rows:
            counts[row.gift_id] = counts.get(row.gift_id, 0) + row.pieces
            money[row.night] = money.get(row.night, 0) + int(row.cost)
    for gift_id, pieces in sorted(counts.items()):
        _take(connection, gift_id, -pieces)
    for night, cost in sorted(money.items()):
        _spend(connection, night, -cost)


def _unsettled(touch_ids: Sequence[int]) -> ColumnElement[bool]:
    """What these touches reserved and neither committed nor released.

    Asked touch by touch: a list of all that was ever settled would grow with every night.
    """
    ended = gift_moves.alias("ended")
    settled = exists().where(
        ended.c.touch_id == gift_moves.c.touch_id,
        ended.c.turn == gift_moves.c.turn,
        ended.c.kind != "reserve",
    )
    return and_(gift_moves.c.kind == "reserve", gift_moves.c.touch_id.in_(touch_ids), ~settled)


def _take(connection: Connection, gift_id: str, pieces: int) -> None:
    connection.execute(
        update(gifts).where(gifts.c.gift_id == gift_id).values(taken=gifts.c.taken + pieces)
    )


def _spend(connection: Connection, night: date, cost: int) -> None:
    for period in _periods(night):
        _open_period(connection, period)
        connection.execute(
            update(gift_budgets)
            .where(gift_budgets.c.period == period)
            .values(spent=gift_budgets.c.spent + cost)
        )


def _open_period(connection: Connection, period: str) -> None:
    known = select(gift_budgets.c.period).where(gift_budgets.c.period == period)
    if connection.execute(known).one_or_none() is None:
        connection.execute(insert(gift_budgets).values(period=period))


def _periods(night: date) -> tuple[str, str]:
    """The names of a night and of its calendar month in the shop's time zone."""
    return f"{night:%Y-%m-%d}", f"{night:%Y-%m}"
