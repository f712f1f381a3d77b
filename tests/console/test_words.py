"""What the console says: the same in every language, and a name for every code."""

import re
from datetime import UTC, date, datetime
from pathlib import Path
from string import Formatter

import pytest

from care.console.picture import ERRORS_SHOWN, ITEMS_SHOWN, TIMING_SHOWN
from care.console.preview import PREVIEWS
from care.console.speech import LANGUAGES, Speech, catalogue, negotiate, sentences
from care.desk.customer import DESK
from care.domain.act import Act
from care.domain.campaigns import CAMPAIGNS
from care.domain.campaigns.service_follow_up import FOLLOWED
from care.domain.channel import Channel
from care.domain.consent import CUSTOMER_IMPORT, SHOP_CONSENTS, WEB_FORM, Purpose
from care.domain.customer import LOCALES
from care.domain.decision import State, Verdict
from care.domain.exclusion import Reason
from care.domain.festival import FESTIVALS
from care.domain.recommendation import SOURCES
from care.domain.role import Role
from care.domain.segment import Segment
from care.domain.setaside import REMEDIES, Flaw
from care.domain.suppression import Covers, Why
from care.trial import MODELS

OF_A_SUPPRESSION = (
    *(Flaw.TORN_ROW, Flaw.MISSING_KEY, Flaw.UNKNOWN_CUSTOMER),
    *(Flaw.BAD_EMAIL, Flaw.UNKNOWN_VALUE, Flaw.BAD_TIME),
)
CONSOLE = Path(__file__).parents[2] / "care" / "console"
CODES = {
    "act": Act,
    "casekind": FOLLOWED,
    "campaign": CAMPAIGNS,
    "channel": Channel,
    "consent": ("granted", "pending", "withdrawn"),
    "covers": Covers,
    "festival": FESTIVALS,
    "flaw": OF_A_SUPPRESSION,
    "locale": LOCALES,
    "metric": {one for shown in (ITEMS_SHOWN, TIMING_SHOWN, ERRORS_SHOWN) for one in shown},
    "origin": (CUSTOMER_IMPORT, SHOP_CONSENTS, WEB_FORM, DESK, "import"),
    "purpose": Purpose,
    "reason": Reason,
    "segment": Segment,
    "role": Role,
    "source": {*SOURCES, *(name for models in MODELS.values() for name in models)},
    "state": State,
    "suppressed": Why,
    "verdict": Verdict,
}


def forms(said):
    return [said] if isinstance(said, str) else list(said.values())


def gaps(said):
    return {name for form in forms(said) for _, name, _, _ in Formatter().parse(form) if name}


def test_every_sentence_is_there_in_every_language_with_the_same_gaps():
    english = catalogue("en")
    for language in LANGUAGES:
        other = catalogue(language)
        assert set(other) == set(english), set(other) ^ set(english)
        for key, said in english.items():
            assert gaps(other[key]) == gaps(said), f"{language}: {key}"
            assert all(form.strip() for form in forms(other[key])), f"{language}: {key}"


def test_nothing_is_left_in_english():
    chinese = catalogue("zh-CN")
    left = {
        key
        for key, said in chinese.items()
        if not any(re.search(r"[\u4e00-\u9fff]", form) for form in forms(said))
    }
    assert left <= {"trail.by", "gift.budget"}, left


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", CODES)
def test_every_code_has_a_name(language, kind):
    missing = [str(code) for code in CODES[kind] if f"{kind}.{code}" not in catalogue(language)]
    assert missing == []


def test_every_channel_has_a_preview():
    assert set(PREVIEWS) == {str(channel) for channel in Channel}
    assert all((CONSOLE / "pages" / name).is_file() for name in PREVIEWS.values())


def test_whatever_a_page_says_is_in_the_catalogue():
    known = set(catalogue("en"))
    pages = [*CONSOLE.rglob("*.html"), *CONSOLE.rglob("*.py")]
    asked = {
        key
        for page in pages
        for key in re.findall(r"""say\(\s*["']([a-z_.]+)["']\s*[,)]""", page.read_text())
    }
    assert asked - known == set()


