"""Reviews: read as a night begins, each row kept or set aside with a reason."""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from care.domain.review import REVIEWS
from care.intake.beside import read_beside
from care.intake.check import check_sources
from care.intake.sources import UnableToReadSources
from tests.intake.builders import NIGHT, ZONE, a_shop, issues_of

CUSTOMERS = pd.DataFrame({"customer_id": ["c1", "c2"], "customer_key": [7, 8]})
PRODUCTS = pd.DataFrame({"product_id": ["p1"], "product_key": [10]})


def described(folder: Path, **columns):
    count = len(next(iter(columns.values())))
    sound = {
        "review_id": [f"r{n}" for n in range(count)],
        "customer_id": ["c1"] * count,
        "stars": ["5"] * count,
        "reviewed_on": ["2017-11-20"] * count,
    }
    rows = {name: pa.array(values) for name, values in (sound | columns).items()}
    parquet.write_table(pa.table(rows), folder / "reviews.parquet")
    return a_shop(folder, toml='[reviews]\npath = "reviews.parquet"\n')


def taken(folder: Path, **columns):
    sources = described(folder, **columns)
    return read_beside(sources, customers=CUSTOMERS, products=PRODUCTS, night=NIGHT)["reviews"]


def adds_up(found):
    return found.read == len(found.kept) + sum(found.rows_set_aside.values())


def test_a_review_is_read_under_the_houses_keys(tmp_path: Path):
    found = taken(tmp_path, stars=["2.0"], product_id=["p1"], helpful=["12"])
    row = REVIEWS.check(found.kept).iloc[0]
    assert row["review_id"] == "r0"
    assert (row["customer_key"], row["product_key"]) == (7, 10)
    assert (row["stars"], row["helpful"]) == (2, 12)
    assert row["reviewed_on"] == pd.Timestamp("2017-11-20")
    assert issues_of(found) == []


def test_a_review_need_say_nothing_but_whose_when_and_how_many_stars(tmp_path: Path):
    row = taken(tmp_path, stars=["4"]).kept.iloc[0]
    assert pd.isna(row["product_key"])
    assert pd.isna(row["helpful"])


def test_a_night_knows_only_what_was_written_before_it(tmp_path: Path):
    found = taken(tmp_path, reviewed_on=["2017-11-30", "2017-12-01", "2017-12-24"])
    assert found.kept["review_id"].tolist() == ["r0"]
    assert found.read == 1
    assert adds_up(found)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"review_id": None}, "missing_key"),
        ({"customer_id": "c9"}, "unknown_customer"),
        ({"customer_id": None}, "unknown_customer"),
        ({"reviewed_on": None}, "bad_date"),
        ({"stars": None}, "bad_number"),
        ({"stars": "0"}, "bad_number"),
        ({"stars": "6"}, "bad_number"),
        ({"stars": "4.5"}, "bad_number"),
        ({"stars": "★★★"}, "bad_number"),
    ],
)
def test_a_review_that_cannot_be_placed_is_set_aside_once(tmp_path: Path, wrong, reason):
    found = taken(tmp_path, **{name: pa.array([say], pa.string()) for name, say in wrong.items()})
    assert found.kept.empty
    assert found.rows_set_aside == {reason: 1}
    assert found.fields_set_aside == {}
    assert adds_up(found)


@pytest.mark.parametrize(
    ("wrong", "field", "reason"),
    [
        ({"product_id": "p9"}, "product_id", "unknown_product"),
        ({"helpful": "-1"}, "helpful", "bad_number"),
        ({"helpful": "many"}, "helpful", "bad_number"),
    ],
)
def test_a_field_that_makes_no_sense_is_emptied(tmp_path: Path, wrong, field, reason):
    found = taken(tmp_path, **{name: [value] for name, value in wrong.items()})
    assert len(found.kept) == 1
    assert issues_of(found) == [(field, reason, "field")]


def test_of_a_review_that_was_changed_the_last_row_counts(tmp_path: Path):
    found = taken(tmp_path, review_id=["r1", "r1"], stars=["1", "4"])
    assert found.kept["stars"].tolist() == [4]
    assert found.rows_set_aside == {"duplicate_key": 1}
    assert adds_up(found)


@pytest.mark.parametrize("column", ["stars", "reviewed_on"])
def test_reviews_without_what_makes_them_one_stop_the_night(tmp_path: Path, column: str):
    columns = {"review_id": ["r1"], "customer_id": ["c1"], "stars": [5], "reviewed_on": ["2017"]}
    del columns[column]
    parquet.write_table(pa.table(columns), tmp_path / "reviews.parquet")
    sources = a_shop(tmp_path, toml='[reviews]\npath = "reviews.parquet"\n')
    with pytest.raises(UnableToReadSources, match=rf"reviews\.columns\.{column}"):
        read_beside(sources, customers=CUSTOMERS, products=PRODUCTS, night=NIGHT)


def test_a_check_tells_of_reviews_and_of_what_they_do_not_say(tmp_path: Path):
    sources = described(tmp_path, stars=["1", "9"])
    (told,) = [
        one for one in check_sources(sources, night=NIGHT, timezone=ZONE) if one.table == "reviews"
    ]
    assert (told.read, told.kept, told.rows_set_aside) == (2, 1, {"bad_number": 1})
    assert told.without == {"helpful": "nobody is thanked for a review that helped others"}
