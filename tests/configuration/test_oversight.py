"""What a policy may say and probably does not mean is told with its key and a remedy."""

import tomllib
from typing import Any

import pytest

from care.oversight import oversights
from care.policy import Policy
from care.settings import shipped

SHIPPED = shipped("policy.toml").read_text(encoding="utf-8")
TEXTS = {"en": "a pen", "zh-CN": "一支笔"}
A_GIFT = {"label": TEXTS, "description": TEXTS, "cost": 1}
A_LETTER = {"priority": 7, "channels": ["email"]}
GONE: Any = object()
"""Stands for a key that is taken out."""


def with_changes(*changes: tuple[str, Any]) -> Policy:
    """The shipped policy with keys set to values; a number in a key counts in a list."""
    told: dict[str, Any] = tomllib.loads(SHIPPED)
    for key, value in changes:
        *path, last = key.split(".")
        place: Any = told
        for part in path:
            place = place[int(part)] if isinstance(place, list) else place.setdefault(part, {})
        if value is GONE:
            del place[last]
        else:
            place[int(last) if isinstance(place, list) else last] = value
    return Policy.model_validate(told)


def noted(*changes: tuple[str, Any]) -> list[str]:
    """What is noted because of these changes."""
    before = oversights(with_changes())
    return [note for note in oversights(with_changes(*changes)) if note not in before]


def steps(*days: int) -> list[dict[str, Any]]:
    return [
        {"name": name, "after_days": day}
        for name, day in zip(("hello", "goodbye"), days, strict=True)
    ]


def test_the_shipped_policy_leaves_no_doubt():
    assert oversights(with_changes()) == []


# ── How often, and when ─────────────────────────────────────────────────────────────────────────
def test_a_cap_above_what_the_gap_allows_is_never_reached():
    assert noted(("contact.touches_per_week", 4)) == [
        "contact.touches_per_week = 4 is never reached: with contact.min_gap_days = 3 no more than "
        "3 fit in 7 days; write 3, or a smaller gap"
    ]


@pytest.mark.parametrize(
    ("care", "told"),
    [
        ({"touches_per_week": 4}, "tiers.3.care.touches_per_week = 4 is never reached"),
        ({"touches_per_month": 11}, "no more than 10 fit in 30 days; write 10"),
        ({"touches_per_month": 10}, None),
    ],
)
def test_nor_is_that_of_a_tier(care, told):
    found = noted(("tiers.3.care", care))
    assert (told is None and found == []) or (len(found) == 1 and told in found[0])


def test_sending_hours_that_a_release_may_miss():
    (found,) = noted(("contact.sending_hours.sms", {"start": "09:00:00", "end": "09:05:00"}))
    assert found.startswith("contact.sending_hours.sms is open for 5 minutes a day")
    assert found.endswith("open it for longer")


@pytest.mark.parametrize(("hours", "is_late"), [(69, False), (70, True)])
def test_a_decision_must_come_before_the_last_sending_hours_end(hours, is_late):
    # found two days ahead, e-mail goes until 21:00 on the day itself
    found = noted(("campaigns.birthday.decide_within_hours", hours))
    told = (
        "campaigns.birthday.decide_within_hours = 70, but a message found early can be sent for 3 "
        "days only, until 21:00 of the last: write 69 or less"
    )
    assert found == [told] * is_late


def test_hours_that_end_in_the_morning_leave_less_time_to_decide():
    early = {"start": "06:00:00", "end": "07:00:00"}
    found = noted(("contact.sending_hours.email", early), ("campaigns.wedding_anniversary", {
        "priority": 80, "channels": ["email"]}))  # fmt: skip
    assert [note for note in found if "wedding_anniversary" in note] == [
        "campaigns.wedding_anniversary.decide_within_hours = 36, but a message found early can be "
        "sent for 1 day only, until 7:00 of the last: write 7 or less"
    ]


def test_a_letter_about_points_does_not_outlast_them():
    points = {"start_on": "2017-01-01", "per_unit": 1}
    expiry = A_LETTER | {"lead_days": 7, "late_days": 9, "decide_within_hours": 24}
    (found,) = noted(("points", points), ("campaigns.points_expiry", expiry))
    assert found.startswith("campaigns.points_expiry.late_days = 9 is more than lead_days = 7")
    assert found.endswith("write 7 or less")


def test_what_needs_a_person_and_goes_out_without_one():
    assert noted(("campaigns.replenishment.unanswered", "release")) == [
        "campaigns.replenishment needs a person's approval, yet goes out unseen if nobody decides: "
        'unanswered = "release"; write "expire", or bounds as auto_approve'
    ]


