"""Every campaign, channel, locale and tier, kept word for word so that a diff shows a new wording.

`CARE_UPDATE_GOLDEN=1 pytest tests/rendering/test_golden_messages.py` writes them anew.
"""

import os
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from care.domain.channel import Channel
from care.domain.message import Letter, Rendered, RenderedEmail
from care.rendering.renderer import Renderer
from care.rendering.specimen import TIER_NAMES, bare, specimen

GOLDEN = Path(__file__).parents[1] / "rendered"
CAMPAIGNS = ("birthday", "membership_anniversary", "replenishment")
BY_EMAIL = (
    "hand_over",
    "maintenance",
    "order_progress",
    "post_purchase",
    "quality_notice",
    "service_follow_up",
    "warranty",
)
WITH_HTML = ("diamond", "unknown")


def cases(campaign: str, channel: Channel, locale: str) -> Iterator[tuple[str, Letter]]:
    for tier in TIER_NAMES["en"]:
        yield tier, specimen(campaign, channel, locale, tier)
    known = specimen(campaign, channel, locale)
    yield "unknown", bare(known)
    if campaign != "birthday":
        yield "later", replace(known, years=1, arrives_on=known.arrives_on.replace(day=22))


def goldens() -> Iterator[tuple[str, Letter, bool]]:
    everywhere = product(CAMPAIGNS, Channel, ("zh-CN", "en"))
    by_email = product(BY_EMAIL, (Channel.EMAIL,), ("zh-CN", "en"))
    for campaign, channel, locale in (*everywhere, *by_email):
        for case, letter in cases(campaign, channel, locale):
            stem = f"{campaign}/{channel}.{locale}.{case}"
            yield f"{stem}.txt", letter, False
            if channel is Channel.EMAIL and case in WITH_HTML:
                yield f"{stem}.html", letter, True


def spoken(message: Rendered, *, as_html: bool) -> str:
    if not isinstance(message, RenderedEmail):
        return f"{message.body}\n\n({message.segments} x {message.encoding})\n"
    return f"{message.html}\n" if as_html else f"Subject: {message.subject}\n\n{message.text}\n"


@pytest.mark.parametrize(
    ("name", "letter", "as_html"), [pytest.param(*golden, id=golden[0]) for golden in goldens()]
)
def test_message_reads_as_it_was_agreed(
    name: str, letter: Letter, as_html: bool, renderer: Renderer
) -> None:
    said = spoken(renderer.render(letter), as_html=as_html).encode()
    path = GOLDEN / name
    if os.environ.get("CARE_UPDATE_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(said)
    assert path.read_bytes() == said


def test_no_golden_message_is_left_from_a_case_that_is_gone() -> None:
    kept = {path.relative_to(GOLDEN).as_posix() for path in GOLDEN.rglob("*.*") if path.is_file()}
    assert kept == {name for name, _, _ in goldens()}