@pytest.mark.parametrize(
    ("chosen", "accepted", "spoken"),
    [
        (None, None, "en"),
        (None, "zh-TW,zh;q=0.9,en;q=0.8", "zh-CN"),
        (None, "fr, en-US;q=0.5", "en"),
        ("zh-CN", "en", "zh-CN"),
        ("tlh", "zh", "zh-CN"),
    ],
)
def test_a_visitor_is_spoken_to_in_the_language_she_chose_or_reads(chosen, accepted, spoken):
    assert negotiate(chosen, accepted) == spoken


@pytest.fixture
def zh():
    from zoneinfo import ZoneInfo

    return Speech("zh-CN", currency="USD", zone=ZoneInfo("America/New_York"))


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("policy asks for a person", "策略要求由人决定"),
        ("15 of 26 who were due are excluded", "到期的 26 人中有 15 人被排除"),
        ("she has had this week's touches", "本周联系次数已满"),
        ("gold, zh-CN, sms", "金卡，中文，短信"),
        (
            "tea: bought_often (what she buys herself)",
            "tea：常买 · 本人常买的",
        ),
        (
            "somebody else was quicker: birthday of 2017-11-14 is held now. Look again.",
            "有人先一步：2017-11-14 的“生日”现为已暂缓。",
        ),
        ("changed by mei: swap gift", "mei 作了更改：更换礼品"),
        ("is not given where she lives", "该地区不送"),
        ("tea is short; card was her last gift", "tea 不足; 上次送过 card"),
        ("another campaign came first tonight: by birthday", "今晚“生日”优先"),
        (
            "too soon after, or before, another touch: birthday on 2017-11-14",
            "离另一次联系太近：2017-11-14 的“生日”",
        ),
        (
            "email for 14 Nov, with tea: refused by the gateway (42)",
            "邮件，11月14日，礼品 tea：网关拒绝（42）",
        ),
        (
            "Leaves between 14 Nov 09:00 and 14 Nov 20:00.",
            "发送时段：11月14日 09:00 至 11月14日 20:00。",
        ),
        ("Birthday on 4 November 2016.", "生日：2016年11月4日。"),
        (
            "with a card the message cannot be written: birthday/sms.en: the SMS says nothing",
            "改送 a card 后，消息无法写成：birthday/sms.en：短信没有内容。",
        ),
        ("my file.csv is empty. Deliver it.", "文件是空的。即使没有数据，也要有表头。"),
        ("a word of staff's own", "a word of staff's own"),
        ("email for 31 Feb: no such day", "邮件，31 Feb：no such day"),
        ("so she said; " * 2_000, "so she said; " * 2_000),
        ("she moved away; do not write: really", "she moved away; do not write: really"),
    ],
)
def test_what_the_ledger_keeps_in_english_is_said_in_chinese(zh, english, chinese):
    assert zh.told(english) == chinese


def test_a_day_is_the_shops_and_a_chinese_moment_says_which_day(zh):
    english = Speech("en", currency="USD", zone=zh.zone)
    last = datetime(2017, 11, 16, 23, 59, 59, tzinfo=zh.zone).astimezone(UTC)
    assert last.date() == date(2017, 11, 17)
    assert "16 Nov" in english.day(last)
    assert "11月16日" in zh.day(last)
    assert zh.moment(last) == "11月16日 周四 23:59"


@pytest.mark.parametrize("kind", ["told", "template"])
def test_no_pattern_has_a_gap_that_it_does_not_fill(kind):
    assert sentences("zh-CN", of=kind)
    for language in LANGUAGES:
        for pattern, said in sentences(language, of=kind):
            assert gaps(said) <= set(pattern.groupindex), pattern.pattern
            assert language == "en" or re.search(r"[\u4e00-\u9fff`]", said) or gaps(said), said


def test_whatever_is_wrong_with_a_row_of_suppressions_has_a_name_and_a_remedy(zh):
    source = (CONSOLE.parent / "intake" / "suppression_sheet.py").read_text("utf-8")
    raised = {Flaw[name] for name in re.findall(r"Flaw\.([A-Z_]+)", source)} | {Flaw.TORN_ROW}
    assert raised == set(OF_A_SUPPRESSION)
    told = [REMEDIES[flaw] for flaw in (Flaw.TORN_ROW, Flaw.UNKNOWN_CUSTOMER, Flaw.BAD_TIME)]
    told += re.findall(r'(?:remedy=|told = )"([^"]+)"', source)
    assert len(told) >= 6
    assert [one for one in told if zh.told(one) == one] == []
