"""The ledger of points keeps its promises on both databases."""

import threading
from datetime import date

import pandas as pd
import pytest
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from care.domain.points import MOVES, expire
from care.storage import points
from care.storage.database import reading, writing
from care.storage.tables import customers, point_moves

DAY = date(2017, 11, 14)


def moves(*rows):
    """(kind, reference, points, expires on), of customer 1 unless a fifth says another."""
    full = [(*row, *(None, 1)[len(row) - 3 :]) for row in rows]
    return pd.DataFrame(
        {
            "customer_key": [row[4] for row in full],
            "kind": [row[0] for row in full],
            "reference": [row[1] for row in full],
            "points": [row[2] for row in full],
            "on_day": pd.Timestamp(DAY),
            "expires_on": pd.Series([row[3] for row in full], dtype="datetime64[s]"),
        }
    ).astype(dict(MOVES))


@pytest.fixture
def ledger(engine):
    with writing(engine) as connection:
        known = [
            {"customer_key": key, "customer_ref": f"r{key}", "first_night": DAY} for key in (1, 2)
        ]
        connection.execute(insert(customers), known)
    return engine


def book(engine, *rows):
    with writing(engine) as connection:
        points.book(connection, moves(*rows))


def held(engine, customer=1):
    with reading(engine) as connection:
        found = points.read_points(connection).set_index("customer_key")
        sums = connection.execute(select(point_moves.c["customer_key", "points"])).all()
    balances = (
        pd.DataFrame(sums, columns=["customer", "points"]).groupby("customer")["points"].sum()
    )
    assert found["points"].to_dict() == balances[balances > 0].to_dict()
    if customer not in found.index:
        return int(balances.get(customer, 0)), 0, None
    row = found.loc[customer]
    on = row["points_expires_on"]
    return int(row["points"]), int(row["points_expiring"]), None if pd.isna(on) else on.date()


def settle(engine, night):
    with writing(engine) as connection:
        points.book(connection, expire(points.read_overdue(connection, night), night=night))


def test_the_same_order_earns_once(ledger):
    book(ledger, ("earn", "o1", 50), ("earn", "o2", 5))
    book(ledger, ("earn", "o1", 70))
    assert held(ledger)[0] == 55


def test_nobody_redeems_what_she_does_not_have(ledger):
    book(ledger, ("earn", "o1", 50), ("earn", "o1", 1_000, None, 2))
    with pytest.raises(IntegrityError):
        book(ledger, ("redeem", "r1", -51))
    assert held(ledger)[0] == 50
    book(ledger, ("redeem", "r1", -50))
    assert held(ledger)[0] == 0


def test_all_of_a_booking_or_nothing(ledger):
    book(ledger, ("earn", "o1", 50))
    with pytest.raises(IntegrityError):
        book(ledger, ("redeem", "r1", -20), ("redeem", "r2", -40))
    assert held(ledger)[0] == 50


@pytest.mark.parametrize(
    "wrong",
    [
        ("earn", "o9", -1),
        ("earn", "o9", 0),
        ("redeem", "r9", 1),
        ("adjust", "a9", 0),
        ("present", "p9", 1),
        ("redeem", "r9", -1, "2018-01-31"),
        ("earn", "o9", 1, None, 3),  # a customer nobody knows
    ],
)
def test_a_move_that_cannot_be_is_refused(ledger, wrong):
    book(ledger, ("earn", "o1", 50))
    with pytest.raises(IntegrityError):
        book(ledger, wrong)
    assert held(ledger)[0] == 50


@pytest.mark.parametrize("meddle", [update(point_moves).values(points=9), delete(point_moves)])
def test_moves_are_never_changed_or_removed(ledger, meddle):
    book(ledger, ("earn", "o1", 50))
    with pytest.raises(IntegrityError), writing(ledger) as connection:
        connection.execute(meddle)
    assert held(ledger)[0] == 50


def test_two_that_redeem_the_same_points_at_once_redeem_them_once(ledger):
    book(ledger, ("earn", "o1", 50))
    begin, outcomes = threading.Barrier(2), []

    def redeem(reference):
        begin.wait()
        try:
            book(ledger, ("redeem", reference, -40))
            outcomes.append("redeemed")
        except IntegrityError:
            outcomes.append("refused")

    threads = [threading.Thread(target=redeem, args=(name,)) for name in ("r1", "r2")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["redeemed", "refused"]
    assert held(ledger)[0] == 10


def test_what_expires_first_is_used_first(ledger):
    book(ledger, ("earn", "o1", 50, "2018-02-28"), ("earn", "o2", 30, "2018-01-31"))
    assert held(ledger) == (80, 30, date(2018, 1, 31))
    book(ledger, ("redeem", "r1", -20))
    assert held(ledger) == (60, 10, date(2018, 1, 31))
    book(ledger, ("redeem", "r2", -15))
    assert held(ledger) == (45, 45, date(2018, 2, 28))


def test_points_that_never_expire_are_used_last(ledger):
    book(ledger, ("adjust", "welcome", 10), ("earn", "o1", 5, "2018-01-31"))
    book(ledger, ("redeem", "r1", -5))
    assert held(ledger) == (10, 0, None)


def test_points_are_good_on_their_last_day_and_gone_the_night_after(ledger):
    book(ledger, ("earn", "o1", 30, "2018-01-31"), ("earn", "o2", 5, "2018-02-28"))
    settle(ledger, date(2018, 1, 31))
    assert held(ledger)[0] == 35
    settle(ledger, date(2018, 2, 1))
    assert held(ledger) == (5, 5, date(2018, 2, 28))


def test_points_redeemed_on_the_day_they_expire_do_not_expire_as_well(ledger):
    book(ledger, ("earn", "o1", 30, "2018-01-31"), ("redeem", "r1", -20))
    settle(ledger, date(2018, 2, 1))
    assert held(ledger) == (0, 0, None)
    with reading(ledger) as connection:
        expired = connection.scalars(
            select(point_moves.c.points).where(point_moves.c.kind == "expire")
        )
        assert expired.all() == [-10]


def test_the_same_night_expires_once_and_so_do_two_nights(ledger):
    book(ledger, ("earn", "o1", 30, "2018-01-31"), ("earn", "o2", 5, "2018-02-28"))
    for night in (date(2018, 2, 1), date(2018, 2, 1), date(2018, 2, 2), date(2018, 1, 20)):
        settle(ledger, night)
    assert held(ledger)[0] == 5


def test_what_was_used_before_counts_against_later_expiry_too(ledger):
    book(ledger, ("earn", "o1", 30, "2018-01-31"), ("redeem", "r1", -10))
    settle(ledger, date(2018, 2, 1))  # 20 expire
    book(ledger, ("earn", "o2", 8, "2018-03-31"), ("redeem", "r2", -3))
    assert held(ledger) == (5, 5, date(2018, 3, 31))
    settle(ledger, date(2018, 4, 1))
    assert held(ledger)[0] == 0


def test_nobody_has_points_in_an_empty_ledger(ledger):
    with reading(ledger) as connection:
        assert points.read_points(connection).empty
        assert points.read_overdue(connection, DAY).empty
        assert points.last_earned(connection) is None
