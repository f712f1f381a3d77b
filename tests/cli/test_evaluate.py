"""`care evaluate items`: any shop's orders in, figures out, and a sentence where that cannot be."""

import json
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

FAST = ("--models", "popularity", "personal", "tifuknn", "--min-rows", "1")
FIGURES = {
    f"{name}@{k}"
    for name in (
        "recall", "ndcg", "ndcg_all", "phr", "repeat_recall", "explore_recall", "coverage",
        "novelty",
    )
    for k in (10, 20)
} | {"customers"}  # fmt: skip


def orders_of(customers=30, baskets=6, text=False):
    """Each customer buys two products of her own in every basket, and one of all."""
    rng = np.random.default_rng(1)
    rows = [
        (who, who * 100 + number, f"2024-03-{number + 1:02d}", item, 1)
        for who in range(1, customers + 1)
        for number in range(baskets)
        for item in (who % 7, 10 + who % 5, 20 + int(rng.integers(0, 40)))
    ]
    columns = ["customer_id", "order_id", "ordered_at", "product_id", "quantity"]
    found = pd.DataFrame(rows, columns=columns)
    if text:
        ids = ["customer_id", "order_id", "product_id"]
        found[ids] = "x" + found[ids].astype("str")
    return found


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "orders.csv"
    orders_of().to_csv(path, index=False)
    return path


def numbers(said):
    assert said.code == 0, said
    return json.loads(said.out)


def test_json_says_what_was_measured_and_nothing_else(care, file):
    found = numbers(care("evaluate", "items", "--orders", file, *FAST, "--k", "10", "20", "--json"))
    assert found["users"] == 30
    assert set(found["models"]) == {"popularity", "personal", "tifuknn"}
    assert all(set(figures) == FIGURES for figures in found["models"].values())
    assert found["models"]["personal"]["recall@10"] > found["models"]["popularity"]["recall@10"]
    gap = found["differences"]["personal"]["popularity"]
    assert gap["low"] <= gap["mean"] <= gap["high"]
    assert found["promoted"] in found["models"]
    assert found["promoted"] in found["reason"]
    assert found["read"] == {
        "rows": 540, "kept": 540, "set_aside": {}, "customers": 30, "orders": 180,
        "products": orders_of()["product_id"].nunique(),
    }  # fmt: skip
    assert found["protocol"]["ks"] == [10, 20]
    assert found["protocol"]["min_baskets"] == 5


def test_every_model_answers_or_says_why_it_was_left_out(care, file):
    found = numbers(care("evaluate", "items", "--orders", file, "--min-rows", "1", "--json"))
    from recommender.items import MODELS

    assert {*found["models"], *found["left_out"]} == set(MODELS)


def test_parquet_text_ids_times_and_a_time_zone_give_the_same_figures(care, file, tmp_path):
    whole = orders_of(text=True)
    whole["ordered_at"] = pd.to_datetime(whole["ordered_at"] + "T20:00", utc=True)
    whole.to_parquet(tmp_path / "orders.parquet")
    here = ("--timezone", "Asia/Shanghai")
    args = ("evaluate", "items", *FAST, "--json", "--orders")
    moved = numbers(care(*args, tmp_path / "orders.parquet", *here))
    plain = numbers(care(*args, file))
    assert moved["models"]["personal"] == pytest.approx(plain["models"]["personal"])
    assert moved["protocol"]["days"] == "calendar days in Asia/Shanghai"


@pytest.mark.parametrize("k", [("--k", "5", "8"), ("--k", "5,8"), ("--k", "5", "--k", "8")])
def test_lengths_of_list_may_be_written_in_three_ways(care, file, k):
    found = numbers(care("evaluate", "items", *k, "--orders", file, *FAST, "--json"))
    assert found["protocol"]["ks"] == [5, 8]
    assert found["metric"] == "recall@5"


def test_two_baskets_are_enough_where_that_is_said(care, tmp_path):
    path = tmp_path / "two.parquet"
    orders_of(baskets=2).to_parquet(path)
    args = ("evaluate", "items", "--orders", path, *FAST, "--json")
    said = care(*args)
    assert said.code == 4
    assert "no customer has 5 baskets" in said.words
    assert numbers(care(*args, "--min-baskets", "2"))["users"] == 30


@pytest.mark.parametrize("column", ["ordered_at", "basket_index"])
def test_baskets_may_be_counted_instead_of_dated(care, tmp_path, file, column):
    path = tmp_path / "places.parquet"
    whole = orders_of()
    place = pd.to_datetime(whole["ordered_at"]).dt.day - 1
    whole.drop(columns="ordered_at").assign(**{column: place}).to_parquet(path)
    args = ("evaluate", "items", *FAST, "--json", "--orders")
    found = numbers(care(*args, path, "--basket-index"))
    assert found["protocol"]["days"] == "basket index"
    assert found["models"] == numbers(care(*args, file))["models"]


