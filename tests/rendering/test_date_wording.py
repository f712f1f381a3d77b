"""What letters on dates must read like: weddings name both, festivals presume nothing."""

import re
from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest

from care.domain.campaigns import CAMPAIGNS
from care.domain.channel import Channel
from care.domain.festival import FESTIVALS
from care.domain.message import Addressee, Letter
from care.rendering.renderer import Renderer
from care.rendering.salutation import called_spouse
from care.rendering.specimen import TIER_NAMES, bare, specimen
from tests.rendering.test_wording import (
    ASCII_BESIDE_CHINESE,
    DOUBLE_SPACE,
    EMPTY_SENTENCE,
    ENGLISH_IN_CHINESE,
    LEFTOVER,
    said,
    squeezed,
    visible,
)

LOCALES = ("zh-CN", "en")
OWN_DAY = CAMPAIGNS["festival"].facts


def every_letter() -> list[Letter]:
    letters = []
    for locale, tier in product(LOCALES, TIER_NAMES["en"]):
        wedding = specimen("wedding_anniversary", Channel.EMAIL, locale, tier)
        alone = replace(wedding.addressee, spouse_name=None)
        letters += [
            wedding,
            bare(wedding),
            replace(wedding, addressee=alone, gift=None),
            replace(wedding, addressee=Addressee(spouse_name=wedding.addressee.spouse_name)),
            replace(wedding, years=1, recommendations=()),
            replace(wedding, years=2),
            replace(wedding, years=50, arrives_on=wedding.arrives_on - timedelta(days=2)),
        ]
        wish = specimen("festival", Channel.EMAIL, locale, tier)
        for facts in (OWN_DAY, *({"festival": name} for name in FESTIVALS)):
            letters += [replace(one, facts=facts) for one in (wish, bare(wish))]
        birthday = specimen("birthday", Channel.EMAIL, locale, tier)
        letters.append(replace(birthday, arrives_on=birthday.arrives_on - timedelta(days=1)))
    return letters


@pytest.mark.parametrize("letter", every_letter(), ids=lambda one: f"{one.campaign} {one.locale}")
def test_no_letter_shows_a_seam_and_its_two_forms_agree(letter: Letter, renderer: Renderer) -> None:
    message = renderer.render(letter)
    words = re.sub(r"https?://\S+", "", said(message))
    for flaw in (LEFTOVER, DOUBLE_SPACE, EMPTY_SENTENCE):
        assert not flaw.search(words), words
    if letter.locale == "zh-CN":
        assert not ASCII_BESIDE_CHINESE.search(words), words
        assert not ENGLISH_IN_CHINESE.search(words), words
    else:
        assert not re.search(r"[\u3000-\u9fff\uff00-\uffef]", words)
    seen = squeezed(visible(message.html))
    for line in message.text.splitlines():
        told = re.sub(r"[：:]? ?https?://\S+", "", line).strip(" ·-—")
        assert squeezed(told) in seen, told


@pytest.mark.parametrize(("locale", "both"), [("zh-CN", "您与陈明远"), ("en", "you and Daniel")])
def test_a_wedding_letter_names_both_where_they_are_known(
    locale: str, both: str, renderer: Renderer
) -> None:
    full = specimen("wedding_anniversary", Channel.EMAIL, locale)
    assert both in said(renderer.render(full))
    alone = replace(full, addressee=replace(full.addressee, spouse_name=None))
    told = said(renderer.render(alone))
    assert not re.search(r"您与|and Daniel|陈明远", told)


@pytest.mark.parametrize("locale", LOCALES)
def test_every_festival_has_words_of_its_own(locale: str, renderer: Renderer) -> None:
    wish = specimen("festival", Channel.EMAIL, locale)
    letters = [replace(wish, facts={"festival": name}) for name in FESTIVALS]
    told = [renderer.render(letter) for letter in [*letters, replace(wish, facts=OWN_DAY)]]
    assert len({message.subject for message in told}) == len(FESTIVALS) + 1
    assert len({message.text for message in told}) == len(FESTIVALS) + 1


@pytest.mark.parametrize("locale", LOCALES)
def test_mothers_day_presumes_nothing(locale: str, renderer: Renderer) -> None:
    wish = specimen("festival", Channel.EMAIL, locale)
    told = said(renderer.render(replace(wish, facts={"festival": "mothers-day"})))
    assert not re.search(r"your mother|your mom|your child|您的母亲|您的孩子|快乐", told)


@pytest.mark.parametrize("locale", LOCALES)
def test_an_early_birthday_wish_says_that_it_is_early(locale: str, renderer: Renderer) -> None:
    letter = specimen("birthday", Channel.EMAIL, locale)
    early = {"zh-CN": "您的生日就在这一两天", "en": "Your birthday is only just ahead"}[locale]
    assert early not in said(renderer.render(letter))
    ahead = replace(letter, arrives_on=letter.arrives_on - timedelta(days=2))
    assert early in said(renderer.render(ahead))


SPOUSES = {
    "by name": ({"spouse_name": "Daniel"}, "Daniel"),
    "shouted in an old form": ({"spouse_name": "DANIEL"}, "Daniel"),
    "unknown": ({}, None),
    "a telephone number": ({"spouse_name": "138****5678"}, None),
    "an attempt at a template": ({"spouse_name": "{{7*7}}"}, None),
    "a lone control character": ({"spouse_name": "\x00"}, None),
    "the customer herself": ({"spouse_name": "Emma", "given_name": "Emma"}, None),
}


@pytest.mark.parametrize(("known", "expected"), SPOUSES.values(), ids=SPOUSES)
def test_a_spouse_is_called_by_name_or_not_at_all(known: dict, expected: str | None) -> None:
    assert called_spouse(Addressee(**known)) == expected
