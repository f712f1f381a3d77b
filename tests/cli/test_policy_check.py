"""`care policy check` says what a night would refuse, and what is probably not meant."""

import json
import tomllib

import pandas as pd
import pytest

from care.settings import shipped
from tests.builders import write
from tests.cli.shop import a_shop

SHIPPED = shipped("policy.toml").read_text(encoding="utf-8")


@pytest.fixture
def check(care, tmp_path):
    """Check the shipped policy with changes (old, new)."""

    def run(*changes, flags=()):
        text = SHIPPED
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        return care("policy", "check", write(tmp_path / "mine.toml", text), *flags)

    return run


def test_the_shipped_policy_is_fine(care):
    said = care("policy", "check")
    assert said.code == 0
    first, *campaigns = said.out.splitlines()
    assert first == f"{shipped('policy.toml')} is fine: 4 tiers, 8 gifts, campaigns:"
    assert {
        "  birthday: priority 90, approved by policy, within bounds",
        "  wedding_anniversary: priority 80, approved by policy, within bounds",
        "  membership_anniversary: priority 60, approved by policy, within bounds",
        "  festival: priority 50, approved by policy, within bounds",
        "  tier_news: priority 52, approved by a person",
        "  replenishment: priority 30, approved by a person",
        "  win_back: priority 25, approved by a person",
        "  rhythm_break: priority 20, approved by a person",
    } <= set(campaigns)
    assert not any(line.startswith("note") for line in campaigns)


def test_the_policy_that_a_night_would_use_is_the_one_checked(care, monkeypatch, tmp_path):
    monkeypatch.setenv("CARE_POLICY_PATH", str(write(tmp_path / "mine.toml", SHIPPED)))
    assert f"{tmp_path}/mine.toml is fine" in care("policy", "check").out


def test_json_of_a_check_has_keys_to_rely_on(care, check):
    said = check(("min_gap_days = 3", "min_gap_days = 7"), flags=["--json"])
    found = json.loads(said.out)
    assert set(found) == {"policy", "sha256", "campaigns", "notes"}
    assert set(found["campaigns"]) == set(tomllib.loads(SHIPPED)["campaigns"])
    assert len(found["sha256"]) == 64
    assert found["notes"] == [
        "contact.touches_per_week = 2 is never reached: with contact.min_gap_days = 7 no more "
        "than 1 fit in 7 days; write 1, or a smaller gap"
    ]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("gift_budget = 40000", "gift_bugdet = 40000"), "night.gift_bugdet: there is no such key"),
        (("gift_budget = 40000", 'gift_budget = "400"'), "night.gift_budget: '400' cannot be"),
        ((', zh-CN = "手写贺卡"', ""), "gifts.birthday_card.label: zh-CN is missing"),
        (('gold = ["tote_bag",', 'gold = ["tote",'), "there is no gift 'tote'"),
        (("[night]", "[night"), "not TOML at column 7"),
    ],
)
def test_a_policy_that_cannot_be_is_refused_with_its_line(check, tmp_path, change, told):
    said = check(change)
    line = SHIPPED[: SHIPPED.index(change[0])].count("\n") + 1
    assert said.code == 3
    assert said.out == ""
    assert said.err.startswith(f"care: {tmp_path}/mine.toml:")
    assert f"{tmp_path}/mine.toml:{line}: " in said.err
    assert told in said.words


def test_a_campaign_that_is_switched_off_needs_no_templates(check, monkeypatch, tmp_path):
    import shutil

    shutil.copytree(shipped("templates"), tmp_path / "templates")
    shutil.rmtree(tmp_path / "templates" / "birthday")
    monkeypatch.setenv("CARE_TEMPLATES_PATH", str(tmp_path / "templates"))
    assert check().code == 3
    said = check(("[campaigns.birthday]", "[campaigns.birthday]\nenabled = false"))
    assert said.code == 0
    assert "  birthday: priority" not in said.out
    assert "note: ladders.birthday: the campaign is switched off" in said.out


