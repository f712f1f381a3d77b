"""What the demo's nights are worth, chosen by value, beside plain priority order."""

import json

from tests.demo.ran import NIGHTS, ON_THE_DEMO, rows
from tests.docs.pages import read

pytestmark = ON_THE_DEMO


def accounts(home):
    found = rows(home, "SELECT night, account FROM nights ORDER BY night")
    return {row["night"]: json.loads(row["account"]) for row in found}


def test_no_night_is_worth_less_than_plain_priority_would_have_been(home):
    found = accounts(home)
    assert list(found) == NIGHTS
    for account in found.values():
        assert account["chosen_by"] == "value"
        assert account["instead"] <= account["value"] <= account["bound"]
        assert account["value"] > 0


def test_no_plan_lies_further_below_its_bound_than_a_hundredth(home):
    for account in accounts(home).values():
        assert account["bound"] - account["value"] <= 0.01 * account["bound"]


def test_the_page_tells_what_they_are_worth_both_ways(home):
    page = read("docs/plan.md")
    for night, account in accounts(home).items():
        value, instead = (account[which] / 100 for which in ("value", "instead"))
        assert f"| {night} | {value:,.2f} | {instead:,.2f} |" in page
