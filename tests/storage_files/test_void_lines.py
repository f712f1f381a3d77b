"""Lines that are no purchases any more: they leave the history, wherever they are."""

from collections.abc import Mapping

from hypothesis import given, settings
from hypothesis import strategies as st

from care.storage.history import MonthFile, update_history
from care.storage.store import Store, open_store
from tests.storage_files.builders import Line, relation, totals
from tests.storage_files.test_history import DECEMBER, NOVEMBER, lines_of


def updated(
    store: Store, states: Mapping[Line, str], previous: list[MonthFile] | None = None
) -> list[MonthFile]:
    """Put lines of some states into a history, as the intake would."""
    lines = relation(list(states))
    name = lines.order_id + "/" + lines.product_key.cast("string")
    paid = [f"{line.order}/{line.product}" for line, state in states.items() if state == "paid"]
    digested = totals([line._replace(order=f"{line.order} {states[line]}") for line in states])
    return update_history(
        store,
        lines.filter(name.isin(paid)),
        by_day=digested,
        void=lines.filter(name.notin(paid)).select("order_id", "product_key", "day"),
        previous=previous or [],
    )


PAID = dict.fromkeys(NOVEMBER + DECEMBER, "paid")


def test_a_line_that_was_paid_and_is_cancelled_now_leaves_the_history(folder_store: Store):
    before = updated(folder_store, PAID)
    after = updated(folder_store, PAID | {NOVEMBER[1]: "cancelled"}, before)
    assert lines_of(folder_store, after) == {NOVEMBER[0], NOVEMBER[2], *DECEMBER}
    assert after[1] == before[1]
    assert updated(folder_store, PAID, after) == before


def test_a_line_that_was_never_paid_never_enters_it(folder_store: Store):
    files = updated(folder_store, PAID | {DECEMBER[0]: "placed"})
    assert lines_of(folder_store, files) == {*NOVEMBER, DECEMBER[1]}


def test_the_cancellation_may_come_alone(folder_store: Store):
    before = updated(folder_store, PAID)
    after = updated(folder_store, {NOVEMBER[0]: "cancelled"}, before)
    assert lines_of(folder_store, after) == {*NOVEMBER[1:], *DECEMBER}


def test_the_cancellation_may_carry_a_day_of_another_month(folder_store: Store):
    before = updated(folder_store, PAID)
    after = updated(folder_store, {NOVEMBER[0]._replace(day="2018-01-02"): "returned"}, before)
    assert lines_of(folder_store, after) == {*NOVEMBER[1:], *DECEMBER}
    assert [file.month for file in after] == ["2017-11", "2017-12"]


def test_it_stays_away_when_the_shop_speaks_of_it_no_more(folder_store: Store):
    files = updated(folder_store, PAID | {NOVEMBER[0]: "cancelled"}, updated(folder_store, PAID))
    after = updated(folder_store, dict.fromkeys([*NOVEMBER[1:], *DECEMBER], "paid"), files)
    assert lines_of(folder_store, after) == {*NOVEMBER[1:], *DECEMBER}


deliveries = st.lists(
    st.dictionaries(
        keys=st.tuples(st.sampled_from(["o1", "o2"]), st.sampled_from([10, 11])),
        values=st.tuples(
            st.sampled_from(["2017-10-31", "2017-11-01", "2017-12-01"]),
            st.sampled_from(["paid", "placed", "cancelled"]),
        ),
        min_size=1,
        max_size=4,
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=12)
@given(deliveries)
def test_a_history_is_every_line_that_was_paid_when_it_was_told_last(tmp_path_factory, nights):
    store, files, known = open_store(str(tmp_path_factory.mktemp("store"))), [], {}
    for delivered in nights:
        known |= delivered
        states = {Line(o, day, p): state for (o, p), (day, state) in delivered.items()}
        files = updated(store, states, files)
    expected = {Line(o, day, p) for (o, p), (day, state) in known.items() if state == "paid"}
    assert lines_of(store, files) == expected
