from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from care.domain.feed import FeedLimits, doubts

NIGHT = date(2017, 11, 14)
LIMITS = FeedLimits()


def a_feed(days=60, *, ending="2017-11-13", lines=100):
    last = np.datetime64(ending)
    return pd.DataFrame(
        {"day": last - np.arange(days)[::-1], "lines": np.full(days, lines)}
    ).astype({"day": "datetime64[s]"})


def test_a_fresh_and_whole_feed_raises_no_doubt():
    assert doubts(a_feed(), LIMITS, night=NIGHT) == []


@pytest.mark.parametrize(("ending", "stale"), [("2017-11-12", False), ("2017-11-11", True)])
def test_a_last_order_three_days_old_is_stale(ending, stale):
    found = doubts(a_feed(ending=ending), LIMITS, night=NIGHT)
    assert any("3 days old" in doubt for doubt in found) == stale


def test_half_the_orders_missing_is_shrunken():
    feed = a_feed()
    feed.loc[feed.index[-7:], "lines"] = 50
    assert [doubt for doubt in doubts(feed, LIMITS, night=NIGHT) if "usual are 700" in doubt]


def test_one_closed_day_is_no_reason_for_doubt():
    feed = a_feed().drop(index=55)
    assert doubts(feed, LIMITS, night=NIGHT) == []


def test_a_week_of_sales_does_not_make_the_next_one_look_poor():
    feed = a_feed()
    feed.loc[feed.index[-14:-7], "lines"] = 400
    assert doubts(feed, LIMITS, night=NIGHT) == []


def test_a_young_shop_is_only_asked_whether_it_is_fresh():
    assert doubts(a_feed(days=10), LIMITS, night=NIGHT) == []
    assert doubts(a_feed(days=10, ending="2017-11-01"), LIMITS, night=NIGHT) != []


def test_no_order_at_all_is_said_so():
    assert doubts(a_feed(days=0), LIMITS, night=NIGHT) == [
        "no order before this night was delivered"
    ]


def test_orders_after_the_night_say_nothing_about_it():
    feed = pd.concat([a_feed(ending="2017-11-11"), a_feed(days=5, ending="2017-11-20")])
    assert doubts(feed, LIMITS, night=NIGHT) != []


@given(scale=st.integers(1, 10_000))
def test_the_size_of_a_steady_shop_does_not_matter(scale):
    assert doubts(a_feed(lines=scale), LIMITS, night=NIGHT) == []
