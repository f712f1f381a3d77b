"""A policy that cannot be is refused, with file, line, key, value and remedy of what is wrong."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from care.configuration import UnableToReadConfiguration
from care.policy import read_policy
from care.settings import shipped
from tests.builders import write

SHIPPED = shipped("policy.toml").read_text(encoding="utf-8")


def with_change(old: str, new: str) -> tuple[str, int]:
    """The shipped policy with one change, and the line on which it is."""
    assert SHIPPED.count(old) >= 1, old
    before = SHIPPED[: SHIPPED.index(old)]
    return SHIPPED.replace(old, new, 1), before.count("\n") + 1


def refusal(path, text: str) -> str:
    with pytest.raises(UnableToReadConfiguration) as refused:
        read_policy(write(path / "policy.toml", text))
    return str(refused.value)


def line_with(text: str, start: str, *, nth: int = 1) -> int:
    lines = [n for n, line in enumerate(text.splitlines(), 1) if line.startswith(start)]
    return lines[nth - 1]


# ── One wrong value: the line of that value ─────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("old", "new", "key", "told"),
    [
        ("gift_budget = 40000", "gift_bugdet = 40000", "night.gift_bugdet", "there is no such key"),
        ("gift_budget = 40000", 'gift_budget = "lots"', "night.gift_budget", "'lots' cannot be"),
        ("gift_budget = 40000", "gift_budget = -1", "night.gift_budget", "-1 cannot be"),
        ("min_gap_days = 3", "min_gap_days = 0", "contact.min_gap_days", "0 cannot be"),
        (
            "touches_per_week = 2",
            "touches_per_week = 8",
            "contact.touches_per_week",
            "less than or equal to 7",
        ),
        ("stale_after_days = 7", "stale_after_days = 0", "night.stale_after_days", "0 cannot be"),
        ("share = 0.05", "share = 0.6", "holdout.share", "0.6 cannot be"),
        ("salt = ", 'salt = "" #', "holdout.salt", "'' cannot be"),
        ('currency = "USD"', 'currency = "UDS"', "shop.currency", "such as CNY"),
        ('currency = "USD"', 'currency = "usd"', "shop.currency", "such as CNY"),
        (
            'timezone = "America/New_York"',
            'timezone = "New York"',
            "shop.timezone",
            "such as Asia/Shanghai",
        ),
        ('tenant = "maple-lane"', 'tenant = "Maple Lane"', "shop.tenant", "'Maple Lane' cannot be"),
        ('phone = "+1 555 0100"', 'phone = ""', "shop.phone", "write one line of text"),
        (
            'website = "https://maplelane.example"',
            'website = "a\\nb"',
            "shop.website",
            "write one line of text",
        ),
        (
            'sender = "Maple Lane Market <care@maplelane.example>"',
            'sender = "Maple Lane Market"',
            "shop.sender",
            "Name <care@shop.example>",
        ),
        (
            'sender = "Maple Lane Market <care@maplelane.example>"',
            'sender = "Maple, Inc <care@maplelane.example>"',
            "shop.sender",
            "a name that holds a comma",
        ),
        (
            'reply_to = "hello@maplelane.example"',
            'reply_to = "hello"',
            "shop.reply_to",
            "'hello' cannot be",
        ),
        ("/u/{token}", "/unsubscribe", "shop.unsubscribe_url", "with {token} in it"),
        ('"https://maplelane.example/u', '"http://maplelane.example/u',
         "shop.unsubscribe_url", "https://"),
        ('locales = ["en", "zh-CN"]', "locales = []", "shop.locales", "at least 1 item"),
        ('locales = ["en", "zh-CN"]', 'locales = ["en", "en"]',
         "shop.locales", "name each locale once"),
        ('leap_day = "28-february"', 'leap_day = "30-february"',
         "campaigns.birthday.leap_day", "28-february"),
        ("min_probability = 0.35", "min_probability = 35",
         "campaigns.replenishment.min_probability", "35 cannot be"),
        ("min_purchases = 4", "min_purchases = 4.5",
         "campaigns.replenishment.min_purchases", "4.5 cannot be"),
        ("grace_days = 3", "grace_days = true", "campaigns.membership_anniversary.grace_days", ""),
        ("decide_within_hours = 72", "decide_within_hours = 0",
         "campaigns.replenishment.decide_within_hours", "0 cannot be"),
        ("stock = 12", "stock = -12", "gifts.flower_bouquet.stock", "-12 cannot be"),
        ("cost = 2400", 'cost = "24.00"', "gifts.flower_bouquet.cost", "'24.00' cannot be"),
        ("min_share = 0.6", "min_share = 6", "feed.min_share", "6 cannot be"),
        ("max_per_category = 2", "max_per_category = 0",
         "recommendations.max_per_category", "0 cannot be"),
        ("explore_share = 0.1", "explore_share = 0.9",
         "recommendations.explore_share", "0.9 cannot be"),
        ('"KITCHEN GADGETS" = 60', '"KITCHEN GADGETS" = -1',
         "recommendations.cool_down_days.KITCHEN GADGETS", "-1 cannot be"),
        ("EASTER = [3, 4]", "EASTER = [3, 13]",
         "recommendations.seasons.EASTER.1", "less than or equal to 12"),
        ("EASTER = [3, 4]", "EASTER = [3, 3]",
         "recommendations.seasons.EASTER", "name each month once"),
        ("EASTER = [3, 4]", "EASTER = []",
         "recommendations.seasons.EASTER", "list its months, or put it under wording.never_name"),
        ("[holdout]", "[holdouts]", "holdouts", "there is no such key"),
        ("[campaigns.birthday]", "[campaigns.brithday]",
         "campaigns.brithday", "there is no such key"),
        (
            'sms = { start = "09:00:00", end = "20:00:00" }',
            'sms = { start = "09:00:00", end = "09:00:00" }',
            "contact.sending_hours.sms",
            "leave a time between",
        ),
        (
            'sms = { start = "09:00:00"',
            'pigeon = { start = "09:00:00"',
            "contact.sending_hours.pigeon",
            "'email' or 'sms'",
        ),
    ],
)  # fmt: skip
def test_a_wrong_value_is_named_with_its_line(tmp_path, old, new, key, told):
    text, line = with_change(old, new)
    lines = refusal(tmp_path, text).splitlines()
    mine = next(one for one in lines if f": {key}: " in one)
    assert mine.startswith(f"{tmp_path}/policy.toml:{line}: {key}: ")
    assert told in mine


def test_a_locale_the_house_does_not_speak_is_refused(tmp_path):
    text, line = with_change('locales = ["en", "zh-CN"]', 'locales = ["en", "fr"]')
    told = refusal(tmp_path, text)
    assert told.startswith(f"{tmp_path}/policy.toml:{line}: shop.locales.1: 'fr' cannot be")
    assert "use zh-CN or en" in told


def test_a_channel_named_twice_is_refused(tmp_path):
    text, line = with_change('channels = ["email", "sms"]', 'channels = ["email", "email"]')
    told = refusal(tmp_path, text)
    assert f":{line}: campaigns.birthday.channels: name each channel once" in told


# ── Something is missing: the line of the table that lacks it ───────────────────────────────────


@pytest.mark.parametrize(
    ("without", "table", "key"),
    [
        ("gift_budget = 40000\n", "[night]", "night.gift_budget"),
        ('currency = "USD"\n', "[shop]", "shop.currency"),
        ("touches_per_week = 2\n", "[contact]", "contact.touches_per_week"),
        ("cost = 2400\n", "[gifts.flower_bouquet]", "gifts.flower_bouquet.cost"),
        ("priority = 30\n", "[campaigns.replenishment]", "campaigns.replenishment.priority"),
    ],
)
def test_a_missing_key_is_told_at_its_table(tmp_path, without, table, key):
    text = SHIPPED.replace(without, "", 1)
    told = refusal(tmp_path, text)
    line = line_with(text, table)
    assert told == f"{tmp_path}/policy.toml:{line}: {key}: this key is missing. Add it."


def test_a_missing_table_is_told_at_the_top(tmp_path):
    text = re.sub(r"\[holdout\]\n(.+\n)+", "", SHIPPED)
    told = refusal(tmp_path, text)
    assert told == f"{tmp_path}/policy.toml:1: holdout: this key is missing. Add it."


def test_a_missing_channel_is_told_at_the_hours(tmp_path):
    text, _ = with_change('sms = { start = "09:00:00", end = "20:00:00" }\n', "")
    told = refusal(tmp_path, text)
    assert f":{line_with(text, '[contact]')}: contact: sending_hours lacks sms" in told


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        (', zh-CN = "枫巷生活超市" }', " }", "shop.name"),
        (', zh-CN = "枫巷生活" }', " }", "shop.sms_signature"),
        (', zh-CN = "银卡会员" }', " }", "tiers.1.label"),
        (', zh-CN = "手写贺卡" }', " }", "gifts.birthday_card.label"),
        (', zh-CN = "整朵花蕾，清甜不涩" }', ', zh-CN = " " }', "gifts.rose_tea.description"),
    ],
)
def test_a_text_for_every_locale_is_asked_for_where_one_is_missing(tmp_path, old, new, key):
    text, line = with_change(old, new)
    told = refusal(tmp_path, text)
    assert told.startswith(f"{tmp_path}/policy.toml:{line}: {key}: zh-CN is missing")


# ── What must agree across keys ─────────────────────────────────────────────────────────────────


def test_tiers_must_rise_and_the_one_that_does_not_is_named(tmp_path):
    text, line = with_change("min_spend = 250000", "min_spend = 100000")
    told = refusal(tmp_path, text)
    assert f":{line}: tiers.2.min_spend: 100000 does not rise above tier 'silver'" in told


def test_the_first_tier_must_be_everybodys(tmp_path):
    text, line = with_change("min_spend = 0", "min_spend = 1")
    assert f":{line}: tiers.0.min_spend: the first tier" in refusal(tmp_path, text)


def test_two_tiers_of_one_name_are_refused_at_the_second(tmp_path):
    text, line = with_change('name = "gold"', 'name = "silver"')
    assert f":{line}: tiers.2.name: there are two tiers 'silver'" in refusal(tmp_path, text)


@pytest.mark.parametrize(
    ("old", "new", "key", "told"),
    [
        ('gold = ["tote_bag",', 'gold = ["tote_bags",', "ladders.membership_anniversary.gold",
         "no gift 'tote_bags'; describe it as [gifts.tote_bags]"),
        ('gold = ["tote_bag",', 'platinum = ["tote_bag",',
         "ladders.membership_anniversary.platinum",
         "no such tier; there are member, silver, gold, diamond"),
        ("[ladders.birthday]", "[ladders.wedding]", "ladders.wedding",
         "no such campaign in this policy; it has bad_review, birthday, "),
    ],
)  # fmt: skip
def test_a_ladder_must_lead_from_a_campaign_and_a_tier_to_gifts(tmp_path, old, new, key, told):
    text, line = with_change(old, new)
    said = refusal(tmp_path, text)
    assert said.startswith(f"{tmp_path}/policy.toml:{line}: {key}: ")
    assert told in said


@pytest.mark.parametrize(
    ("old", "new", "key", "told"),
    [
        ('gold = ["rose_tea",', 'gold = ["flower_bouquet", "rose_tea",', "ladders.birthday.gold",
         "flower_bouquet is for diamond alone, so nobody here can get it; take it off this ladder, "
         "or add gold to gifts.flower_bouquet.tiers"),
        ('silver = ["coffee_voucher",', 'silver = ["thank_you_note",',
         "ladders.membership_anniversary.silver", "thank_you_note is for referral_thanks alone"),
        ('tiers = ["diamond"]\n\n', 'tiers = ["platinum"]\n\n', "gifts.flower_bouquet.tiers",
         "there is no 'platinum' in this policy; it has member, silver, gold, diamond"),
        ('regions = ["US"]                 #', 'locales = ["fr"] #',
         "gifts.flower_bouquet.locales", "there is no 'fr' in this policy; it has en, zh-CN"),
        ('regions = ["US"]                 #', 'plain_style = "only" #',
         "gifts.flower_bouquet.plain_style", "set segments.plain_from_age, or take it out"),
        ("valid_until = 2018-06-30", "valid_until = 2017-06-30", "gifts.coffee_voucher",
         "valid_until is 2017-06-30, before valid_from"),
        ("stock = 150\n", "warn_below = 5\n", "gifts.tote_bag", "warn_below waits for something"),
        ("month_gift_budget = 600000", "month_gift_budget = -1", "night.month_gift_budget",
         "-1 cannot be"),
    ],
)  # fmt: skip
def test_a_gift_that_nobody_could_get_is_refused_with_the_remedy(tmp_path, old, new, key, told):
    text, _ = with_change(old, new)
    said = refusal(tmp_path, text)
    assert f": {key}: " in said
    assert told in said
    at = int(said.removeprefix(f"{tmp_path}/policy.toml:").split(":")[0])
    assert text.splitlines()[at - 1].startswith(("[gifts.", new.split(" ")[0]))


def test_a_policy_without_an_enabled_campaign_is_refused(tmp_path):
    text = re.sub(r"(\[campaigns\.\w+\]\n)", r"\1enabled = false\n", SHIPPED)
    assert "campaigns: none is enabled; add one of bad_review, birthday" in refusal(tmp_path, text)


def test_all_wrong_values_are_told_at_once_each_with_its_line(tmp_path):
    text = SHIPPED.replace("min_gap_days = 3", "min_gap_days = 0").replace(
        "share = 0.05", "share = 9"
    )
    told = refusal(tmp_path, text).splitlines()
    assert [line.split(": ")[0].rsplit(":", 1)[1] for line in told] == [
        str(line_with(text, "min_gap_days")),
        str(line_with(text, "share")),
    ]


# ── No TOML at all ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[shop\n", 1),
        ('[shop]\nname = "a\n', 2),
        ("[shop]\n\nname = \n", 3),
        ("[shop]\n[night]\n[shop]\n", 3),
        ("[shop]\na = 1\na = 2\n", 3),
        ("[shop]\nname = [1,\n2", 3),
    ],
)
def test_what_is_not_toml_is_told_with_its_line(tmp_path, text, line):
    assert refusal(tmp_path, text).startswith(f"{tmp_path}/policy.toml:{line}: not TOML at column ")


@given(cut=st.integers(min_value=1, max_value=len(SHIPPED) - 1))
def test_a_policy_cut_off_anywhere_is_refused_with_a_line_that_it_has(tmp_path_factory, cut):
    path = write(tmp_path_factory.getbasetemp() / "cut" / "policy.toml", SHIPPED[:cut])
    try:
        read_policy(path)
    except UnableToReadConfiguration as refused:
        lines = len(SHIPPED[:cut].splitlines())
        for told in str(refused).splitlines():
            found = re.match(rf"{re.escape(str(path))}:(\d+): .+", told)
            assert found, told
            assert 1 <= int(found[1]) <= max(lines, 1) + 1


@given(line=st.integers(min_value=1, max_value=len(SHIPPED.splitlines())))
def test_an_unknown_key_is_told_on_the_very_line_it_is_written(tmp_path_factory, line):
    lines = SHIPPED.splitlines()
    lines.insert(line - 1, "surely_unknown = 1")
    text = "\n".join(lines)
    path = write(tmp_path_factory.getbasetemp() / "unknown" / "policy.toml", text)
    with pytest.raises(UnableToReadConfiguration) as refused:
        read_policy(path)
    told = [one for one in str(refused.value).splitlines() if "surely_unknown" in one]
    if told:
        assert told[0].startswith(f"{path}:{line}: ")
    else:  # it landed within a list that goes over several lines
        assert "not TOML" in str(refused.value)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("价格 = 1".encode("gb18030"), "not UTF-8. Save it as UTF-8."),
        (None, "there is no such file"),
    ],
)
def test_a_file_that_cannot_be_read_is_told(tmp_path, content, told):
    path = tmp_path / "policy.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UnableToReadConfiguration, match=re.escape(f"{path}: {told}")):
        read_policy(path)


def test_a_folder_is_no_policy(tmp_path):
    with pytest.raises(UnableToReadConfiguration, match="Is a directory"):
        read_policy(tmp_path)


def test_a_policy_saved_on_windows_is_read(tmp_path):
    path = tmp_path / "policy.toml"
    path.write_bytes(b"\xef\xbb\xbf" + SHIPPED.replace("\n", "\r\n").encode())
    assert read_policy(path) == read_policy(shipped("policy.toml"))


def test_the_fingerprint_changes_with_a_decision_and_not_with_a_comment(tmp_path):
    plain = read_policy(shipped("policy.toml")).sha256
    commented = write(tmp_path / "commented.toml", "# hello\n" + SHIPPED)
    assert read_policy(commented).sha256 == plain
    changed = write(tmp_path / "changed.toml", with_change("lead_days = 2", "lead_days = 3")[0])
    assert read_policy(changed).sha256 != plain
