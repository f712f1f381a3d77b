"""What a policy may say of tiers and points, and what is refused with its place."""

import pytest

from care.configuration import UnableToReadConfiguration
from care.policy import read_policy
from care.settings import shipped
from tests.builders import write

SHIPPED = shipped("policy.toml").read_text("utf-8")
POINTS = SHIPPED[SHIPPED.index("[points]") : SHIPPED.index("# ── How often")]


def refusal(path, text):
    with pytest.raises(UnableToReadConfiguration) as refused:
        read_policy(write(path / "policy.toml", text))
    return str(refused.value)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("min_spend = 0", "min_spend = 0\nmin_orders = 1", "tiers.0.min_orders: the first tier"),
        (
            "min_spend = 250000",
            "min_spend = 250000\nmin_orders = 20",
            "tiers.3.min_orders: 12 is less than tier 'gold' asks, which is 20",
        ),
        (', zh-CN = ["生日当天一份现烤蛋糕", "换季新品先睹为快"]', "",
         "tiers.1.privileges: zh-CN is missing"),
        ("touches_per_month = 5", "touches_per_month = 0", "tiers.3.care.touches_per_month"),
        ("touches_per_month = 5", "touches_per_week = 6, touches_per_month = 5", "a week is in it"),
        ('first_channel = "email"', 'first_channel = "pigeon"', "tiers.3.care.first_channel"),
    ],
)  # fmt: skip
def test_tiers_that_cannot_be_are_refused(tmp_path, old, new, told):
    assert SHIPPED.count(old) == 1
    assert told in refusal(tmp_path, SHIPPED.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (POINTS, "", "campaigns.points_expiry: there are no points; add a table [points]"),
        ("gold = 150", "platinum = 150", "points.percent.platinum: there is no such tier"),
        ("per_unit = 1", "per_unit = 0", "points.per_unit"),
        ("start_on = 2017-08-01", "", "points.start_on: this key is missing"),
    ],
)
def test_points_that_cannot_be_are_refused(tmp_path, old, new, told):
    assert SHIPPED.count(old) == 1
    assert told in refusal(tmp_path, SHIPPED.replace(old, new))


def test_an_audience_of_a_tier_that_is_not_there_is_refused(tmp_path):
    text = SHIPPED.replace(
        "[campaigns.birthday]\n", '[campaigns.birthday]\naudience = { tiers = ["platinum"] }\n'
    )
    assert "campaigns.birthday.audience.tiers: there is no tier 'platinum'" in refusal(
        tmp_path, text
    )


@pytest.mark.parametrize(("currency", "minor"), [("USD", 100), ("JPY", 1), ("CNY", 100)])
def test_a_unit_of_money_has_as_many_minor_ones_as_its_currency(tmp_path, currency, minor):
    text = SHIPPED.replace('currency = "USD"', f'currency = "{currency}"')
    policy = read_policy(write(tmp_path / "policy.toml", text))
    assert policy.minor_per_unit == minor