# ── Gifts and ladders ───────────────────────────────────────────────────────────────────────────
def test_a_gift_on_no_ladder():
    assert noted(("gifts.pen", A_GIFT)) == [
        "gifts.pen is on no ladder: nobody will get it; put it on one, or take it out"
    ]


def test_a_gift_that_is_dearer_than_a_night():
    assert noted(("night.gift_budget", 2000)) == [
        "gifts.flower_bouquet costs 2400, and night.gift_budget is 2000: nobody will get it; raise "
        "the budget, or take it off"
    ]


def test_a_gift_of_which_there_is_none():
    assert noted(("gifts.rose_tea.stock", 0)) == [
        "gifts.rose_tea.stock = 0: nobody will get it; add pieces, or take it off"
    ]


def test_a_rung_behind_two_that_never_run_out():
    ladder = ["birthday_card", "recipe_card", "bakery_treat"]
    assert noted(("ladders.birthday.silver", ladder)) == [
        "ladders.birthday.silver: bakery_treat is never reached, because there is always enough of "
        "birthday_card and recipe_card; put the dearer one first, or take it off"
    ]


def test_a_rung_behind_one_is_reached_by_whoever_had_that_one_last():
    assert noted(("ladders.birthday.silver", ["birthday_card", "bakery_treat"])) == []


def test_a_rung_behind_one_that_is_not_for_everybody_is_reached_by_the_others():
    abroad = ("gifts.recipe_card.regions", ["CN"])
    ladder = ["birthday_card", "recipe_card", "bakery_treat"]
    assert noted(("ladders.birthday.silver", ladder), abroad) == []


def test_a_ladder_of_one_rung_leaves_whoever_had_it_last_without():
    assert noted(("ladders.birthday.member", ["birthday_card"])) == [
        "ladders.birthday.member has birthday_card alone, and nobody gets the same gift twice in a "
        "row: whoever had it last gets none; add a second rung"
    ]


def test_a_rung_that_is_named_twice():
    ladder = ["rose_tea", "rose_tea", "bakery_treat", "birthday_card"]
    assert noted(("ladders.birthday.gold", ladder)) == [
        "ladders.birthday.gold has rose_tea twice; name it once"
    ]


def test_a_ladder_of_a_campaign_that_is_switched_off():
    assert noted(("campaigns.membership_anniversary.enabled", False)) == [
        "ladders.membership_anniversary: the campaign is switched off, so nothing on it is given; "
        "enable campaigns.membership_anniversary, or take the ladder out",
    ]


@pytest.mark.parametrize("ladder", [GONE, []])
def test_a_tier_that_gets_nothing_where_lower_ones_get_something(ladder):
    assert noted(("ladders.birthday.gold", ladder)) == [
        "ladders.birthday.gold has no gift, while silver below it has: who rises loses hers; give "
        "it a ladder"
    ]


def test_lower_tiers_may_well_get_less_than_higher_ones():
    assert noted(("ladders.birthday.member", GONE)) == []


# ── Journeys ────────────────────────────────────────────────────────────────────────────────────
def test_a_cool_down_shorter_than_the_journey():
    assert noted(("campaigns.win_back.cool_down_days", 30)) == [
        "campaigns.win_back.cool_down_days = 30 is shorter than campaigns.win_back.steps, which "
        "may last 38 days: journeys of one customer would overlap; write 38 or more"
    ]


@pytest.mark.parametrize(
    ("days", "late_days", "told"),
    [
        ((0, 3), 2, None),
        ((0, 2), 2, "'goodbye' comes 2 days after 'hello', and contact leaves 3 between two "
         "touches: it always waits; write after_days = 3 or more"),
        ((0, 1), 1, "'goodbye' is never reached: it may go 1 to 2 days after 'hello', and contact "
         "leaves 3 between two touches; write after_days = 3 or more"),
    ],
)  # fmt: skip
def test_steps_that_are_closer_than_two_touches_may_be(days, late_days, told):
    found = noted(
        ("campaigns.win_back.steps", steps(*days)),
        ("campaigns.win_back.late_days", late_days),
        ("campaigns.win_back.decide_within_hours", 24),
    )
    assert found == ([] if told is None else [f"campaigns.win_back.steps: {told}"])


def test_one_touch_a_week_is_a_gap_of_a_week():
    told = ("campaigns.win_back.steps", steps(0, 6))
    assert noted(told) == []
    (found,) = noted(told, ("contact.touches_per_week", 1))
    assert "contact leaves 7 between two touches" in found


