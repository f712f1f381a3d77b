"""Cases and deliveries: read as a night begins, each row kept or set aside with a reason."""

from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from care.domain.case import CASES
from care.domain.delivery import DELIVERIES
from care.intake.beside import read_beside
from care.intake.check import check_sources
from care.intake.sources import UnableToReadSources
from tests.intake.builders import NIGHT, a_shop, issues_of

CUSTOMERS = pd.DataFrame({"customer_id": ["c1", "c2"], "customer_key": [7, 8]})
PRODUCTS = pd.DataFrame({"product_id": ["p1"], "product_key": [10]})


def taken(folder: Path, table: str, night: date = NIGHT, **columns):
    count = len(next(iter(columns.values())))
    key = {"cases": "case_id", "deliveries": "order_id"}[table]
    sound = {key: [f"k{n}" for n in range(count)], "customer_id": ["c1"] * count}
    if table == "cases":
        sound |= {"kind": ["complaint"] * count, "opened_on": ["2017-11-01"] * count}
    rows = {name: pa.array(values) for name, values in (sound | columns).items()}
    parquet.write_table(pa.table(rows), folder / f"{table}.parquet")
    sources = a_shop(folder, toml=f'[{table}]\npath = "{table}.parquet"\n')
    return read_beside(sources, customers=CUSTOMERS, products=PRODUCTS, night=night)[table]


def days(found, column):
    return [None if pd.isna(day) else str(day.date()) for day in found.kept[column]]


def adds_up(found):
    return found.read == len(found.kept) + sum(found.rows_set_aside.values())


def test_a_shop_that_has_no_such_tables_has_none(tmp_path: Path):
    sources = a_shop(tmp_path)
    assert read_beside(sources, customers=CUSTOMERS, products=PRODUCTS, night=NIGHT) == {}


# ── Cases ───────────────────────────────────────────────────────────────────────────────────────
def test_a_case_is_read_under_the_houses_keys(tmp_path: Path):
    found = taken(
        tmp_path, "cases", kind=["Repair"], product_id=["p1"], closed_on=["2017-11-05"],
        satisfaction=[4],
    )  # fmt: skip
    row = CASES.check(found.kept).iloc[0]
    assert (row["customer_key"], row["product_key"], row["kind"]) == (7, 10, "repair")
    assert row["satisfaction"] == 4
    assert (days(found, "opened_on"), days(found, "closed_on")) == (["2017-11-01"], ["2017-11-05"])
    assert issues_of(found) == []


def test_a_night_knows_only_what_happened_before_it(tmp_path: Path):
    found = taken(
        tmp_path,
        "cases",
        opened_on=["2017-11-29", "2017-11-29", "2017-11-30", "2017-12-01"],
        closed_on=["2017-11-30", "2017-12-01", None, None],
    )
    assert found.kept["case_id"].tolist() == ["k0", "k1", "k2"]
    assert days(found, "closed_on") == ["2017-11-30", None, None]
    assert found.read == 3
    assert adds_up(found)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"case_id": None}, "missing_key"),
        ({"customer_id": "c9"}, "unknown_customer"),
        ({"customer_id": None}, "unknown_customer"),
        ({"kind": "praise"}, "unknown_value"),
        ({"kind": None}, "unknown_value"),
        ({"opened_on": None}, "bad_date"),
    ],
)
def test_a_case_that_cannot_be_placed_is_set_aside(tmp_path: Path, wrong, reason):
    columns = {name: pa.array([value], pa.string()) for name, value in wrong.items()}
    found = taken(tmp_path, "cases", **columns)
    assert found.kept.empty
    assert found.rows_set_aside == {reason: 1}
    assert adds_up(found)


