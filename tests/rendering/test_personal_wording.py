"""Letters that come from a person: signed by her advisor, and whole where she has none."""

from dataclasses import replace

import pytest

from care.domain.campaigns import CAMPAIGNS
from care.domain.channel import Channel
from care.domain.message import Addressee, Advisor, Letter, RenderedEmail
from care.rendering.renderer import Renderer
from care.rendering.specimen import bare, specimen, specimens
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

PERSONAL = sorted(name for name, campaign in CAMPAIGNS.items() if campaign.personal)
SPOKEN = [*PERSONAL, "referral_thanks"]
LOCALES = ("zh-CN", "en")


def rendered(renderer: Renderer, letter: Letter) -> RenderedEmail:
    message = renderer.render(letter)
    assert isinstance(message, RenderedEmail)
    return message


def every_turn(campaign: str, locale: str) -> list[Letter]:
    letters = []
    for letter in specimens(campaign, Channel.EMAIL, locale):
        full = letter.advisor or specimen(campaign, Channel.EMAIL, locale).advisor
        assert full is not None
        for facts in CAMPAIGNS[campaign].examples:
            for advisor in (None, full, Advisor(full.name)):
                letters += [
                    replace(letter, facts=facts, advisor=advisor, product=product)
                    for product in (letter.product, None)
                ]
    return letters


@pytest.mark.parametrize("campaign", SPOKEN)
@pytest.mark.parametrize("locale", LOCALES)
def test_no_letter_shows_a_seam_whoever_signs_it(
    campaign: str, locale: str, renderer: Renderer
) -> None:
    for letter in every_turn(campaign, locale):
        message = rendered(renderer, letter)
        words = f"{message.subject}\n{message.text}"
        for flaw in (LEFTOVER, DOUBLE_SPACE, EMPTY_SENTENCE):
            assert not flaw.search(words), words
        assert "\n\n\n\n" not in message.text
        seen = squeezed(visible(message.html))
        for line in message.text.splitlines():
            if "http" not in line:
                assert squeezed(line.strip(" ·-—")) in seen, line


@pytest.mark.parametrize("campaign", SPOKEN)
def test_each_language_keeps_to_itself(campaign: str, renderer: Renderer) -> None:
    for letter in every_turn(campaign, "zh-CN"):
        message = rendered(renderer, letter)
        words = "\n".join(line for line in message.text.splitlines() if "http" not in line)
        assert not ASCII_BESIDE_CHINESE.search(words), words
        assert not ENGLISH_IN_CHINESE.search(words), words


@pytest.mark.parametrize("campaign", PERSONAL)
@pytest.mark.parametrize("locale", LOCALES)
def test_her_advisor_signs_and_says_where_to_reach_her(
    campaign: str, locale: str, renderer: Renderer
) -> None:
    letter = specimen(campaign, Channel.EMAIL, locale)
    assert letter.advisor is not None
    assert letter.advisor.phone is not None
    text = rendered(renderer, letter).text
    assert f"\n{letter.advisor.name}\n{letter.shop.name}\n" in text
    assert letter.advisor.phone in text
    without = rendered(renderer, replace(letter, advisor=None)).text
    assert letter.advisor.name not in without
    assert letter.advisor.phone not in without


@pytest.mark.parametrize(
    ("locale", "one", "many"), [("en", r" I ", " we "), ("zh-CN", "我给您", "我们给您")]
)
def test_where_nobody_is_named_the_shop_is_sorry(
    locale: str, one: str, many: str, renderer: Renderer
) -> None:
    letter = specimen("bad_review", Channel.EMAIL, locale)
    assert one in rendered(renderer, letter).text
    text = rendered(renderer, bare(letter)).text
    assert one not in text
    assert many in text


@pytest.mark.parametrize(("locale", "agreed"), [("en", "agreed"), ("zh-CN", "同意")])
def test_an_apology_does_not_claim_that_she_agreed_to_it(
    locale: str, agreed: str, renderer: Renderer
) -> None:
    assert agreed not in rendered(renderer, specimen("bad_review", Channel.EMAIL, locale)).text


@pytest.mark.parametrize("word", HOSTILE, ids=lambda word: repr(word)[:24])
@pytest.mark.parametrize("campaign", PERSONAL)
def test_a_hostile_advisor_is_harmless(campaign: str, word: str, renderer: Renderer) -> None:
    letter = specimen(campaign, Channel.EMAIL, "en")
    named = replace(letter, advisor=Advisor(word, word, word), addressee=Addressee())
    assert_harmless(renderer, named, word)


def test_an_advisor_without_a_visible_name_is_none(renderer: Renderer) -> None:
    letter = specimen("bad_review", Channel.EMAIL, "en")
    nameless = rendered(renderer, replace(letter, advisor=Advisor("\u200b\u202e")))
    assert nameless.text == rendered(renderer, replace(letter, advisor=None)).text


@pytest.mark.parametrize(
    ("locale", "asks"), [("en", "bring them along"), ("zh-CN", "带他们一起来")]
)
def test_who_helped_others_is_asked_for_nothing(locale: str, asks: str, renderer: Renderer) -> None:
    letter = specimen("referral_thanks", Channel.EMAIL, locale)
    assert asks in rendered(renderer, letter).text
    helped = replace(letter, facts={"why": "helped", "about": "review"})
    assert asks not in rendered(renderer, helped).text
