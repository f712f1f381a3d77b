"""Laws of the encoding, for any text a customer or a template may bring."""

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from care.domain.channel import Channel
from care.domain.content import Content, UnableToEncodeContent, encode
from care.domain.outbound import OutboundMessage
from tests.gateways.builders import a_batch, a_message, an_email, an_sms, lines_of

TROUBLE = '\u2028\u2029\x85\x0b\x0c\x1c\x1e\r\n\t"\\\u202e\ufeff\U0001f382'
ANY = st.characters(codec="utf-8", exclude_characters="\0") | st.sampled_from(TROUBLE)
CONTENT = ("from", "reply_to", "subject", "text", "html", "headers", "unsubscribe_url")
BODY = st.text(ANY, min_size=1)
LINE = st.text(ANY.filter(lambda character: character not in "\r\n"), min_size=1)


@st.composite
def emails(draw: st.DrawFn) -> list[OutboundMessage]:
    """Draw a few e-mails with all kinds of characters in them."""
    return [
        a_message(
            str(number),
            customer_ref=draw(LINE),
            says=an_email(
                subject=draw(LINE),
                text=draw(BODY),
                html=draw(BODY | st.none()),
                headers=draw(st.dictionaries(st.from_regex(r"[A-Za-z-]+", fullmatch=True), LINE)),
            ),
        )
        for number in range(draw(st.integers(1, 4)))
    ]


@settings(max_examples=50)
@given(emails())
def test_every_record_is_one_line_and_reads_back_as_it_was(rows: list[OutboundMessage]) -> None:
    batch = a_batch(rows, records_per_part=10)
    (_, data), *others = batch.parts

    assert not others
    assert data.count(b"\n") == len(rows)
    assert data.endswith(b"\n")
    assert b"\r" not in data
    written = {line["message_id"]: line for line in lines_of(batch)}
    assert len(written) == len(rows)
    for row in rows:
        line = written[row.message_id]
        assert line["customer_ref"] == row.customer_ref
        for name in ("subject", "text", "html", "headers"):
            assert line[name] == json.loads(row.content)[name]


@settings(max_examples=50)
@given(emails())
def test_any_json_library_that_sorts_keys_writes_the_same_bytes(
    rows: list[OutboundMessage],
) -> None:
    for _, data in a_batch(rows).parts:
        for line in data.split(b"\n")[:-1]:
            fields = json.loads(line)
            content = plain({name: fields.pop(name) for name in CONTENT})
            assert plain(fields)[:-1] + b"," + content[1:] == line
            assert hashlib.sha256(content).hexdigest() == fields["render_sha256"]


def plain(fields: dict[str, Any]) -> bytes:
    """Encode as the page for gateways says, with the standard library."""
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


@given(BODY, st.integers(0xD800, 0xDFFF), BODY)
def test_half_a_surrogate_pair_is_refused_wherever_it_hides(
    before: str, half: int, after: str
) -> None:
    with pytest.raises(UnableToEncodeContent):
        encode(an_sms(body=before + chr(half) + after))


@given(BODY, BODY)
def test_a_nul_is_refused_but_its_spelling_is_not(before: str, after: str) -> None:
    spelled = a_message("1", says=an_sms(body=f"{before}\\u0000{after}"))
    assert a_batch([spelled], channel=Channel.SMS).manifest.records == 1

    with pytest.raises(UnableToEncodeContent, match="NUL"):
        encode(an_sms(body=f"{before}\0{after}"))


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (an_email(html=float("nan")), "html is float"),
        (an_email(subject=""), "subject is empty"),
        (an_email(subject="Hi\r\nBcc: all@example.com"), "subject holds a line break"),
        (an_email(headers={"X-Care": "a\nb"}), "header X-Care holds a line break"),
        (an_email(headers={"text": "a\nb"}), "header text holds a line break"),
        (an_email(headers={"X: Care": "a"}), "headers"),
        (an_email(headers={"X-Care": None}), "header X-Care is NoneType"),
        (an_email(text="a\0b"), "text holds a NUL"),
        (an_email(text="half \ud83d a pair"), "surrogates"),
        (an_sms(encoding="latin-1"), "GSM-7, UCS-2"),
        (an_sms(segments=0), "segments"),
        (an_sms(segments=True), "segments is bool"),
    ],
)
def test_content_that_no_gateway_could_take_is_refused_when_it_is_written(
    bad: Content, reason: str
) -> None:
    with pytest.raises(UnableToEncodeContent, match=reason):
        encode(bad)


def test_a_refusal_quotes_nothing_personal() -> None:
    with pytest.raises(UnableToEncodeContent) as refusal:
        encode(an_email(text="secret \ud800"))
    assert "secret" not in str(refusal.value)
