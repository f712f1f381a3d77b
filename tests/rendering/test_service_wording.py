"""Letters about what she owns: they read well whatever is known, and say why she gets them."""

import re
from dataclasses import replace
from datetime import date
from itertools import product as iterate
from pathlib import Path

import pytest

from care.domain.channel import Channel
from care.domain.message import Letter, ProductLine, RenderedEmail
from care.rendering.renderer import Renderer
from care.rendering.specimen import bare, specimen, specimens
from tests.rendering.test_email_html import ENOUGH, Page, contrast, dark_overrides
from tests.rendering.test_hostile_values import HOSTILE, assert_harmless
from tests.rendering.test_wording import (
    ASCII_BESIDE_CHINESE,
    DOUBLE_SPACE,
    EMPTY_SENTENCE,
    ENGLISH_IN_CHINESE,
    LEFTOVER,
    squeezed,
    visible,
)

OWED = ("order_progress", "quality_notice", "service_follow_up")
CAMPAIGNS = ("hand_over", "maintenance", "post_purchase", "warranty", *OWED)
TOLD = {
    "order_progress": ({"happened": "failed", "order": "A-7"}, {"happened": "late"}),
    "service_follow_up": tuple({"kind": kind} for kind in ("complaint", "repair", "return")),
}
LOCALES = ("zh-CN", "en")


def rendered(renderer: Renderer, letter: Letter) -> RenderedEmail:
    message = renderer.render(letter)
    assert isinstance(message, RenderedEmail)
    return message


def products_of(letter: Letter) -> tuple[ProductLine | None, ...]:
    """The product named, and none where the campaign may have none to name."""
    without = ("order_progress", "post_purchase", "service_follow_up")
    return (letter.product, None) if letter.campaign in without else (letter.product,)


def plain(letter: Letter) -> dict[str, str | int | date]:
    """The facts but for the shop's own keys, which are in no language."""
    return {name: value for name, value in letter.facts.items() if name != "order"}


@pytest.mark.parametrize("campaign", CAMPAIGNS)
@pytest.mark.parametrize("locale", LOCALES)
def test_no_letter_shows_a_seam_whatever_is_known(
    campaign: str, locale: str, renderer: Renderer
) -> None:
    for letter in specimens(campaign, Channel.EMAIL, locale):
        for facts, product in iterate(
            (letter.facts, {}, *TOLD.get(campaign, ())), products_of(letter)
        ):
            message = rendered(renderer, replace(letter, facts=facts, product=product))
            words = f"{message.subject}\n{message.text}"
            for flaw in (LEFTOVER, DOUBLE_SPACE, EMPTY_SENTENCE):
                assert not flaw.search(words), words
            seen = squeezed(visible(message.html))
            for line in message.text.splitlines():
                said = re.sub(r"[：:]? ?https?://\S+", "", line).strip(" ·-—")
                assert squeezed(said) in seen, said


@pytest.mark.parametrize("campaign", CAMPAIGNS)
def test_each_language_keeps_to_itself(campaign: str, renderer: Renderer) -> None:
    for letter in specimens(campaign, Channel.EMAIL, "zh-CN"):
        message = rendered(renderer, replace(letter, facts=plain(letter)))
        words = re.sub(r"https?://\S+", "", f"{message.subject}\n{message.text}")
        assert not ASCII_BESIDE_CHINESE.search(words), words
        assert not ENGLISH_IN_CHINESE.search(words), words
    for letter in specimens(campaign, Channel.EMAIL, "en"):
        message = rendered(renderer, letter)
        assert not re.search(r"[\u3000-\u9fff\uff00-\uffef]", message.subject + message.text)


@pytest.mark.parametrize("campaign", CAMPAIGNS)
@pytest.mark.parametrize(("locale", "agreed"), [("en", "agreed"), ("zh-CN", "同意")])
def test_what_is_owed_does_not_claim_that_she_agreed_to_it(
    campaign: str, locale: str, agreed: str, renderer: Renderer
) -> None:
    message = rendered(renderer, specimen(campaign, Channel.EMAIL, locale))
    assert (agreed in message.text) is (campaign not in OWED)


@pytest.mark.parametrize(("locale", "day"), [("en", "June 8"), ("zh-CN", "6月8日")])
def test_a_warranty_names_its_last_day(locale: str, day: str, renderer: Renderer) -> None:
    letter = specimen("warranty", Channel.EMAIL, locale)
    assert day in rendered(renderer, letter).text
    next_year = replace(letter, facts={"ends_on": date(2027, 6, 8)})
    assert "2027" in rendered(renderer, next_year).text


@pytest.mark.parametrize("locale", LOCALES)
def test_a_quality_notice_names_the_product_to_whomever_it_is_written(
    locale: str, renderer: Renderer
) -> None:
    letter = bare(specimen("quality_notice", Channel.EMAIL, locale))
    assert letter.product is not None
    assert letter.product.name in rendered(renderer, letter).text.lower()


@pytest.mark.parametrize(
    ("locale", "late", "failed"), [("en", "late", "not deliver"), ("zh-CN", "晚了", "没能送到")]
)
def test_late_and_failed_are_told_apart(
    locale: str, late: str, failed: str, renderer: Renderer
) -> None:
    letter = specimen("order_progress", Channel.EMAIL, locale)
    assert late in rendered(renderer, letter).subject
    told = replace(letter, facts={"order": "A-7", "happened": "failed"})
    message = rendered(renderer, told)
    assert failed in message.subject
    assert "A-7" in message.text


@pytest.mark.parametrize("word", HOSTILE, ids=lambda word: repr(word)[:24])
@pytest.mark.parametrize("locale", LOCALES)
def test_hostile_names_and_facts_are_harmless(locale: str, word: str, renderer: Renderer) -> None:
    for campaign in CAMPAIGNS:
        letter = specimen(campaign, Channel.EMAIL, locale)
        told = {
            name: word if isinstance(value, str) else value for name, value in letter.facts.items()
        }
        assert_harmless(renderer, replace(letter, facts=told), word)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_text_can_be_read(dark: bool, renderer: Renderer, templates: Path) -> None:
    overrides = dark_overrides(templates) if dark else {}
    for campaign in CAMPAIGNS:
        for letter in specimens(campaign, Channel.EMAIL, "en"):
            for text, look in Page(rendered(renderer, letter).html, overrides).texts:
                assert contrast(look.color, look.background) >= ENOUGH, (text, look)
