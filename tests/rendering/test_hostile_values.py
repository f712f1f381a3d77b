"""Names and products as strangers type them: harmless in every message, or set aside by reason."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from care.domain.channel import Channel
from care.domain.message import Addressee, GiftLine, Letter, ProductLine, RenderedEmail
from care.rendering.guard import UnableToSay, checked_subject, checked_url, clean
from care.rendering.renderer import Renderer, UnableToRender
from care.rendering.specimen import specimen
from tests.rendering.shipped import BY_EMAIL, BY_SMS

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=300)
HOSTILE = [
    "{{7*7}}",
    "{% for x in ().__class__.__base__.__subclasses__() %}{{ x }}{% endfor %}",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "Emma\r\nBcc: everyone@example.com",
    "Emma\u2028Bcc: everyone@example.com",
    "\u202eadminEmma\u202c",
    "Emma\x00\x1b[31m",
    "\ud83d half an emoji",
    "=HYPERLINK(1)",
    "x" * 10_000,
    "\u0000",
    "王" * 10_000,
    "e\u0301" * 500,
]


CONTROLS = re.compile("[\x00-\x09\x0b-\x1f\x7f\u2028-\u202e\u2066\u2067\ud800-\udfff]")


class Tags(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(f"{tag} {sorted(name for name, _ in attrs)}")


def with_words(letter: Letter, word: str) -> Letter:
    return replace(
        letter,
        addressee=Addressee(name=word, family_name=word, given_name=word, honorific=word),
        product=ProductLine(word, word),
        recommendations=(ProductLine(word, word),),
        gift=GiftLine(word, word, "CODE7", letter.gift.valid_until if letter.gift else None),
    )


def assert_harmless(renderer: Renderer, letter: Letter, word: str) -> None:
    """The message has no tag or line that a harmless one lacks, or was set aside with a reason."""
    try:
        message = renderer.render(with_words(letter, word))
    except UnableToRender as error:
        assert "visible name" in error.why  # noqa: PT017
        return
    if isinstance(message, RenderedEmail):
        model = renderer.render(with_words(letter, "Rose"))
        assert isinstance(model, RenderedEmail)
        assert set(Tags(message.html).seen) <= set(Tags(model.html).seen)
        assert message.subject.splitlines() == [message.subject]
        assert not CONTROLS.search(message.text + message.html)
    else:
        assert message.body.splitlines() == [message.body]
        assert not CONTROLS.search(message.body)


@settings(derandomize=True, deadline=None, max_examples=150)
@given(word=ANY_TEXT)
@pytest.mark.parametrize("campaign", ["birthday", "replenishment"])
@pytest.mark.parametrize("channel", Channel)
def test_no_word_changes_the_shape_of_a_message(
    renderer: Renderer, campaign: str, channel: Channel, word: str
) -> None:
    assert_harmless(renderer, specimen(campaign, channel, "en"), word)


@pytest.mark.parametrize("word", HOSTILE, ids=lambda word: repr(word)[:24])
@pytest.mark.parametrize("locale", ["zh-CN", "en"])
@pytest.mark.parametrize("channel", Channel)
def test_hostile_words_are_harmless(
    renderer: Renderer, channel: Channel, locale: str, word: str
) -> None:
    for campaign in BY_EMAIL if channel is Channel.EMAIL else BY_SMS:
        assert_harmless(renderer, specimen(campaign, channel, locale), word)


def test_a_template_in_a_name_stays_the_letters_it_is(renderer: Renderer) -> None:
    letter = specimen("birthday", Channel.EMAIL, "en")
    message = renderer.render(replace(letter, gift=GiftLine("{{7*7}} tea")))
    assert isinstance(message, RenderedEmail)
    assert "{{7*7}} tea" in message.text
    assert "{{7*7}} tea" in message.html
    assert "49" not in message.text


def test_markup_in_a_name_is_shown_as_letters(renderer: Renderer) -> None:
    letter = specimen("birthday", Channel.EMAIL, "en")
    message = renderer.render(replace(letter, gift=GiftLine("<b>tea</b> & cake")))
    assert isinstance(message, RenderedEmail)
    assert "&lt;b&gt;tea&lt;/b&gt; &amp; cake" in message.html
    assert "<b>tea</b> & cake" in message.text


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("王\x00小雨", "王小雨"),
        ("Emma\r\nCarter", "Emma Carter"),
        ("\u202eEmma\u202c", "Emma"),
        ("👩\u200d👧 Emma", "👩\u200d👧 Emma"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("  Emma \t  Carter ", "Emma Carter"),
        ("e\u0301va", "éva"),
        ("a" * 30, "a" * 19 + "…"),
        ("ab" + "👩\u200d👧" * 7, "ab" + "👩\u200d👧" * 5 + "👩…"),
        ("\ud800", ""),
    ],
)
def test_clean_keeps_what_can_be_seen(typed: str, shown: str) -> None:
    assert clean(typed, limit=20) == shown


@pytest.mark.parametrize("subject", ["", "a\nb", "a\rb", "a\x00b", "a\u2028b", "x" * 151, "\ud800"])
def test_a_subject_that_could_break_its_header_is_refused(subject: str) -> None:
    with pytest.raises(UnableToSay, match="the subject"):
        checked_subject(subject)


@pytest.mark.parametrize(
    "subject", ["生日快乐 🎂", "Happy birthday, \u2068محمد\u2069", "👩\u200d👧"]
)
def test_a_subject_may_hold_emoji_and_isolates(subject: str) -> None:
    assert checked_subject(subject) == subject


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "https://x.example/ y", 'https://x"onclick=', "ftp://x", "", "//x"],
)
def test_a_link_that_is_no_plain_web_address_is_refused(url: str) -> None:
    with pytest.raises(UnableToSay, match="link"):
        checked_url(url)