@pytest.mark.parametrize(
    ("wrong", "field", "reason"),
    [
        ({"product_id": "p9"}, "product_id", "unknown_product"),
        ({"closed_on": "soon"}, "closed_on", "bad_date"),
        ({"closed_on": "2017-10-31"}, "closed_on", "bad_date"),  # before it was opened
        ({"satisfaction": "6"}, "satisfaction", "bad_number"),
        ({"satisfaction": "0"}, "satisfaction", "bad_number"),
        ({"satisfaction": "fine"}, "satisfaction", "bad_number"),
    ],
)
def test_a_field_that_makes_no_sense_is_emptied(tmp_path: Path, wrong, field, reason):
    found = taken(tmp_path, "cases", **{name: [value] for name, value in wrong.items()})
    assert len(found.kept) == 1
    assert issues_of(found) == [(field, reason, "field")]


def test_of_a_case_told_twice_the_last_counts_so_that_it_may_be_reopened(tmp_path: Path):
    found = taken(tmp_path, "cases", case_id=["T1", "T1"], closed_on=pa.array(["2017-11-05", None]))
    assert days(found, "closed_on") == [None]
    assert found.rows_set_aside == {"duplicate_key": 1}


def test_cases_without_a_kind_stop_the_night(tmp_path: Path):
    parquet.write_table(
        pa.table({"case_id": ["T1"], "customer_id": ["c1"], "opened_on": ["2017-11-01"]}),
        tmp_path / "cases.parquet",
    )
    sources = a_shop(tmp_path, toml='[cases]\npath = "cases.parquet"\n')
    with pytest.raises(UnableToReadSources, match=r"cases\.columns\.kind"):
        read_beside(sources, customers=CUSTOMERS, products=PRODUCTS, night=NIGHT)


# ── Deliveries ──────────────────────────────────────────────────────────────────────────────────
def test_a_delivery_knows_only_what_happened_before_the_night(tmp_path: Path):
    found = taken(
        tmp_path,
        "deliveries",
        promised_on=["2017-11-30", "2017-12-05"],
        failed_on=["2017-11-30", "2017-12-01"],
        delivered_on=["2017-12-01", "2017-12-02"],
    )
    DELIVERIES.check(found.kept)
    assert days(found, "promised_on") == ["2017-11-30", "2017-12-05"]
    assert days(found, "failed_on") == ["2017-11-30", None]
    assert days(found, "delivered_on") == [None, None]


@pytest.mark.parametrize(
    ("wrong", "reasons"),
    [
        ({"customer_id": "c9"}, {"unknown_customer": 1}),
        ({"order_id": None}, {"missing_key": 1}),
        ({"product_id": "p9"}, {}),
        ({"delivered_on": "tomorrow"}, {}),
    ],
)
def test_a_delivery_of_nobody_is_set_aside_and_a_bad_field_is_emptied(
    tmp_path: Path, wrong, reasons
):
    columns = {name: pa.array([value], pa.string()) for name, value in wrong.items()}
    found = taken(tmp_path, "deliveries", **columns)
    assert found.rows_set_aside == reasons
    assert len(found.set_aside) == 1
    assert adds_up(found)


# ── Before a night reads them ───────────────────────────────────────────────────────────────────
def test_a_check_tells_of_them_as_of_any_table(tmp_path: Path):
    rows = {"case_id": ["T1", "T2"], "customer_id": ["c1", "c9"], "kind": ["repair"] * 2}
    parquet.write_table(
        pa.table(rows | {"opened_on": ["2017-11-01"] * 2}), tmp_path / "cases.parquet"
    )
    said = '[cases]\npath = "cases.parquet"\n\n[deliveries]\npath = "nowhere.parquet"\n'
    found = check_sources(a_shop(tmp_path, toml=said), night=NIGHT, timezone="UTC")
    *_, cases, deliveries = found
    assert [one.table for one in found[-2:]] == ["cases", "deliveries"]
    assert (cases.read, cases.kept, cases.rows_set_aside) == (2, 1, {"unknown_customer": 1})
    assert list(cases.without) == ["closed_on"]
    assert deliveries.stops is not None
    assert "nowhere.parquet" in deliveries.stops