def test_steps_of_what_is_owed_wait_for_no_gap():
    close = ("campaigns.win_back.steps", steps(0, 1))
    assert noted(close, ("campaigns.win_back.message_class", "service")) == []


@pytest.mark.parametrize(("days", "is_late"), [(89, False), (90, True)])
def test_a_step_after_what_began_it_is_forgotten(days, is_late):
    told = (
        "campaigns.win_back.steps: 'goodbye' after 90 days is never reached, for what began the "
        "journey is forgotten after 90; let it come sooner"
    )
    assert noted(("campaigns.win_back.steps", steps(0, days))) == [told] * is_late


def test_a_step_that_no_letter_knows():
    welcome = [{"name": "welcome", "after_days": 0}, {"name": "coupon", "after_days": 7}]
    (found,) = noted(("campaigns.welcome.steps", welcome))
    assert found.startswith("campaigns.welcome.steps: the templates were not tried on a step")
    assert "'coupon'; use one of first_steps, next_steps, open_door, thanks, welcome" in found


def test_both_branches_of_a_journey_are_looked_at():
    (found,) = noted(("campaigns.welcome.first_order_steps.1.after_days", 2))
    assert found.startswith("campaigns.welcome.first_order_steps: 'next_steps' comes 1 days after")


# ── Who is addressed, and who comes first ───────────────────────────────────────────────────────
def test_an_audience_that_the_campaign_never_finds():
    assert noted(("campaigns.win_back.audience", {"segments": ["prospect", "one_time"]})) == [
        "campaigns.win_back.audience.segments is prospect, one_time, and the campaign finds only "
        "repeat, loyal, lapsed: nobody gets it; add one of these"
    ]


def test_who_looked_around_is_as_new_as_who_did_not():
    assert noted(("campaigns.welcome.audience", {"segments": ["browser"]})) == []


@pytest.mark.parametrize("segment", ["prospect", "browser"])
def test_a_tier_that_who_never_bought_cannot_have(segment):
    audience = {"segments": [segment], "tiers": ["gold"]}
    assert noted(("campaigns.birthday.audience", audience)) == [
        "campaigns.birthday.audience: who never bought has the tier 'member', which audience.tiers "
        "leaves out: nobody gets it; add it"
    ]
    assert noted(("campaigns.birthday.audience", audience | {"tiers": ["member"]})) == []
    assert noted(("campaigns.welcome.audience", {"tiers": ["gold"]})) == []  # who bought much once


def test_campaigns_whose_priorities_tie():
    assert noted(("campaigns.festival.priority", 90)) == [
        "campaigns.birthday.priority and campaigns.festival.priority are equal (90): of two for "
        "one customer the one that ends sooner wins, then the alphabet; make them differ"
    ]


def test_what_is_owed_competes_with_nobody():
    assert noted(("campaigns.order_progress.priority", 90)) == []


def test_a_campaign_that_is_switched_off_competes_with_nobody():
    off = ("campaigns.festival.enabled", False)
    assert noted(("campaigns.festival.priority", 90), off) == []


# ── Festivals ───────────────────────────────────────────────────────────────────────────────────
def test_a_day_of_the_shop_that_no_culture_keeps():
    day = {"name": "opening-day", "on": "03-01", "label": {"en": "Opening day", "zh-CN": "店庆"}}
    everybody = {"festivals": ["new-year"]}
    found = noted(
        ("campaigns.festival.shop_days", [day]), ("campaigns.festival.cultures", [everybody])
    )
    assert found == [
        "campaigns.festival.shop_days.0: no culture keeps 'opening-day'; add it to the festivals "
        "of one"
    ]


def test_a_day_without_a_label_in_a_language_of_the_shop():
    assert noted(("campaigns.festival.shop_days.0.label", {"en": "Double Eleven"})) == [
        "campaigns.festival.shop_days.0.label: zh-CN is missing, so 'Double Eleven' stands in "
        "letters of that language; add it"
    ]


def test_two_days_of_one_name():
    day = {"name": "double-eleven", "on": "11-12", "label": TEXTS}
    first = {"name": "double-eleven", "on": "11-11", "label": TEXTS}
    assert noted(("campaigns.festival.shop_days", [first, day])) == [
        "campaigns.festival.shop_days.1: there are two days 'double-eleven', and the last one "
        "counts; rename one"
    ]


def test_a_culture_whose_language_the_shop_does_not_write():
    (found,) = noted(("shop.locales", ["en"]))
    assert found.startswith(
        "campaigns.festival.cultures.0.locales: the shop does not write zh-CN, so these wishes go "
        "out in en"
    )
