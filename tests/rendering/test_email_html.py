"""HTML that mail clients, screen readers and tired eyes can take."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from itertools import product
from pathlib import Path

import pytest

from care.domain.channel import Channel
from care.domain.message import RenderedEmail
from care.rendering.renderer import Renderer
from care.rendering.specimen import specimens
from tests.rendering.shipped import BY_EMAIL

VOID = {"meta", "br", "hr", "img", "link", "input"}
ENOUGH = 4.5


@dataclass(frozen=True)
class Look:
    color: str
    background: str
    shown: bool


class Page(HTMLParser):
    """Walks a page and notes every text with the colours it is shown in."""

    def __init__(self, html: str, overrides: dict[str, dict[str, str]]) -> None:
        super().__init__()
        self.overrides = overrides
        self.looks = [Look("#000000", "#ffffff", shown=True)]
        self.texts: list[tuple[str, Look]] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append((tag, given))
        style = dict(
            (part.strip() for part in rule.split(":", 1))
            for rule in (given.get("style") or "").split(";")
            if ":" in rule
        )
        for name in (given.get("class") or "").split():
            style |= self.overrides.get(name, {})
        last = self.looks[-1]
        look = Look(
            style.get("color", last.color),
            style.get("background-color", last.background),
            last.shown and style.get("display") != "none" and tag not in ("style", "title"),
        )
        if tag not in VOID:
            self.looks.append(look)

    def handle_endtag(self, tag: str) -> None:
        self.looks.pop()

    def handle_data(self, data: str) -> None:
        if self.looks[-1].shown and data.strip("\xa0 \n"):
            self.texts.append((data.strip(), self.looks[-1]))


def contrast(one: str, other: str) -> float:
    """WCAG 2.2 contrast ratio of two `#rrggbb` colours."""

    def luminance(color: str) -> float:
        channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = [
            c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
        ]
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def dark_overrides(templates: Path) -> dict[str, dict[str, str]]:
    css = (
        (templates / "_partials/media.css").read_text("utf-8").partition("prefers-color-scheme")[2]
    )
    found: dict[str, dict[str, str]] = {}
    for selectors, rules in re.findall(r"([^{}]+){([^{}]+)}", css.partition("{")[2]):
        style = dict(
            (part.strip() for part in rule.replace("!important", "").split(":", 1))
            for rule in rules.split(";")
            if ":" in rule
        )
        for selector in selectors.split(","):
            found.setdefault(selector.strip().removeprefix("."), {}).update(style)
    return found


@pytest.fixture(scope="module")
def pages(renderer: Renderer) -> list[RenderedEmail]:
    def rendered() -> Iterator[RenderedEmail]:
        for campaign, locale in product(BY_EMAIL, ("zh-CN", "en")):
            for letter in specimens(campaign, Channel.EMAIL, locale):
                message = renderer.render(letter)
                assert isinstance(message, RenderedEmail)
                yield message

    return list(rendered())


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_text_can_be_read(pages: list[RenderedEmail], dark: bool, templates: Path) -> None:
    overrides = dark_overrides(templates) if dark else {}
    assert not dark or "words" in overrides
    for message in pages:
        texts = Page(message.html, overrides).texts
        assert len(texts) > 8
        for text, look in texts:
            assert contrast(look.color, look.background) >= ENOUGH, (text, look)


def test_the_page_says_its_language_and_charset(pages: list[RenderedEmail]) -> None:
    for message in pages:
        locale = message.template.partition(".")[2]
        assert f'<html lang="{locale}" dir="ltr">' in message.html
        assert message.html.index('<meta charset="utf-8">') < 300


def test_layout_tables_are_not_read_out(pages: list[RenderedEmail]) -> None:
    for message in pages:
        tables = [attrs for tag, attrs in Page(message.html, {}).tags if tag == "table"]
        assert {table.get("role") for table in tables} == {"presentation"}


def test_nothing_is_fetched_and_nothing_runs(pages: list[RenderedEmail]) -> None:
    for message in pages:
        assert not re.search(r"<(img|script|link|iframe|form)\b|url\(|@import|\ssrc=", message.html)


def test_css_is_in_the_tags_and_only_media_queries_stay_in_the_head(
    pages: list[RenderedEmail],
) -> None:
    for message in pages:
        style = message.html.partition("<style>")[2].partition("</style>")[0]
        assert re.sub(r"@media[^{]+{(?:[^{}]+{[^{}]*})*\s*}", "", style).strip() == ""
        classed = [
            attrs
            for tag, attrs in Page(message.html, {}).tags
            if attrs.get("class") and tag in ("p", "td", "h1", "a")
        ]
        assert all(attrs.get("style") for attrs in classed)


def test_no_column_is_wider_than_600_pixels(pages: list[RenderedEmail]) -> None:
    for message in pages:
        assert "max-width: 600px" in message.html
        widths = re.findall(r"[^-]width[=:] ?\"?(\d+)", message.html)
        assert max(map(int, widths)) <= 600


def test_a_message_stays_far_below_what_gmail_cuts_off(pages: list[RenderedEmail]) -> None:
    assert max(len(message.html.encode()) for message in pages) < 30_000
