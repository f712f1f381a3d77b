"""What every message must read like, whoever it is written to."""

import re
from dataclasses import replace
from datetime import date, timedelta
from itertools import product

import pytest

from care.domain.campaigns import CAMPAIGNS
from care.domain.channel import Channel
from care.domain.message import Addressee, GiftLine, Letter, Rendered, RenderedEmail
from care.rendering.renderer import Renderer
from care.rendering.specimen import TIER_NAMES, bare, specimen
from tests.rendering.shipped import PAIRS

LOCALES = ("zh-CN", "en")

# An apology is the same for everybody.
VOICES = {("replenishment", Channel.SMS): 2, ("bad_review", Channel.EMAIL): 1}

LEFTOVER = re.compile(r"{{|}}|{%|%}|\bNone\b|\bnan\b|\bTrue\b|\bFalse\b")
DOUBLE_SPACE = re.compile(r"\S {2,}")
EMPTY_SENTENCE = re.compile(
    r"[。！？，：；,;!?]\s*[。，；,;]|(?<!\.)\.\s*[.,;]|(?m:^\s*[,.;，。；、])| [,.;]"
)
ASCII_BESIDE_CHINESE = re.compile(r"[\u4e00-\u9fff][,.;:!?()\"']|[,.;:!?()\"'][\u4e00-\u9fff]")
ENGLISH_IN_CHINESE = re.compile(r"[a-z]{2,}")


def every_letter() -> list[Letter]:
    letters = []
    for (campaign, channel), locale, tier in product(PAIRS, LOCALES, TIER_NAMES["en"]):
        full = specimen(campaign, channel, locale, tier)
        letters += [replace(full, facts=told) for told in CAMPAIGNS[campaign].examples]
        for gift, others, name in product((True, False), repeat=3):
            letters.append(
                replace(
                    full,
                    gift=full.gift if gift else None,
                    recommendations=full.recommendations if others else (),
                    addressee=full.addressee if name else Addressee(),
                )
            )
        letters += [
            bare(full),
            replace(full, shop=replace(full.shop, phone=None)),
            replace(full, shop=replace(full.shop, signed_by=None)),
            replace(full, years=1),
            replace(full, years=12, arrives_on=full.arrives_on + timedelta(days=2)),
            replace(full, gift=GiftLine(full.gift.name)),
        ]
    return letters


def said(message: Rendered) -> str:
    if isinstance(message, RenderedEmail):
        return f"{message.subject}\n{message.text}"
    return message.body


@pytest.fixture(scope="module")
def spoken(renderer: Renderer) -> list[tuple[Letter, Rendered]]:
    return [(letter, renderer.render(letter)) for letter in every_letter()]


@pytest.mark.parametrize("flaw", [LEFTOVER, DOUBLE_SPACE, EMPTY_SENTENCE], ids=str)
def test_no_message_shows_a_seam(flaw: re.Pattern[str], spoken: list) -> None:
    assert [found.group() for _, message in spoken if (found := flaw.search(said(message)))] == []


def test_no_html_shows_a_seam(spoken: list) -> None:
    for _, message in spoken:
        if isinstance(message, RenderedEmail):
            body = message.html.partition("<body")[2]
            assert not LEFTOVER.search(body)
            assert not re.search(r"<(p|h1|td)[^>]*>\s*</\1>", body), "an empty paragraph"


def test_chinese_messages_use_chinese_punctuation_and_words(spoken: list) -> None:
    for letter, message in spoken:
        if letter.locale == "zh-CN":
            words = re.sub(r"https?://\S+", "", said(message))
            assert not ASCII_BESIDE_CHINESE.search(words), words
            assert not ENGLISH_IN_CHINESE.search(words), words


def test_english_messages_have_no_chinese(spoken: list) -> None:
    for letter, message in spoken:
        if letter.locale == "en":
            assert not re.search(r"[\u3000-\u9fff\uff00-\uffef]", said(message))


def test_nobody_shouts(spoken: list) -> None:
    for _, message in spoken:
        words = said(message)
        assert not re.search(r"[!！]{2}|[!！].*[!！].*[!！]", words), words
        shouted = set(re.findall(r"\b[A-Z]{3,}\b", words)) - {"STOP", "ROSE", "BLN"}
        assert not shouted


