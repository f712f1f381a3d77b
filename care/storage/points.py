"""The ledger of points: moves that are only ever added, and balances that are their sums."""

from datetime import date

import pandas as pd
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    case,
    cast,
    func,
    insert,
    select,
)

from care.domain.points import Move
from care.storage.bulk import insert_frame, read_frame
from care.storage.database import lock_table
from care.storage.tables import identities, point_moves

_taken = case((point_moves.c.points < 0, -point_moves.c.points), else_=0)
_given = case((point_moves.c.points > 0, point_moves.c.points), else_=0)


def lock_points(connection: Connection) -> None:
    """Let nobody else move points until the transaction ends."""
    lock_table(connection, point_moves)


def last_earned(connection: Connection) -> date | None:
    """The latest day whose orders have earned, or nothing."""
    latest: date | None = connection.scalar(
        select(func.max(point_moves.c.on_day)).where(point_moves.c.kind == "earn")
    )
    return latest


def book(connection: Connection, moves: pd.DataFrame) -> None:
    """Write moves (``points.MOVES``); one that is there already, by its reference, stays as it is.

    Raises:
        IntegrityError: some customer's balance would fall below zero; nothing is written.
    """
    insert_frame(connection, point_moves, moves, existing="skip")


class UnableToMovePoints(Exception):
    """Points cannot be moved as asked; the message says why."""


def balance_of(connection: Connection, customer_id: str) -> tuple[int, int]:
    """Customer key and points of a customer of the shop.

    Raises:
        UnableToMovePoints: nobody is known by that id.
    """
    key = connection.scalar(
        select(identities.c.customer_key).where(identities.c.customer_id == customer_id)
    )
    if key is None:
        raise UnableToMovePoints(
            f"there is no customer {customer_id!r}; ids are the shop's own, as it delivers them"
        )
    moves = select(point_moves.c.points).where(point_moves.c.customer_key == key)
    return key, sum(connection.scalars(moves))


def move(
    connection: Connection, customer_id: str, *, kind: Move, points: int, reference: str, on: date
) -> int:
    """Book one move by hand or from the till; return the balance after it.

    The same move again, by its reference, changes nothing.

    Raises:
        UnableToMovePoints: not enough points, no such customer, or a reference used otherwise.
    """
    lock_points(connection)
    key, balance = balance_of(connection, customer_id)
    wanted = {"customer_key": key, "kind": str(kind), "reference": reference}
    before = connection.scalar(
        select(point_moves.c.points).where(
            *(point_moves.c[name] == wanted[name] for name in wanted)
        )
    )
    if before is not None and before != points:
        raise UnableToMovePoints(
            f"{reference!r} already moved {before} points; give another reference"
        )
    if before is not None:
        return balance
    if balance + points < 0:
        raise UnableToMovePoints(f"she has {balance} points, and {-points} were to be taken")
    connection.execute(insert(point_moves).values(**wanted, points=points, on_day=on))
    return balance + points


def read_overdue(connection: Connection, night: date) -> pd.DataFrame:
    """``customer_key, points``: what should have been used before a night and was not."""
    gone = case((point_moves.c.expires_on < night, _given), else_=0)
    overdue = _sum(gone) - _sum(_taken)
    query = (
        select(point_moves.c.customer_key, overdue.label("points"))
        .group_by(point_moves.c.customer_key)
        .having(overdue > 0)
        .order_by(point_moves.c.customer_key)
    )
    return read_frame(connection, query).astype({"points": "int64"})


def read_points(connection: Connection) -> pd.DataFrame:
    """``customer_key, points, points_expiring, points_expires_on`` of all who have some."""
    read = read_frame(connection, _held())
    read["points_expiring"] = read["points_expiring"].where(read["points_expires_on"].notna(), 0)
    return read.astype({"points": "Int64", "points_expiring": "Int64"})


def _held() -> Select[tuple[int, int, int, date]]:
    """Of the points that expire together, the first of which something is left after all uses.

    Windows over one grouping, and no join: SQLite would join a million balances one by one.
    """
    key = point_moves.c.customer_key
    lots = (
        select(
            key,
            point_moves.c.expires_on,
            _sum(_given).label("given"),
            _sum(_taken).label("taken"),
        )
        .group_by(key, point_moves.c.expires_on)
        .subquery()
    )
    in_turn = lots.c.expires_on.asc().nulls_last()
    sums = select(
        lots.c.customer_key,
        lots.c.expires_on,
        _cast(func.sum(lots.c.given).over(partition_by=lots.c.customer_key)).label("total"),
        _cast(func.sum(lots.c.taken).over(partition_by=lots.c.customer_key)).label("taken"),
        _cast(
            func.sum(lots.c.given).over(partition_by=lots.c.customer_key, order_by=in_turn)
        ).label("until"),
    ).subquery()
    left = (
        select(
            sums,
            func.row_number()
            .over(partition_by=sums.c.customer_key, order_by=sums.c.expires_on.asc().nulls_last())
            .label("place"),
        )
        .where(sums.c.until > sums.c.taken)
        .subquery()
    )
    return (
        select(
            left.c.customer_key,
            (left.c.total - left.c.taken).label("points"),
            (left.c.until - left.c.taken).label("points_expiring"),
            left.c.expires_on.label("points_expires_on"),
        )
        .where(left.c.place == 1)
        .order_by(left.c.customer_key)
    )


def _sum(column: ColumnElement[int]) -> ColumnElement[int]:
    return _cast(func.sum(column))


def _cast(column: ColumnElement[int]) -> ColumnElement[int]:
    """PostgreSQL adds whole numbers up to decimals."""
    return cast(column, BigInteger)
