"""Events: those of the window are added up, each one counted once or set aside with a reason."""

from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from care.domain.event import EVENTS
from care.intake.beside import read_beside
from care.intake.check import check_sources
from care.intake.sources import UnableToReadSources
from care.intake.taken import Taken
from tests.intake.builders import NIGHT, ZONE, a_shop, issues_of, wall

CUSTOMERS = pd.DataFrame({"customer_id": ["c1", "c2"], "customer_key": [7, 8]})
PRODUCTS = pd.DataFrame({"product_id": ["p1", "p2"], "product_key": [10, 11]})


def taken(folder: Path, *, night: date = NIGHT, **columns: Any) -> Taken:
    count = len(next(iter(columns.values())))
    sound: dict[str, Any] = {
        "customer_id": ["c1"] * count,
        "product_id": ["p1"] * count,
        "kind": ["view"] * count,
        "happened_at": [wall("2017-11-29 12:00")] * count,
    }
    parquet.write_table(pa.table(sound | columns), folder / "events.parquet")
    sources = a_shop(folder, toml='[events]\npath = "events.parquet"\n')
    known = {"customers": CUSTOMERS, "products": PRODUCTS, "night": night}
    return read_beside(sources, **known, timezone=ZONE)["events"]


def sums(found: Taken) -> list[tuple[int, int, str, int, str]]:
    frame = EVENTS.check(found.kept)
    days = frame["last_on"].dt.strftime("%m-%d")
    rows = frame.assign(last_on=days).itertuples(index=False, name=None)
    return list(rows)


def adds_up(found: Taken) -> bool:
    return found.read == found.rows_kept + sum(found.rows_set_aside.values())


def test_events_are_added_up_by_customer_product_and_kind(tmp_path: Path):
    found = taken(
        tmp_path,
        customer_id=["c2", "c1", "c1", "c1"],
        product_id=["p1", "p2", "p1", "p1"],
        kind=["view", "Cart", "view", "view"],
        happened_at=[
            wall("2017-11-20 12:00"),
            wall("2017-11-21 12:00"),
            wall("2017-11-25 12:00"),
            wall("2017-11-22 12:00"),
        ],
    )
    assert sums(found) == [
        (7, 10, "view", 2, "11-25"),
        (7, 11, "cart", 1, "11-21"),
        (8, 10, "view", 1, "11-20"),
    ]
    assert (found.read, found.rows_kept) == (4, 4)
    assert issues_of(found) == []


def test_the_last_day_is_the_shops_own(tmp_path: Path):
    found = taken(tmp_path, happened_at=[wall("2017-11-25 04:59")])  # in New York the 24th
    assert sums(found) == [(7, 10, "view", 1, "11-24")]


def test_what_is_told_twice_counts_once(tmp_path: Path):
    times = [wall("2017-11-25 12:00")] * 2 + [wall("2017-11-25 12:01")]
    found = taken(tmp_path, happened_at=times)
    assert sums(found) == [(7, 10, "view", 2, "11-25")]
    assert found.rows_kept == 3


def test_events_outside_of_the_window_count_nowhere(tmp_path: Path):
    times = [
        wall("2017-11-01 03:59"),
        wall("2017-11-01 04:00"),
        wall("2017-12-01 04:59"),
        wall("2017-12-01 05:00"),
    ]
    found = taken(tmp_path, happened_at=times)
    assert sums(found) == [(7, 10, "view", 2, "11-30")]
    assert found.read == 2


@pytest.mark.parametrize(
    ("wrong", "reason", "field", "value"),
    [
        ({"customer_id": None}, "missing_key", "keys", "? / p1"),  # somebody not signed in
        ({"product_id": None}, "missing_key", "keys", "c1 / ?"),
        ({"customer_id": "c9"}, "unknown_customer", "customer_id", "c9"),
        ({"product_id": "p9"}, "unknown_product", "product_id", "p9"),
        ({"kind": "search"}, "unknown_value", "kind", "search"),
        ({"kind": None}, "unknown_value", "kind", ""),
        ({"happened_at": "yesterday"}, "bad_time", "happened_at", "yesterday"),
        ({"happened_at": None}, "bad_time", "happened_at", ""),
    ],
)
def test_an_event_that_cannot_be_placed_is_set_aside(tmp_path: Path, wrong, reason, field, value):
    columns = {name: pa.array([said], pa.string()) for name, said in wrong.items()}
    found = taken(tmp_path, **columns)
    assert found.kept.empty
    assert found.rows_set_aside == {reason: 1}
    row = found.set_aside.iloc[0]
    assert (row["source"], row["field"], row["value"]) == ("events", field, value)
    assert adds_up(found)


def test_of_many_bad_rows_the_first_are_listed_and_all_are_counted(tmp_path: Path):
    found = taken(tmp_path, kind=["search"] * 250 + ["view"])
    assert found.rows_set_aside == {"unknown_value": 250}
    assert found.set_aside["row"].tolist() == list(range(1, 101))
    assert (found.read, found.rows_kept) == (251, 1)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["c1", "c9", None]),
            st.sampled_from(["p1", "p9"]),
            st.sampled_from(["view", "cart", "buy"]),
            st.sampled_from(["2017-11-29 12:00:00", "2017-11-28", "soon"]),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_nothing_vanishes(tmp_path: Path, rows):
    names = ("customer_id", "product_id", "kind", "happened_at")
    columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    found = taken(tmp_path, **{n: pa.array(v, pa.string()) for n, v in columns.items()})
    assert found.read == len(rows)
    assert adds_up(found)


def test_events_without_a_time_stop_the_night(tmp_path: Path):
    rows = {"customer_id": ["c1"], "product_id": ["p1"], "kind": ["view"]}
    parquet.write_table(pa.table(rows), tmp_path / "events.parquet")
    sources = a_shop(tmp_path, toml='[events]\npath = "events.parquet"\n')
    with pytest.raises(UnableToReadSources, match=r"events\.columns\.happened_at"):
        read_beside(sources, customers=CUSTOMERS, products=PRODUCTS, night=NIGHT)


def test_a_check_tells_how_many_events_there_are(tmp_path: Path):
    taken(tmp_path, kind=["view", "view", "search"])
    sources = a_shop(tmp_path, toml='[events]\npath = "events.parquet"\n')
    *_, events = check_sources(sources, night=NIGHT, timezone=ZONE)
    assert (events.table, events.read, events.kept) == ("events", 3, 1 + 1)
    assert events.rows_set_aside == {"unknown_value": 1}