def test_html_and_text_say_the_same(spoken: list) -> None:
    for _, message in spoken:
        if isinstance(message, RenderedEmail):
            seen = squeezed(visible(message.html))
            for line in message.text.splitlines():
                words = re.sub(r"[：:]? ?https?://\S+", "", line).strip(" ·-—")
                assert squeezed(words) in seen, words


@pytest.mark.parametrize(("campaign", "channel"), PAIRS)
@pytest.mark.parametrize("locale", LOCALES)
def test_each_tier_is_spoken_to_in_its_own_way(
    campaign: str, channel: Channel, locale: str, renderer: Renderer
) -> None:
    letters = [specimen(campaign, channel, locale, tier) for tier in TIER_NAMES["en"]]
    different = {said(renderer.render(letter)) for letter in letters}
    assert len(different) == VOICES.get((campaign, channel), 4)


@pytest.mark.parametrize("channel", Channel)
@pytest.mark.parametrize(("locale", "age"), [("zh-CN", "三十七"), ("en", "37")])
def test_a_birthday_never_says_an_age(
    channel: Channel, locale: str, age: str, renderer: Renderer
) -> None:
    letter = replace(specimen("birthday", channel, locale), years=37)
    message = renderer.render(letter)
    assert age not in said(message)
    assert "37" not in said(message)


NO_WINDOW = {
    "unknown": (None, None),
    "half known": (date(2026, 5, 21), None),
    "one day only": (date(2026, 5, 21), date(2026, 5, 21)),
    "over": (date(2026, 5, 10), date(2026, 5, 18)),
}


@pytest.mark.parametrize("channel", Channel)
@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("window", NO_WINDOW.values(), ids=NO_WINDOW)
def test_replenishment_without_a_true_window_says_no_date(
    channel: Channel, locale: str, window: tuple[date | None, date | None], renderer: Renderer
) -> None:
    full = specimen("replenishment", channel, locale)
    letter = replace(full, window_from=window[0], window_to=window[1], gift=None)
    assert not re.search(r"\d月|\d日|\bMay\b|\bJune\b", said(renderer.render(letter)))


@pytest.mark.parametrize(
    ("locale", "expected"),
    [("zh-CN", "5月21日至27日之间"), ("en", "between May 21 and May 27")],
)
def test_replenishment_says_its_window(locale: str, expected: str, renderer: Renderer) -> None:
    for channel in Channel:
        assert expected in said(renderer.render(specimen("replenishment", channel, locale)))


@pytest.mark.parametrize(
    ("locale", "expected"), [("zh-CN", "这几天可能"), ("en", "between now and")]
)
def test_a_window_that_has_begun_does_not_name_a_day_gone_by(
    locale: str, expected: str, renderer: Renderer
) -> None:
    for channel in Channel:
        letter = specimen("replenishment", channel, locale)
        message = renderer.render(replace(letter, arrives_on=date(2026, 5, 23), gift=None))
        assert expected in said(message)
        assert "21" not in said(message)


@pytest.mark.parametrize(
    ("locale", "today", "later"),
    [("zh-CN", "三年前的今天", "三年前的这几天"), ("en", "ago today", "ago this week")],
)
def test_an_anniversary_told_late_is_not_said_to_be_today(
    locale: str, today: str, later: str, renderer: Renderer
) -> None:
    letter = specimen("membership_anniversary", Channel.EMAIL, locale)
    assert today in said(renderer.render(letter))
    afterwards = replace(letter, arrives_on=letter.arrives_on + timedelta(days=2))
    assert later in said(renderer.render(afterwards))


def test_a_voucher_that_outlives_the_year_names_its_year(renderer: Renderer) -> None:
    letter = specimen("birthday", Channel.EMAIL, "zh-CN")
    gift = replace(letter.gift, valid_until=date(2027, 1, 15))
    assert "2027年1月15日" in said(renderer.render(replace(letter, gift=gift)))


def visible(html: str) -> str:
    body = re.sub(r"<!--.*?-->|<div class=\"preview\".*?</div>", "", html.partition("<body")[2])
    entities = {"&nbsp;": " ", "&amp;": "&", "&#39;": "'", "&#34;": '"', "&lt;": "<", "&gt;": ">"}
    text = re.sub(r"<[^>]+>", "", body[body.index(">") + 1 :])
    for entity, character in entities.items():
        text = text.replace(entity, character)
    return text


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)
