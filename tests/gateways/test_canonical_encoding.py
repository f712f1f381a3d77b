"""Laws of the encoding, for any text a customer or a template may bring."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from care.domain.batch import OutboundMessage, UnableToSealBatch
from care.domain.channel import Channel
from tests.gateways.builders import a_batch, a_message, an_email, an_sms, lines_of

TROUBLE = '\u2028\u2029\x85\x0b\x0c\x1c\x1e\r\n\t"\\\u202e\ufeff\U0001f382'
ANY = st.characters(codec="utf-8", exclude_characters="\0") | st.sampled_from(TROUBLE)
BODY = st.text(ANY, min_size=1)
LINE = st.text(ANY.filter(lambda character: character not in "\r\n"), min_size=1)


@st.composite
def emails(draw: st.DrawFn) -> list[OutboundMessage]:
    """Draw a few e-mails with all kinds of characters in them."""
    return [
        a_message(
            str(number),
            customer_ref=draw(LINE),
            content=an_email(
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
            assert line[name] == getattr(row.content, name)


@settings(max_examples=50)
@given(emails())
def test_any_json_library_that_sorts_keys_writes_the_same_bytes(
    rows: list[OutboundMessage],
) -> None:
    for _, data in a_batch(rows).parts:
        for line in data.split(b"\n")[:-1]:
            plain = json.dumps(
                json.loads(line), sort_keys=True, separators=(",", ":"), ensure_ascii=False
            )
            assert plain.encode() == line


@given(BODY, st.integers(0xD800, 0xDFFF), BODY)
def test_half_a_surrogate_pair_is_refused_wherever_it_hides(
    before: str, half: int, after: str
) -> None:
    broken = a_message("9", content=an_sms(body=before + chr(half) + after))

    with pytest.raises(UnableToSealBatch) as refusal:
        a_batch([broken], channel=Channel.SMS)
    assert list(refusal.value.faults) == ["m-9"]


@given(BODY, BODY)
def test_a_nul_is_refused_but_its_spelling_is_not(before: str, after: str) -> None:
    spelled = a_message("1", content=an_sms(body=f"{before}\\u0000{after}"))
    assert a_batch([spelled], channel=Channel.SMS).manifest.records == 1

    with pytest.raises(UnableToSealBatch, match="NUL"):
        a_batch([a_message("1", content=an_sms(body=f"{before}\0{after}"))], channel=Channel.SMS)