@pytest.mark.parametrize(
    "listed", ["3\n4\n\n999\n", '["3", 4, 999]', '{"train": ["1"], "test": ["3", "4", "999"]}']
)
def test_only_the_test_users_are_tested(care, file, tmp_path, listed):
    users = tmp_path / "users"
    users.write_text(listed)
    args = ("evaluate", "items", "--orders", file, *FAST, "--test-users", users)
    found = numbers(care(*args, "--json"))
    assert found["users"] == 2
    assert found["protocol"]["test_users"] == 3
    assert found["protocol"]["unknown_test_users"] == 1
    assert "1 of the test users have no order" in " ".join(care(*args).out.split())


def test_a_sample_is_the_same_for_the_same_seed(care, file):
    args = ("evaluate", "items", "--orders", file, *FAST, "--json", "--max-users", "9", "--seed")
    assert care(*args, "3").out == care(*args, "3").out
    assert numbers(care(*args, "3"))["users"] == 9


def test_bad_rows_are_counted_by_reason_and_the_rest_goes_on(care, tmp_path):
    path = tmp_path / "orders.csv"
    bad = pd.DataFrame(
        [
            ["", "1", "2024-03-01", "5", "1"],
            ["1", "", "2024-03-01", "5", "1"],
            ["1", "101", "2024-03-01", "", "1"],
            ["1", "101", "2024-02-30", "5", "1"],
            ["1", "101", "yesterday", "5", "1"],
            ["1", "101", "7", "5", "1"],
            ["1", "101", "2024-03-01", "5", "0"],
            ["1", "101", "2024-03-01", "5", "-2"],
            ["1", "101", "2024-03-01", "5", "many"],
        ],
        columns=orders_of().columns,
    )
    pd.concat([orders_of().astype("str"), bad]).to_csv(path, index=False)
    with path.open("a") as out:
        out.write("1,2,3\n")
    found = numbers(care("evaluate", "items", "--orders", path, *FAST, "--json"))
    assert found["read"]["set_aside"] == {
        "torn_row": 1, "no_customer": 1, "no_order": 1, "no_product": 1, "unreadable_date": 3,
        "unreadable_quantity": 1, "quantity_not_positive": 2,
    }  # fmt: skip
    assert found["read"]["rows"] - found["read"]["kept"] == 10
    assert found["users"] == 30


def test_the_screen_says_figures_differences_who_wins_and_what_was_read(care, file):
    told = " ".join(care("evaluate", "items", "--orders", file, *FAST).out.split())
    for words in (
        "30 last baskets foretold", "at 10", "at 20", "again", "personal", "Promoted", "540 rows",
    ):  # fmt: skip
        assert words in told


def test_a_picture_is_drawn_as_its_ending_says(care, file, tmp_path):
    svg, png = tmp_path / "it.svg", tmp_path / "it.PNG"
    for picture in (svg, png):
        args = ("evaluate", "items", "--orders", file, *FAST, "--plot", picture)
        assert care(*args).code == 0
    text = "".join(ElementTree.fromstring(svg.read_text("utf-8")).itertext())
    assert "recall@10 of 30 customers" in text
    assert "personal" in text
    assert png.read_bytes()[:4] == b"\x89PNG"


@pytest.mark.parametrize(
    ("words", "code", "fragments"),
    [
        ((), 2, ["Missing option '--orders'"]),
        (("--orders", "none.csv"), 3, ["none.csv", "no such file", "--orders"]),
        (("--orders", "broken.parquet"), 3, ["broken.parquet", "cannot be read as Parquet"]),
        (("--orders", "lacking.csv"), 3, ["lacking.csv", "no column order_id, ordered_at"]),
        (("--orders", "places.csv"), 3, ["unreadable_date", "--basket-index"]),
        (("--orders", "empty.csv"), 3, ["empty.csv is empty"]),
        (("--orders", "o.csv", "--k", "ten"), 2, ["'ten' is no length", "--k 10 20"]),
        (("--orders", "o.csv", "--plot", "it.gif"), 2, ["--plot", "'it.gif'", ".svg, .png"]),
        (("--orders", "o.csv", "--timezone", "Mars"), 2, ["'Mars' is no time zone"]),
        (("--orders", "o.csv", "--models", "magic"), 2, ["no item model magic", "popularity"]),
        (("--orders", "o.csv", "--test-users", "none"), 3, ["none: there is no such file"]),
        (("--orders", "o.csv", "--test-users", "odd.json"), 3, ["odd.json", "without a list"]),
        (("--orders", "o.csv", "--min-baskets", "1"), 2, ["'--min-baskets'"]),
        (("--orders", "o.csv", "--min-baskets", "99"), 4, ["no customer has 99 baskets"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_done_is_told_in_a_sentence(care, tmp_path, words, code, fragments):
    orders_of().to_csv(tmp_path / "o.csv", index=False)
    (tmp_path / "broken.parquet").write_bytes(b"no Parquet at all")
    (tmp_path / "lacking.csv").write_text("customer_id,product_id\n1,2\n")
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "odd.json").write_text('{"validation": []}')
    places = orders_of()
    places["ordered_at"] = pd.to_datetime(places["ordered_at"]).dt.day
    places.to_csv(tmp_path / "places.csv", index=False)
    said = care("evaluate", "items", *words)
    assert said.code == code, said
    assert "Traceback" not in said.err
    assert said.out == ""
    for fragment in fragments:
        assert fragment in said.words
