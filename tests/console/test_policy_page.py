"""The policy as staff read it: all of it, each setting with a name, its value and its usual one."""

import json
from typing import Any, get_args
from zoneinfo import ZoneInfo

import pytest
from pydantic import BaseModel

from care.console.decided import CALENDAR, MONEY, SHARES, codes_of, groups, key_of_code
from care.console.setting import key_of, settings_of
from care.console.speech import LANGUAGES, Speech, catalogue
from care.domain.campaign import CampaignSettings
from care.policy import Policy
from tests.builders import a_policy
from tests.workflows.builders import NIGHT, reopened

FLATTENED = {"care", "audience"} | (set(Policy.model_fields) - {"ladders", "points"})
"""Tables that are shown by their own settings, and so need no name."""


def models_of(annotation: Any):
    """Every table that a setting may hold, however deep, and the settings of each."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        for field in annotation.model_fields.values():
            yield from models_of(field.annotation)
    for part in get_args(annotation):
        yield from models_of(part)


def fields():
    for model in sorted(set(models_of(Policy)), key=lambda one: one.__name__):
        if "Campaigns" not in model.__name__:
            yield from ((model, name, field) for name, field in model.model_fields.items())


def speech(language="en"):
    return Speech(language, currency="USD", zone=ZoneInfo("America/New_York"))


@pytest.fixture
def policy():
    return a_policy()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_setting_has_a_name(language):
    words = catalogue(language)
    unnamed = [
        f"{model.__name__}.{name}"
        for model, name, _ in fields()
        if name not in FLATTENED and key_of("setting", model, name) not in words
    ]
    assert unnamed == []
    assert len(list(fields())) > 300


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_that_a_setting_may_be_set_to_has_a_name(language):
    words = catalogue(language)
    keys = {
        key_of_code(name, code)
        for _, name, field in fields()
        for code in codes_of(field.annotation)
    }
    assert len(keys) > 30
    assert keys - set(words) == set()


def test_a_setting_that_nobody_named_fails():
    class Novelty(BaseModel):
        surprise_days: int = 3

    (one,) = settings_of(Novelty(), "novelty")
    with pytest.raises(Exception, match=r"novelty\.surprise_days"):
        speech()(one.key)


def test_money_and_shares_are_told_as_such():
    said = {name: field.description or "" for _, name, field in fields()}
    minor = {name for name, words in said.items() if "minor units" in words}
    assert minor - {"currency"} == MONEY
    floats = {name for _, name, field in fields() if field.annotation is float}
    assert floats - SHARES == {"weight", "max_times"}
    assert CALENDAR in said


def test_no_name_is_kept_for_a_setting_that_is_gone():
    there = {
        key_of(kind, model, name) for kind in ("setting", "unset") for model, name, _ in fields()
    }
    kept = {key for key in catalogue("en") if key.startswith(("setting.", "unset."))}
    assert kept - there - {"unset.any"} == set()


def test_all_of_the_policy_is_shown(policy):
    shown = [row.path for group in groups(policy, speech()) for t in group.tables for row in t.rows]
    assert len(shown) == len(set(shown))
    heads = {path.partition(".")[0] for path in shown}
    assert heads == set(Policy.model_fields) - {"campaign_table"} | {"campaigns"}
    for name, chosen in policy.campaigns.items():
        for key in type(chosen).model_fields:
            place = f"campaigns.{name}.{key}"
            assert any(path == place or path.startswith(f"{place}.") for path in shown), place


def test_values_are_told_in_words_and_what_differs_is_marked(policy):
    rows = {
        row.path: row for group in groups(policy, speech()) for t in group.tables for row in t.rows
    }
    assert rows["night.gift_budget"].said == ("US$400.00",)
    assert rows["night.tier_grace_days"].said == ("60 days",)
    assert (rows["night.tier_grace_days"].usual, rows["night.tier_grace_days"].differs) == (
        "0 days",
        True,
    )
    assert not rows["night.stale_after_days"].differs
    assert rows["night.gift_budget"].usual is None
    assert rows["tiers.3.min_orders"].said == ("12",)
    assert rows["tiers.3.care.touches_per_month"].said == ("5",)
    assert rows["contact.sending_hours"].said[0] == "E-mail: from: 08:00; until: 21:00"
    assert rows["gifts.flower_bouquet.tiers"].said == ("Diamond",)
    assert rows["campaigns.birthday.auto_approve.max_gift_cost"].said == ("US$300.00",)
    assert rows["campaigns.replenishment.auto_approve"].said == ("never: a person decides",)
    assert rows["campaigns.replenishment.min_probability"].said == ("35%",)
    assert rows["campaigns.win_back.steps"].said[1] == "letter: goodbye; after: 28 days"
    assert "Double Eleven" in rows["campaigns.festival.cultures"].said[0]
    assert rows["campaigns.birthday.second_person"].said == ("off",)


def test_customers_who_are_never_held_out_are_counted_and_not_named(policy):
    holdout = policy.holdout.model_copy(update={"exempt": ("c77", "c78")})
    policy = policy.model_copy(update={"holdout": holdout})
    found = [row for group in groups(policy, speech()) for t in group.tables for row in t.rows]
    assert "c77" not in str(found)
    (exempt,) = (row for row in found if row.path == "holdout.exempt")
    assert (exempt.said, exempt.value) == (("2 customers",), 2)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_shows_it_in_the_readers_language(visit, language):
    say, page = speech(language), visit(language=language).read("/library/policy")
    for key in ("policy.whole", "group.holdout", "setting.campaign_settings.second_person"):
        assert say(key) in page
    assert "night.gift_budget" in page


def test_a_program_gets_the_same(mei):
    told = mei.client.get("/api/library/policy").json()
    found = {one["path"]: one for one in told["settings"]}
    assert found["night.gift_budget"]["group"] == "night"
    assert isinstance(found["night.gift_budget"]["value"], int)
    assert len(found) > 50
    assert json.dumps(found)
    assert len(told["sha256"]) == 64


def test_whoever_needs_a_second_person_knows_it_before_she_is_refused(visit, house):
    said = "Whoever changed it last may not approve it"
    page = f"/nights/{NIGHT}/birthday"
    assert said not in visit().read(page)
    changed = reopened(
        house.settings.home, policy={"campaigns": {"birthday": {"second_person": True}}}
    )
    object.__setattr__(house, "policy", changed.policy)
    assert said in visit().read(page)


def test_settings_of_every_campaign_build_on_those_of_all():
    assert key_of("setting", CampaignSettings, "priority") == "setting.campaign_settings.priority"
