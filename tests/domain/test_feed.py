from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from care.domain.feed import FEED, FeedLimits, doubts

NIGHT = date(2017, 11, 14)
LIMITS = FeedLimits()


def a_feed(days=60, *, ending="2017-11-13", lines=100):
    """Every order has two lines, every customer one order; a tenth is one product's."""
    last = np.datetime64(ending)
    numbers = {
        "lines": lines,
        "orders": -(-lines // 2),
        "customers": -(-lines // 2),
        "items": -(-lines // 4),
        "product_lines": lines // 10,
        "customer_lines": min(lines, 4),
        "new_lines": 0,
    }
    return pd.DataFrame({"day": last - np.arange(days)[::-1]} | numbers).astype(dict(FEED.dtypes))


def with_last_day(*, usual=100, **numbers):
    feed = a_feed(lines=usual)
    feed.loc[feed.index[-1], list(numbers)] = list(numbers.values())
    return feed


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


# ── The last day ────────────────────────────────────────────────────────────────────────────────


def test_half_the_orders_of_the_last_day_missing_is_told_with_its_day_and_its_remedy():
    bad = with_last_day(usual=200, orders=50, lines=100)
    assert doubts(bad, LIMITS, night=NIGHT) == [
        "Monday 2017-11-13 has 50 orders, usual are 100 on that weekday; less than 60% of them. "
        "Deliver the rest of that day"
    ]


def test_a_slow_day_of_a_small_shop_is_no_reason_for_doubt():
    quiet = a_feed(lines=10)
    quiet.loc[quiet.index[-1], ["orders", "lines"]] = 1
    assert doubts(quiet, LIMITS, night=NIGHT) == []


def test_a_quiet_weekday_is_held_against_that_weekday():
    feed = a_feed()
    mondays = feed["day"].dt.day_of_week == 0
    feed.loc[mondays, ["orders", "lines"]] = [20, 40]
    assert doubts(feed, LIMITS, night=NIGHT) == []


def test_most_of_a_day_in_one_product_is_doubted():
    (found,) = doubts(with_last_day(product_lines=90), LIMITS, night=NIGHT)
    assert found.startswith("one product has 90% of the 100 order lines of Monday 2017-11-13")
    assert "usual are 10%" in found
    assert "feed.max_product_share" in found


def test_a_shop_that_lives_on_one_product_may_go_on():
    feed = a_feed()
    feed["product_lines"] = 80
    feed.loc[feed.index[-1], "product_lines"] = 90
    assert doubts(feed, LIMITS, night=NIGHT) == []


def test_customers_that_collapsed_into_one_are_doubted():
    found = doubts(with_last_day(customers=1, customer_lines=100), LIMITS, night=NIGHT)
    assert any(one.startswith("one customer has 100% of the 100 order lines") for one in found)
    assert any("100 order lines for each customer, usual are 2" in one for one in found)


def test_a_young_shop_whose_every_line_is_one_customers_is_doubted():
    feed = a_feed(days=3)
    feed["customer_lines"] = 100
    assert "still tells customers apart" in doubts(feed, LIMITS, night=NIGHT)[0]


@pytest.mark.parametrize(("times", "doubted"), [(5, False), (6, True)])
def test_an_implausible_jump_is_doubted_and_a_sale_is_not(times, doubted):
    feed = with_last_day(lines=100 * times, orders=50 * times, customers=50 * times)
    found = doubts(feed, LIMITS, night=NIGHT)
    assert bool(found) == doubted
    assert not doubted or "delivered twice, or raise feed.max_times" in found[0]


def test_the_merchant_decides_what_is_too_much():
    bad = with_last_day(lines=900, product_lines=890, customer_lines=890)
    assert len(doubts(bad, LIMITS, night=NIGHT)) == 3
    anything = FeedLimits(max_times=100, max_product_share=1, max_customer_share=1)
    assert doubts(bad, anything, night=NIGHT) == []
