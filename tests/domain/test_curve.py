"""What a product's own sales say of the stage of its life, and that the shop's word stands."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from care.domain.curve import CURVES, find_stages, with_curves
from tests.goods import a_product, products

NIGHT = date(2017, 12, 1)
SHOP = 999  # a product that sells the same every week, and much
EVERY_WEEK = range(60)


def a_curve(product_key, weeks):
    """``weeks``: lines sold by weeks ago; 0 is the week before the night."""
    days = [NIGHT - timedelta(days=1 + 7 * week) for week in weeks]
    ago = np.repeat(np.array(list(weeks)), list(weeks.values())).astype("int64")
    recent = ago[ago < 26]
    return {
        "product_key": product_key,
        "first_day": min(days),
        "last_day": max(days),
        "lines": len(ago),
        "recent": len(recent),
        "weeks_ago": recent.sum(),
        "squares": (recent**2).sum(),
    }


def curves(*rows, shop=True):
    usual = [a_curve(SHOP, dict.fromkeys(EVERY_WEEK, 400))] if shop else []
    frame = pd.DataFrame([*rows, *usual], columns=list(CURVES.dtypes))
    return frame.astype(dict(CURVES.dtypes))


def stage(weeks, *others, category="LAMPS"):
    found = find_stages(
        curves(a_curve(1, weeks), *others), pd.Series({1: category, 2: "LAMPS"}), night=NIGHT
    )
    return found.get(1)


def spread(lines, over=EVERY_WEEK):
    return dict.fromkeys(over, lines)


FALLING = {week: max(0, week - 4) for week in range(40)}
RISING = {week: max(1, 15 - week) for week in range(20)}


@pytest.mark.parametrize(
    ("weeks", "is_in"),
    [
        pytest.param(spread(4), "maturity", id="sells the same every week"),
        pytest.param(spread(2), None, id="does so too, but little"),
        pytest.param(FALLING, "decline", id="falls week by week"),
        pytest.param({week: lines // 10 for week, lines in FALLING.items()}, None, id="of few"),
        pytest.param(RISING, "growth", id="is young and rises"),
        pytest.param(RISING | spread(1, range(20, 60)), None, id="is old and was on offer"),
        pytest.param(spread(5, range(7)), "introduction", id="came seven weeks ago"),
        pytest.param({0: 3, 6: 4}, None, id="came seven weeks ago, to hardly anybody"),
        pytest.param(spread(2, range(12, 50)), "retired", id="silent for twelve weeks"),
        pytest.param(spread(2, range(11, 50)), "decline", id="silent for eleven"),
        pytest.param(spread(1, range(13, 59, 2)), None, id="silent, as it often is"),
        pytest.param(spread(2, range(40, 60)), "retired", id="gone long ago"),
        pytest.param({50: 1, 12: 1}, None, id="sold twice"),
    ],
)
def test_a_product_that(weeks, is_in):
    assert stage(weeks) == is_in


def test_a_product_that_falls_with_all_of_its_category_is_not_in_decline():
    """Ice cream in autumn."""
    others = a_curve(2, {week: 100 * lines for week, lines in FALLING.items()})
    assert stage(FALLING, others) is None
    assert stage(FALLING, others, category="TEA") == "decline"


def test_a_product_that_falls_with_the_shop_is_not_in_decline():
    closing = {week: 40 * max(0, week - 4) for week in range(60)}
    found = find_stages(
        curves(a_curve(1, FALLING), a_curve(2, closing), shop=False),
        pd.Series({1: "LAMPS", 2: "TEA"}),
        night=NIGHT,
    )
    assert found[1] == "maturity"


@pytest.mark.parametrize(("weeks", "says"), [(25, False), (26, True)])
def test_a_young_shop_says_nothing(weeks, says):
    day = NIGHT - timedelta(days=7 * weeks)
    young = curves(a_curve(1, spread(4, range(10)))).assign(first_day=pd.Timestamp(day))
    assert bool(len(find_stages(young, pd.Series(dtype="str"), night=NIGHT))) == says


def test_no_sales_no_stages():
    assert find_stages(curves(shop=False), pd.Series(dtype="str"), night=NIGHT).empty


# ── What is made of it ──────────────────────────────────────────────────────────────────────────
def told(*sold, weeks=FALLING):
    found = with_curves(
        products(*sold), curves(a_curve(1, weeks)), pd.Series({1: "LAMPS"}), night=NIGHT
    )
    return found.iloc[0]


def test_the_shops_word_stands():
    found = told(a_product(1, stage="growth"))
    assert (found["stage"], found["stage_inferred"]) == ("growth", False)


def test_where_it_is_silent_the_curve_speaks_and_says_so():
    found = told(a_product(1), a_product(2))
    assert (found["stage"], found["stage_inferred"]) == ("decline", True)


def test_a_product_that_was_never_sold_stays_unknown():
    found = told(a_product(7))
    assert (pd.isna(found["stage"]), found["stage_inferred"]) == (True, False)


NEW = {0: 6, 3: 6}


@pytest.mark.parametrize(
    ("sold", "weeks", "introduced_on"),
    [
        ([a_product(1)], NEW, "2017-11-09"),
        ([a_product(1, introduced_on="2017-11-01")], NEW, "2017-11-01"),
        ([a_product(1), a_product(2, introduced_on="2017-11-01")], NEW, None),
        ([a_product(1)], {0: 4, 3: 5}, None),  # hardly anybody
        ([a_product(1)], {0: 6, 8: 6}, "2017-10-05"),
        ([a_product(1)], {0: 6, 9: 6}, None),  # too long ago
    ],
)
def test_a_first_sale_is_an_introduction_if_the_shop_tells_none(sold, weeks, introduced_on):
    found = told(*sold, weeks=weeks)["introduced_on"]
    assert (None if pd.isna(found) else str(found.date())) == introduced_on
