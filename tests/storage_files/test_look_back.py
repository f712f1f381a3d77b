"""A look back: days and the favourite of a period, for those alone whose letter is due tonight."""

from dataclasses import replace
from datetime import date

import pandas as pd

from care.domain.look_back import LOOKED_BACK, Period
from care.storage.history import open_history
from care.storage.look_back import read_looked_back
from care.storage.store import Store
from tests.goods import a_product, products
from tests.storage_files.builders import Line, updated

NIGHT = date(2017, 11, 14)
EVERYBODY = Period(
    first_on=date(2017, 11, 12),
    begins=date(2017, 5, 1),
    ends=date(2017, 11, 1),
    spread_days=1,
    places=(0,),
    min_visits=2,
)
SOLD = (a_product(10), a_product(11), a_product(12, sayable=False))


def looked_back(store: Store, lines: list[Line], period: Period | None = EVERYBODY) -> list[list]:
    history = open_history(store, updated(store, lines), night=NIGHT)
    found = LOOKED_BACK.check(read_looked_back(history, products(*SOLD), period))
    return found.astype(object).where(found.notna(), None).to_numpy().tolist()


def on(*days: str, product: int = 10, customer: int = 1) -> list[Line]:
    return [
        Line(f"{customer}-{product}-{day}", f"2017-{day}", product=product, customer=customer)
        for day in days
    ]


def test_days_are_counted_and_not_orders_or_lines(folder_store: Store):
    lines = [
        *(Line("o1", "2017-05-01"), Line("o1", "2017-05-01", product=11)),
        *(Line("o2", "2017-05-01"), Line("o3", "2017-10-31")),
    ]
    assert looked_back(folder_store, lines) == [[1, 2, 10, 2]]


def test_what_lies_outside_the_months_does_not_count(folder_store: Store):
    lines = on("04-30", "05-01", "10-31", "11-01", "11-02")
    assert looked_back(folder_store, lines) == [[1, 2, 10, 2]]


def test_the_favourite_is_bought_on_most_days_then_last_then_has_the_lower_key(
    folder_store: Store,
):
    most = on("06-01", "06-02") + on("06-01", "06-02", "06-03", product=11)
    assert looked_back(folder_store, most) == [[1, 3, 11, 3]]
    last = on("06-01", "06-02", customer=2) + on("06-01", "06-03", product=11, customer=2)
    assert looked_back(folder_store, last) == [[2, 3, 11, 2]]
    lower = on("06-01", "06-02", customer=3, product=11) + on("06-01", "06-02", customer=3)
    assert looked_back(folder_store, lower) == [[3, 2, 10, 2]]


def test_what_no_letter_may_name_counts_as_a_visit_and_is_no_favourite(folder_store: Store):
    lines = on("06-01", "06-02", "06-03", product=12)
    assert looked_back(folder_store, lines + on("06-04")) == [[1, 4, 10, 1]]
    assert looked_back(folder_store, on("07-01", "07-02", product=12, customer=2)) == [
        [2, 2, None, None]
    ]


def test_who_came_too_seldom_is_left_where_she_is(folder_store: Store):
    lines = on("06-01", "06-02") + on("06-01", customer=2)
    assert [row[0] for row in looked_back(folder_store, lines)] == [1]


def test_only_those_leave_it_whose_place_has_come(folder_store: Store):
    lines = [line for key in range(1, 9) for line in on("06-01", "06-02", customer=key)]
    some = replace(EVERYBODY, spread_days=4, places=(1, 2))
    assert [row[0] for row in looked_back(folder_store, lines, some)] == [1, 2, 5, 6]


def test_on_a_night_without_letters_nothing_is_read(folder_store: Store):
    found = read_looked_back(None, products(*SOLD), None)  # there is no history to ask
    assert found.empty
    pd.testing.assert_frame_equal(found, LOOKED_BACK.empty())
