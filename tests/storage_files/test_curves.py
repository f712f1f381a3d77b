"""Sales curves and interests in new products, aggregated over a history."""

from datetime import date, timedelta

import pandas as pd
import pytest

from care.domain.curve import CURVES
from care.domain.interest import INTERESTS, KEPT
from care.storage.curves import read_curves, read_interests
from care.storage.history import open_history
from care.storage.store import Store
from tests.goods import a_product, products
from tests.storage_files.builders import Line, updated

NIGHT = date(2017, 12, 1)
NEW = 10
CATALOGUE = products(
    a_product(NEW, introduced_on="2017-11-20"), a_product(11), a_product(12, type_key=8),
    a_product(13, type_key=9), a_product(14),
)  # fmt: skip
PINNED = CATALOGUE[["product_key", "type_key"]].assign(category=["TEA", "TEA", "TEA", "POTS", ""])


def before(days: int) -> str:
    return str(NIGHT - timedelta(days=days))


def history_of(store: Store, *lines: Line):
    return open_history(store, updated(store, lines), night=NIGHT)


def interests(store: Store, *lines: Line, sold: pd.DataFrame = CATALOGUE):
    found = read_interests(history_of(store, *lines), sold, PINNED, night=NIGHT)
    return INTERESTS.check(found).to_numpy().tolist()


# ── Curves ──────────────────────────────────────────────────────────────────────────────────────
def test_a_curve_is_the_first_sale_the_last_and_how_long_ago_the_others_were(folder_store: Store):
    days = (1, 7, 8, 15, 182, 183, 300)
    lines = [Line(f"o{day}", before(day)) for day in days] + [Line("late", before(0))]
    (curve,) = CURVES.check(read_curves(history_of(folder_store, *lines), night=NIGHT)).to_dict(
        "records"
    )
    assert (curve["first_day"], curve["last_day"]) == tuple(
        map(pd.Timestamp, map(before, (300, 1)))
    )
    assert (curve["lines"], curve["recent"]) == (7, 5)
    weeks = [0, 0, 1, 2, 25]
    assert (curve["weeks_ago"], curve["squares"]) == (sum(weeks), sum(week**2 for week in weeks))


def test_what_was_sold_long_ago_only_has_no_recent_weeks(folder_store: Store):
    found = read_curves(history_of(folder_store, Line("o", before(183))), night=NIGHT)
    assert found[["lines", "recent", "weeks_ago", "squares"]].to_numpy().tolist() == [[1, 0, 0, 0]]


# ── Interests ───────────────────────────────────────────────────────────────────────────────────
def test_days_of_its_type_and_of_its_category_are_counted(folder_store: Store):
    found = interests(
        folder_store,
        Line("a", before(9), product=11),
        Line("b", before(9), product=11),  # the same day
        Line("b", before(9), product=12),  # of the category alone
        Line("c", before(5), product=12),
        Line("d", before(4), product=14),  # of the type, in no category
        Line("e", before(3), product=13),  # of neither
    )
    assert found == [[1, NEW, 2, 3]]


@pytest.mark.parametrize(
    ("line", "counts"),
    [
        (Line("a", before(180), product=11), True),
        (Line("a", before(181), product=11), False),
        (Line("a", before(0), product=11), False),
        (Line("a", before(9), product=13), False),
    ],
)
def test_only_what_was_bought_lately_counts(folder_store: Store, line: Line, counts: bool):
    assert len(interests(folder_store, line)) == counts


def test_who_has_bought_the_new_product_is_left_out(folder_store: Store):
    found = interests(
        folder_store,
        Line("a", before(9), product=11),
        Line("b", before(2), product=NEW),
        Line("c", before(9), product=11, customer=2),
    )
    assert found == [[2, NEW, 1, 1]]


def test_nothing_new_asks_the_history_nothing(folder_store: Store):
    old = CATALOGUE.assign(introduced_on=pd.Timestamp("2017-08-01"))
    assert interests(folder_store, Line("a", before(9), product=11), sold=old) == []


def test_the_keenest_are_kept(folder_store: Store, monkeypatch):
    assert KEPT == 2_000
    monkeypatch.setattr("care.storage.curves.KEPT", 2)
    found = interests(
        folder_store,
        Line("a", before(9), product=12),
        Line("b", before(9), product=11, customer=2),
        Line("c", before(9), product=11, customer=3),
        Line("d", before(8), product=11, customer=3),
    )
    assert found == [[2, NEW, 1, 1], [3, NEW, 2, 2]]
