"""A word about what she left: it helps, hurries nobody, and never says that anybody watched."""

import re
from dataclasses import replace
from itertools import product as iterate

import pytest

from care.domain.campaigns import CAMPAIGNS
from care.domain.channel import Channel
from care.domain.message import RenderedEmail
from care.rendering.renderer import Renderer
from care.rendering.specimen import specimens
from tests.rendering.test_wording import DOUBLE_SPACE, EMPTY_SENTENCE, LEFTOVER

WATCHED = re.compile(
    r"notic|\b(saw|seen|viewed|viewing|looked|looking|brows|visit)|注意到|发现您|看到您|看过|浏览|关注"
)
PUSHING = re.compile(r"hurry|last chance|only \d|don't miss|forgot|赶快|抓紧|错过|最后|忘了|仅剩")
TURNS = ({}, *CAMPAIGNS["browse_reminder"].examples)


@pytest.mark.parametrize("locale", ["zh-CN", "en"])
def test_it_reads_well_whatever_is_known_and_sounds_neither_watchful_nor_pushing(
    locale: str, renderer: Renderer
) -> None:
    for letter in specimens("browse_reminder", Channel.EMAIL, locale):
        for facts, product in iterate(TURNS, (letter.product, None)):
            message = renderer.render(replace(letter, facts=facts, product=product))
            assert isinstance(message, RenderedEmail)
            words = f"{message.subject}\n{message.text}"
            for flaw in (LEFTOVER, DOUBLE_SPACE, EMPTY_SENTENCE, WATCHED, PUSHING):
                assert not flaw.search(words), words


@pytest.mark.parametrize(("locale", "paid"), [("zh-CN", "已经付过"), ("en", "paid meanwhile")])
def test_who_has_paid_meanwhile_is_told_to_forget_it(
    locale: str, paid: str, renderer: Renderer
) -> None:
    for letter in specimens("browse_reminder", Channel.EMAIL, locale):
        for facts in TURNS:
            message = renderer.render(replace(letter, facts=facts))
            assert isinstance(message, RenderedEmail)
            assert (paid in message.text) is (facts.get("matter") == "unpaid")
            assert (paid in message.html) is (facts.get("matter") == "unpaid")
