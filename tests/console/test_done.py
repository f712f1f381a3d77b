"""Whoever changed something is told so on the page she is led to, once."""

import re

import pytest

from care.console.done import COOKIE
from tests.workflows.builders import NIGHT, messages_of

CAMPAIGN = f"/nights/{NIGHT}/birthday"


def told(page):
    found = re.search(r'<div class="note good" role="status">(.*?)</div>', page, re.DOTALL)
    return found[1].strip() if found else None


@pytest.mark.parametrize(
    ("verdict", "words"), [("approve", "Approved."), ("hold", "Held."), ("reject", "Rejected.")]
)
def test_a_verdict_is_confirmed_once(mei, verdict, words):
    mei.send(f"{CAMPAIGN}/decide", verdict=verdict, reason="x", seen=mei.seen(CAMPAIGN))
    assert told(mei.read(CAMPAIGN)).startswith(words)
    assert told(mei.read(CAMPAIGN)) is None


def test_taking_out_says_how_many_and_taking_back_that_it_was_taken_back(mei, house):
    one = messages_of(house, "birthday").iloc[0].message_id
    mei.send(f"{CAMPAIGN}/exclude", message_id=one, reason="moved", seen=mei.seen(CAMPAIGN))
    assert told(mei.read(CAMPAIGN)).startswith("1 customer was taken out.")
    mei.send(f"{CAMPAIGN}/undo", reason="did not", seen=mei.seen(CAMPAIGN))
    assert told(mei.read(CAMPAIGN)) == "It was taken back."


def test_a_new_gift_is_confirmed_on_the_message_which_says_what_she_has_now(mei, house):
    row = messages_of(house, "birthday").query("gift_id == 'tea'").iloc[0]
    path = f"{CAMPAIGN}/messages/{row.message_id}"
    mei.send(
        f"{CAMPAIGN}/gift",
        message_id=row.message_id,
        gift_id="none",
        reason="has enough",
        seen=mei.seen(path),
    )
    page = mei.read(path)
    assert told(page).startswith("The gift was changed")
    assert re.search(r'value="none" selected disabled>.*has it now', page)


def test_what_is_written_down_for_a_customer_is_confirmed(mei):
    ref = re.search(r'action="[./]*customers/(\w+)/reveal"', mei.read("/customers/c01"))[1]
    for path, fields, words in (
        ("consent", {"purpose": "sensitive", "granted": "true"}, "What was said is written down."),
        ("opt-out", {"occasion": "birthday"}, "This customer gets no more messages of this kind."),
        ("suppress", {"until": "2017-12-24"}, "Messages to this customer are stopped."),
    ):
        blank = mei.send(f"/customers/{ref}/{path}", note="  ", **fields)
        assert blank.status_code in (409, 422), path
        assert told(mei.read(f"/customers/{ref}")) is None
        assert mei.send(f"/customers/{ref}/{path}", note="by phone", **fields).status_code == 303
        assert told(mei.read(f"/customers/{ref}")) == words
    page = mei.read(f"/customers/{ref}")
    assert "until Sun, 24 Dec 2017" in page
    assert "Sensitive subjects: <strong>yes</strong>" in re.sub(r"\s+", " ", page)


def test_a_refusal_confirms_nothing_and_a_made_up_cookie_says_nothing(mei):
    mei.send(f"{CAMPAIGN}/decide", verdict="approve", seen="0" * 64)
    assert told(mei.read(CAMPAIGN)) is None
    mei.client.cookies.set(COOKIE, "<script>")
    assert told(mei.read(CAMPAIGN)) is None