def test_a_note_does_not_make_a_policy_wrong(check):
    said = check(("gift_budget = 40000", "gift_budget = 2000"))
    assert said.code == 0
    assert said.out.splitlines()[-1].startswith("note: gifts.flower_bouquet costs 2400")
    assert said.err == ""


def test_categories_that_protect_nothing_are_noted_where_the_shop_is_at_hand(check, tmp_path):
    a_shop(tmp_path / "shop")
    products = pd.read_parquet(tmp_path / "shop" / "products.parquet")
    products.loc[0, "category"] = "CIGARS"
    products.to_parquet(tmp_path / "shop" / "products.parquet")
    listed = SHIPPED[SHIPPED.index("never_name = [") : SHIPPED.index("[holdout]")]
    changed = (listed, 'never_name = ["CIGARS", "CIGRAS"]\nsensitive = ["CIGARS", "WIGS"]\n\n')
    said = check(changed, flags=["--home", str(tmp_path)])
    notes = [line for line in said.out.splitlines() if line.startswith("note: wording")]
    assert notes == [
        "note: wording.never_name holds 'CIGRAS', which is no category of the shop's: nothing is "
        "protected by it",
        "note: wording.sensitive holds 'WIGS', which is no category of the shop's: nothing is "
        "protected by it",
    ]


def test_a_shop_that_is_not_delivered_does_not_stop_the_check(check, tmp_path):
    a_shop(tmp_path / "shop")
    (tmp_path / "shop" / "products.parquet").unlink()
    said = check(flags=["--home", str(tmp_path)])
    assert said.code == 0
    assert "note: the shop's catalogue could not be looked at: " in said.out


def test_a_campaign_whose_letters_are_not_written_in_a_language_is_refused(
    check, monkeypatch, tmp_path
):
    import shutil

    shutil.copytree(shipped("templates"), tmp_path / "templates")
    (tmp_path / "templates" / "welcome" / "email.zh-CN.txt").unlink()
    monkeypatch.setenv("CARE_TEMPLATES_PATH", str(tmp_path / "templates"))
    said = check()
    assert said.code == 3
    assert said.out == ""
    assert "welcome/email.zh-CN.txt" in said.err


def test_campaigns_that_need_what_the_shop_does_not_tell_are_noted(check, tmp_path):
    a_shop(tmp_path / "shop")
    said = check(flags=["--home", str(tmp_path)])
    assert said.code == 0
    notes = said.out.splitlines()
    assert (
        "note: campaigns.service_follow_up needs cases, and the shop has no table [cases]: every "
        "night leaves it out; describe it as [cases] in shop.toml, or write enabled = false"
    ) in notes
    assert (
        "note: campaigns.warranty needs products.warranty_days, and the shop has no column for "
        "products.warranty_days: every night leaves it out; name it under [products.columns] in "
        "shop.toml, or write enabled = false"
    ) in notes
    assert not any("campaigns.birthday" in note for note in notes)


def test_campaigns_whose_needs_are_met_are_not_noted(check, tmp_path):
    a_shop(tmp_path / "shop")
    products = pd.read_parquet(tmp_path / "shop" / "products.parquet")
    products.assign(warranty_days=30).to_parquet(tmp_path / "shop" / "products.parquet")
    said = check(flags=["--home", str(tmp_path)])
    assert "campaigns.warranty needs" not in said.out
    assert "campaigns.maintenance needs" in said.out


def test_rules_about_categories_that_do_not_exist_are_noted(check, tmp_path):
    a_shop(tmp_path / "shop")
    products = pd.read_parquet(tmp_path / "shop" / "products.parquet")
    products.loc[0, "category"] = "EASTER"
    products.to_parquet(tmp_path / "shop" / "products.parquet")
    changed = ('"KITCHEN GADGETS" = 60', '"KICHEN GADGETS" = 60')
    said = check(changed, flags=["--home", str(tmp_path)])
    notes = [line for line in said.out.splitlines() if "note: recommendations" in line]
    assert (
        "note: recommendations.cool_down_days holds 'KICHEN GADGETS', which is no category of the "
        "shop's: it rules nothing; correct its name, or take it out"
    ) in notes
    assert not any("'EASTER'" in line for line in notes)
