"""`care evaluate timing`: any shop's orders in, figures out, a sentence where that cannot be."""

import json
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

FAST = ("--models", "interval", "frequency", "law")
FIGURES = {
    "auc", "ap", "brier", "ece", "ece_worst", "p@1000", "care_ap", "care_p@1000", "care_list",
    "pairs", "due_share",
}  # fmt: skip


def orders_of(customers=40, last=160):
    """Each customer has four types of product, each at a pace of its own."""
    rng = np.random.default_rng(3)
    rows = []
    for who in range(1, customers + 1):
        for kind in range(4):
            pace = 6 + 5 * ((who + kind) % 4)
            day = np.cumsum(rng.poisson(pace, 60) + 1)
            rows += [(who, int(d), kind) for d in day if d < last]
    told = pd.DataFrame(rows, columns=["customer_id", "day", "kind"])
    moment = pd.Timestamp("2024-01-01") + pd.to_timedelta(told["day"], unit="D")
    return pd.DataFrame(
        {
            "customer_id": told["customer_id"],
            "order_id": told["customer_id"] * 1000 + told["day"],
            "ordered_at": moment.dt.strftime("%Y-%m-%d"),
            "product_id": told["kind"] * 10 + told["customer_id"] % 3,
            "product_type": "type " + told["kind"].astype("str"),
            "quantity": 1,
        }
    )


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("orders") / "orders.csv"
    orders_of().to_csv(path, index=False)
    return path


def numbers(said):
    assert said.code == 0, said
    return json.loads(said.out)


def test_json_says_what_was_measured_at_each_horizon(care, file):
    found = numbers(care("evaluate", "timing", "--orders", file, *FAST, "--json"))
    assert set(found["horizons"]) == {"7", "14"}
    for horizon in found["horizons"].values():
        assert set(horizon["models"]) == {"interval", "frequency", "law"}
        assert all(set(figures) == FIGURES for figures in horizon["models"].values())
        assert len(horizon["calibration"]["law"]) == 10
        gap = horizon["differences"]["law"]["interval"]
        assert gap["low"] <= gap["mean"] <= gap["high"]
    assert found["promoted"] in FAST
    assert found["promoted"] in found["reason"]
    assert found["read"]["types"] == 4
    assert found["read"]["set_aside"] == {}
    assert len(found["protocol"]["origins"]) == 5
    assert found["protocol"]["horizons"] == [7, 14]


def test_origins_and_horizons_may_be_chosen(care, file):
    chosen = ("--origins", "2024-04-01", "2024-04-15", "--horizon", "10")
    found = numbers(care("evaluate", "timing", *chosen, "--orders", file, *FAST, "--json"))
    assert found["protocol"]["origins"] == ["2024-04-01", "2024-04-15"]
    assert list(found["horizons"]) == ["10"]


def test_types_may_come_from_a_file_of_products(care, file, tmp_path):
    orders = orders_of()
    products = orders[["product_id", "product_type"]].drop_duplicates()
    products.to_parquet(tmp_path / "products.parquet")
    orders.drop(columns="product_type").to_parquet(tmp_path / "orders.parquet")
    args = ("evaluate", "timing", *FAST, "--json", "--orders")
    beside = ("--products", tmp_path / "products.parquet")
    found = numbers(care(*args, tmp_path / "orders.parquet", *beside))
    assert found["horizons"] == numbers(care(*args, file))["horizons"]


def test_every_model_answers(care, file):
    from recommender.timing import MODELS

    args = ("--horizon", "7", "--origins", "2024-05-20")
    found = numbers(care("evaluate", "timing", "--orders", file, *args, "--json"))
    assert set(found["horizons"]["7"]["models"]) == set(MODELS)


def test_returns_and_lines_without_a_type_are_counted_and_leave(care, file, tmp_path):
    bad = orders_of().head(3).assign(quantity=[-1, 0, 1])
    bad.loc[bad.index[2], "product_type"] = None
    pd.concat([orders_of(), bad]).to_csv(tmp_path / "o.csv", index=False)
    args = ("evaluate", "timing", *FAST, "--json", "--orders")
    found = numbers(care(*args, tmp_path / "o.csv"))
    assert found["read"]["set_aside"] == {"quantity_not_positive": 2, "no_product_type": 1}
    assert found["horizons"] == numbers(care(*args, file))["horizons"]


def test_the_screen_says_figures_who_wins_and_what_was_read(care, file):
    told = " ".join(care("evaluate", "timing", "--orders", file, *FAST).out.split())
    for words in ("7 days", "14 days", "care list", "law", "Promoted", "From", "of 4 types"):
        assert words in told


def test_a_picture_is_drawn_as_its_ending_says(care, file, tmp_path):
    svg, png = tmp_path / "it.svg", tmp_path / "it.PNG"
    for picture in (svg, png):
        args = ("evaluate", "timing", "--orders", file, *FAST, "--plot", picture)
        assert care(*args).code == 0
    text = "".join(ElementTree.fromstring(svg.read_text("utf-8")).itertext())
    assert "Promised and seen within 7 days" in text
    assert "Right among the likeliest" in text
    assert png.read_bytes()[:4] == b"\x89PNG"


@pytest.mark.parametrize(
    ("words", "code", "fragments"),
    [
        ((), 2, ["Missing option '--orders'"]),
        (("--orders", "none.csv"), 3, ["none.csv", "no such file"]),
        (("--orders", "untyped.csv"), 3, ["no column product_type", "--products"]),
        (("--orders", "untyped.csv", "--products", "none"), 3, ["none: there is no such file"]),
        (("--orders", "untyped.csv", "--products", "odd.csv"), 3, ["no column product_type"]),
        (("--orders", "o.csv", "--horizon", "0"), 2, ["'0' is no number of days"]),
        (("--orders", "o.csv", "--horizon", "week"), 2, ["'week' is no number of days"]),
        (("--orders", "o.csv", "--origins", "soon"), 2, ["'soon' is no date", "2017-11-14"]),
        (("--orders", "o.csv", "--origins", "2025-01-01"), 4, ["every origin", "2024-06-08"]),
        (("--orders", "o.csv", "--horizon", "300"), 4, ["2024-01-0", "--horizon"]),
        (("--orders", "o.csv", "--models", "magic"), 2, ["no timing model magic", "law"]),
        (("--orders", "o.csv", "--plot", "it.gif"), 2, ["--plot", "'it.gif'"]),
        (("--orders", "o.csv", "--timezone", "Mars"), 2, ["'Mars' is no time zone"]),
        (("--orders", "short.csv"), 4, ["short.csv tells of"]),
        (("--orders", "once.csv"), 4, ["nobody bought a type on three days"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_done_is_told_in_a_sentence(care, tmp_path, words, code, fragments):
    orders = orders_of()
    orders.to_csv(tmp_path / "o.csv", index=False)
    orders.drop(columns="product_type").to_csv(tmp_path / "untyped.csv", index=False)
    (tmp_path / "odd.csv").write_text("product_id,name\n1,soap\n")
    orders[orders["ordered_at"] < "2024-01-12"].to_csv(tmp_path / "short.csv", index=False)
    once = orders.drop_duplicates(["customer_id", "product_type"])
    late = once.assign(ordered_at="2024-06-08", customer_id=999)
    pd.concat([once, late]).to_csv(tmp_path / "once.csv", index=False)
    said = care("evaluate", "timing", *words)
    assert said.code == code, said
    assert "Traceback" not in said.err
    assert said.out == ""
    for fragment in fragments:
        assert fragment in said.words
