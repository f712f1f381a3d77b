"""A rise in what comes back of a product: what counts, what is expected, and how often it errs."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from care.domain.case import CASES
from care.domain.rise import (
    AT_RISK,
    LONGEST_DAYS,
    WHOLE,
    RiseRules,
    complaints,
    counted,
    find_rises,
    news,
    ripening,
    weights,
)
from care.domain.warning import in_words
from tests.builders import NIGHT, frame

RULES = RiseRules()


def a_case(opened_on, customer_key=1, product_key=70, kind="complaint", case_id="T1"):
    return {
        "case_id": case_id,
        "customer_key": customer_key,
        "product_key": product_key,
        "kind": kind,
        "opened_on": opened_on,
    }


def came(*rows):
    return complaints(frame(CASES.dtypes, *rows), RULES, night=NIGHT)


def shop_of(sales, *, recent=1.0, past=12.0):
    """Sales a window of each product, in ripe sales."""
    weigh = {"recent": recent, "past": past}
    parts = {name: np.rint(np.asarray(sales) * by * WHOLE) for name, by in weigh.items()}
    return pd.DataFrame({"product_key": np.arange(len(sales)), **parts}).astype(
        dict(AT_RISK.dtypes)
    )


def customers_of(recent, past):
    return pd.DataFrame(
        {"product_key": np.arange(len(recent)), "recent": recent, "past": past}
    ).astype("int64")


def an_even_shop(**first):
    """A hundred products, ten sales and a tenth of a case each in a window, but for the first."""
    recent, past, sales = np.zeros(100), np.full(100, 1.2).round(), np.full(100, 10.0)
    recent[1:11] = 1
    recent[0], past[0] = first.get("recent", 0), first.get("past", 1)
    sales[0] = first.get("sales", 10.0)
    return customers_of(recent, past), shop_of(sales)


def warned(customers, at_risk, rules=RULES):
    return find_rises(customers, at_risk, rules)["product_key"].tolist()


# ── Which cases count ───────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("case", "counts"),
    [
        (a_case("2017-11-13"), True),
        (a_case("2017-11-13", kind="return"), True),
        (a_case("2017-11-13", kind="repair"), False),
        (a_case("2017-11-13", kind="inquiry"), False),
        (a_case("2017-11-13", product_key=None), False),
        (a_case("2017-05-16"), True),  # 182 days ago
        (a_case("2017-05-15"), False),
    ],
)
def test_complaints_and_returns_of_known_products_count(case, counts):
    assert len(came(case)) == counts


def test_windows_are_counted_back_from_the_night():
    days = ["2017-11-13", "2017-10-31", "2017-10-30", "2017-10-17", "2017-10-16"]
    rows = [a_case(day, customer_key=n) for n, day in enumerate(days)]
    assert dict(zip(*came(*rows)[["customer_key", "window"]].to_numpy().T, strict=True)) == {
        0: 0, 1: 0, 2: 1, 3: 1, 4: 2,
    }  # fmt: skip


def test_a_customer_who_complains_and_then_brings_it_back_counts_once():
    both = came(
        a_case("2017-11-03", case_id="T1"),
        a_case("2017-11-06", kind="return", case_id="T2"),
        a_case("2017-11-06", customer_key=2, case_id="T3"),
        a_case("2017-10-06", case_id="T4"),  # of an earlier purchase
    )
    assert counted(both).to_dict("records") == [{"product_key": 70, "recent": 2, "past": 1}]


# ── What a sale weighs ──────────────────────────────────────────────────────────────────────────
def weighed(lags, *, known_since="2017-01-01"):
    table = weights(
        ripening(np.array(lags)), RULES, known_since=date.fromisoformat(known_since), night=NIGHT
    )
    return table.set_index("day")


def test_a_sale_weighs_what_its_cases_should_bring_into_the_window():
    found = weighed([3] * 5000)  # whatever comes back comes back on the third day
    assert found.loc["2017-11-10", "recent"] == pytest.approx(WHOLE, rel=0.01)  # on the 13th
    assert found.loc["2017-11-11", "recent"] < 100  # not before the night
    assert found.loc["2017-10-28", "recent"] == pytest.approx(WHOLE, rel=0.01)  # on the 31st
    assert found.loc["2017-10-27", "recent"] < 100
    assert found.loc["2017-10-27", "past"] == pytest.approx(WHOLE, rel=0.01)


def test_no_case_weighs_twice_and_none_is_lost():
    found = weighed([0, 1, 9, 40, 200, -3])
    both = found["recent"] + found["past"]
    assert both.max() <= WHOLE + 1
    assert both["2017-05-20"] == pytest.approx(WHOLE, rel=0.05)


def test_the_past_begins_with_the_first_case_that_was_written_down():
    found = weighed([3], known_since="2017-10-30")
    assert found["past"].sum() == pytest.approx(1.0 * WHOLE, rel=0.02)  # one day of it
    nobody_knows = weighed([3], known_since="2017-11-05")
    assert nobody_knows["past"].sum() == 0


def test_without_any_case_that_can_be_dated_all_days_are_alike():
    ripe = ripening(np.array([], dtype="int64"))
    assert ripe[LONGEST_DAYS] == pytest.approx(1)
    assert np.diff(ripe) == pytest.approx(np.full(LONGEST_DAYS, 1 / (LONGEST_DAYS + 1)))


# ── Which products ──────────────────────────────────────────────────────────────────────────────
def test_many_more_than_usual_are_warned_of():
    found = find_rises(*an_even_shop(recent=6), RULES).iloc[0]
    assert (found["product_key"], found["customers"]) == (0, 6)
    assert found["expected"] == pytest.approx(0.1, abs=0.03)
    assert found["p_value"] < 1e-5


@pytest.mark.parametrize(
    "explained",
    [
        {"recent": 1},
        {"recent": 2},  # too few, whatever they are
        {"recent": 6, "sales": 600.0},  # it sells sixty times as much
        {"recent": 6, "past": 60},  # it always did
        {"recent": 6, "sales": 0.0},  # nobody is known to have bought it
    ],
)
def test_what_its_sales_or_its_past_explain_warns_nobody(explained):
    assert warned(*an_even_shop(**explained)) == []


def test_a_product_without_a_past_of_its_own_is_judged_by_the_others():
    customers, at_risk = an_even_shop(recent=6, past=0)
    at_risk.loc[0, "past"] = 0
    assert warned(customers, at_risk) == [0]


def test_when_more_comes_back_of_everything_no_product_is_singled_out():
    customers, at_risk = an_even_shop(recent=4)
    assert warned(customers, at_risk) == [0]
    flood = customers.assign(recent=customers["recent"].mask(customers.index > 0, 3))
    assert warned(flood, at_risk) == []


@pytest.mark.parametrize(("recent", "past"), [(0, 0), (5, 0)])
def test_a_shop_without_a_past_warns_of_nothing(recent, past):
    assert warned(customers_of([recent], [past]), shop_of([10.0])) == []


def test_nothing_is_sold_and_nothing_is_found():
    assert find_rises(customers_of([], []), shop_of([]), RULES).empty


def test_cases_about_a_product_that_nobody_bought_do_not_fail():
    customers, at_risk = an_even_shop(recent=6)
    stranger = pd.DataFrame({"product_key": [999], "recent": [9], "past": [0]})
    assert warned(pd.concat([customers, stranger]), at_risk) == [0]


# ── What staff are told ─────────────────────────────────────────────────────────────────────────
SOLD = pd.DataFrame(
    {
        "product_key": [0, 1],
        "product_id": ["4711", "4712"],
        "name": ["water filter", "kettle"],
        "flagged_on": pd.array([pd.NaT, pd.NaT], dtype="datetime64[s]"),
    }
)
TOLD = {"kind": "rise", "product_id": "4711"}


def told_of(*, earlier=(), sold=SOLD):
    rises = find_rises(*an_even_shop(recent=6), RULES)
    return news(rises, sold, list(earlier), RULES, night=NIGHT)


def test_a_warning_says_what_who_and_how_much_is_usual():
    (found,) = told_of()
    assert {name: found[name] for name in ("product_id", "customers", "days")} == {
        "product_id": "4711",
        "customers": 6,
        "days": 14,
    }
    assert in_words(found).startswith(
        "6 customers in 14 days returned or complained of water filter (4711); about 0."
    )


@pytest.mark.parametrize(
    ("ago", "again"), [(1, False), (13, False), (14, True), (-13, False), (-14, True)]
)
def test_a_product_is_warned_of_anew_only_when_none_of_its_cases_were_behind_the_last(ago, again):
    before = [(NIGHT - timedelta(days=ago), TOLD)]
    assert bool(told_of(earlier=before)) == again


def test_a_warning_of_another_product_or_kind_silences_nothing():
    other = [
        (NIGHT, TOLD | {"product_id": "4712"}),
        (NIGHT, {"kind": "stock", "product_id": "4711"}),
    ]
    assert len(told_of(earlier=other)) == 1


@pytest.mark.parametrize(("flagged_on", "told"), [("2017-11-10", 0), ("2017-01-10", 1)])
def test_a_product_that_was_flagged_lately_needs_no_warning(flagged_on, told):
    flagged = SOLD.assign(flagged_on=pd.Series([flagged_on, None], dtype="datetime64[s]"))
    assert len(told_of(sold=flagged)) == told


# ── How often it errs ───────────────────────────────────────────────────────────────────────────
PRODUCTS, NIGHTS, USUAL = 5000, 200, 0.005


@pytest.fixture(scope="module")
def simulated():
    """Nights of a shop whose products differ: sales by a heavy law, rates by a gamma law."""
    chance = np.random.default_rng(2017)
    sales = np.minimum(1 + 6 * chance.pareto(1.2, PRODUCTS), 5000)
    rate = chance.gamma(0.5, USUAL / 0.5, PRODUCTS)
    past = chance.poisson(12 * rate * sales, (NIGHTS, PRODUCTS))
    recent = chance.poisson(rate * sales, (NIGHTS, PRODUCTS))
    some = np.flatnonzero((sales > 5) & (sales < 60))
    return shop_of(sales), past, recent, chance.choice(some, NIGHTS)


def nights_that_warn(simulated):
    """The share of nights with a warning where nothing is wrong with any product."""
    at_risk, past, recent, _ = simulated
    each = zip(recent, past, strict=True)
    return np.mean([bool(warned(customers_of(now, before), at_risk)) for now, before in each])


def rises_found(simulated, extra):
    """The share of nights that find a product about which so many more customers came."""
    at_risk, past, recent, place = simulated
    hits = []
    for now, before, product in zip(recent, past, place, strict=True):
        more = now + extra * (np.arange(len(now)) == product)
        hits.append(product in warned(customers_of(more, before), at_risk))
    return np.mean(hits)


def test_with_nothing_wrong_a_night_in_twenty_warns_at_most(simulated):
    assert nights_that_warn(simulated) <= 0.05


@pytest.mark.parametrize(("extra", "found"), [(4, 0.5), (6, 0.9)])
def test_a_true_rise_is_found(simulated, extra, found):
    assert rises_found(simulated, extra) >= found
