"""Sealing: what a batch is called, what it vouches for and what it refuses to carry."""

import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from care.domain.batch import UnableToSealBatch, same_content
from care.domain.campaign import MessageClass
from care.domain.channel import Channel
from care.domain.outbound import UnableToNameMessage, idempotency_key
from tests.gateways.builders import (
    CLOSES,
    OPENS,
    SECRET,
    a_batch,
    a_message,
    an_approval,
    an_email,
    an_sms,
    lines_of,
    messages,
)

ENVELOPE = {
    *("message_id", "idempotency_key", "customer_ref", "campaign", "occasion_key"),
    *("template", "template_version", "locale", "class", "render_sha256"),
    *("consent_ref", "approval_id", "timezone", "not_before", "not_after"),
}
EMAIL = {"to", "from", "reply_to", "subject", "text", "html", "headers", "unsubscribe_url"}
SMS = {"to", "sender", "signature", "signature_in_body", "body", "encoding", "segments"}
MANIFEST = {
    *("schema", "batch_id", "channel", "gateway", "purpose", "night", "created_at"),
    *("records", "parts", "keys_sha256", "counts_by_class"),
    *("approval_id", "approver", "approvals", "not_before", "not_after"),
    *("attempt", "supersedes", "producer_version", "signature"),
}

TEXTS = st.text(st.characters(codec="utf-8"), min_size=1)


def test_an_email_carries_every_field_of_the_contract() -> None:
    (line,) = lines_of(a_batch([a_message()]))

    assert line.keys() == ENVELOPE | EMAIL
    assert line["from"] == "Tea House <care@tea.example>"
    assert line["class"] == "marketing"
    assert line["not_before"] == "2026-03-14T01:00:00Z"


def test_an_sms_carries_every_field_of_the_contract() -> None:
    (line,) = lines_of(a_batch([a_message(says=an_sms())], channel=Channel.SMS))

    assert line.keys() == ENVELOPE | SMS
    assert line["body"] == "【茶舍】生日快乐！拒收请回复R"
    assert line["signature_in_body"] is True


def test_the_manifest_carries_every_field_of_the_contract() -> None:
    manifest = json.loads(a_batch().manifest.encode())

    assert manifest.keys() == MANIFEST
    assert [sorted(part) for part in manifest["parts"]] == [
        ["bytes", "name", "records", "sha256"]
    ] * 2


def test_parts_hold_no_more_records_than_asked_for_and_are_described_exactly() -> None:
    batch = a_batch(messages(5), records_per_part=2)

    assert [name for name, _ in batch.parts] == [f"part-0000{n}.jsonl" for n in range(3)]
    assert [part.records for part in batch.manifest.parts] == [2, 2, 1]
    for (name, data), part in zip(batch.parts, batch.manifest.parts, strict=True):
        assert (part.name, part.bytes) == (name, len(data))
        assert part.sha256 == hashlib.sha256(data).hexdigest()
        assert part.records == data.count(b"\n")
    assert batch.manifest.records == 5


@given(st.permutations(messages(6)))
def test_the_same_rows_in_any_order_give_the_same_id_and_the_same_bytes(
    shuffled: list[Any],
) -> None:
    batch, again = a_batch(messages(6)), a_batch(shuffled)

    assert again.batch_id == batch.batch_id
    assert again.parts == batch.parts
    assert again.manifest == batch.manifest


def test_a_window_written_in_another_timezone_gives_the_same_bytes() -> None:
    shanghai = ZoneInfo("Asia/Shanghai")
    local = a_message(
        not_before=pd.Timestamp(OPENS).tz_convert(shanghai),
        not_after=CLOSES.astimezone(shanghai) + timedelta(microseconds=5),
    )

    assert a_batch([local]).parts == a_batch([a_message()]).parts


@pytest.mark.parametrize(
    "changes",
    [
        {"attempt": 2, "supersedes": "b-1"},
        {"night": OPENS.date() + timedelta(days=1)},
        {"records": messages(2)},
        {"records": [*messages(2), a_message("2", says=an_email(subject="Dear Lin"))]},
    ],
    ids=["attempt", "night", "keys", "content"],
)
def test_another_batch_has_another_id(changes: dict[str, Any]) -> None:
    assert a_batch(**changes).batch_id != a_batch().batch_id


def test_sealing_again_later_changes_nothing_but_the_time_and_the_signature() -> None:
    first = a_batch()
    later = a_batch(created_at=OPENS + timedelta(hours=1), producer_version="0.2.0")

    assert later.parts == first.parts
    assert later.manifest.encode() != first.manifest.encode()
    assert same_content(first.manifest.encode(), later.manifest.encode())


@pytest.mark.parametrize(
    "other",
    [a_batch(purpose="a test").manifest.encode(), b"[]", b"{", b"null"],
    ids=["purpose", "list", "half", "null"],
)
def test_other_content_is_told_apart(other: bytes) -> None:
    assert not same_content(a_batch().manifest.encode(), other)


def test_keys_outlive_a_change_of_template_version_and_body() -> None:
    first = a_message()
    edited = a_message(
        template="birthday-new", template_version="4", says=an_email(text="Dear Lin, cheers!")
    )

    before, after = a_batch([first]), a_batch([edited], night=OPENS.date() + timedelta(days=1))
    assert after.manifest.keys_sha256 == before.manifest.keys_sha256
    assert lines_of(after)[0]["render_sha256"] != lines_of(before)[0]["render_sha256"]


@given(st.lists(st.tuples(TEXTS, TEXTS, TEXTS, TEXTS), min_size=2, max_size=2, unique=True))
def test_different_messages_never_share_a_key(pair: list[tuple[str, str, str, str]]) -> None:
    one, other = (
        idempotency_key(
            tenant=tenant,
            campaign=campaign,
            occasion_key=occasion,
            customer=customer,
            channel=Channel.EMAIL,
        )
        for tenant, campaign, occasion, customer in pair
    )
    assert one != other


def test_a_separator_inside_a_name_does_not_move_the_border() -> None:
    def key(campaign: str, occasion_key: str) -> str:
        return idempotency_key(
            tenant="tea",
            campaign=campaign,
            occasion_key=occasion_key,
            customer="1",
            channel=Channel.SMS,
        )

    assert key('a","b', "c") != key("a", 'b","c')
    assert key("a|b", "c") != key("a", "b|c")


def test_the_two_channels_of_a_touch_have_different_keys() -> None:
    assert a_message().idempotency_key != a_message(says=an_sms()).idempotency_key


def test_a_key_without_a_customer_is_refused() -> None:
    with pytest.raises(UnableToNameMessage, match="customer"):
        idempotency_key(
            tenant="tea", campaign="birthday", occasion_key="b", customer="", channel=Channel.SMS
        )


def test_a_corrected_address_is_the_same_rendering_and_a_corrected_word_is_not() -> None:
    corrected = a_message(to="new@example.com")

    assert corrected.render_sha256 == a_message().render_sha256
    assert a_message(says=an_email(subject="Dear Lin")).render_sha256 != corrected.render_sha256
    assert lines_of(a_batch([corrected]))[0]["to"] == "new@example.com"


def test_what_leaves_is_to_the_byte_what_was_approved() -> None:
    row = a_message()
    ((_, data),) = a_batch([row]).parts

    assert data.endswith(b"," + row.content[1:] + b"\n")
    with pytest.raises(UnableToSealBatch, match="not what was approved"):
        a_batch([replace(row, content=row.content.replace(b"tin", b"ton"))])


def test_anyone_with_the_secret_can_check_the_signature_with_plain_json() -> None:
    manifest = json.loads(a_batch().manifest.encode())
    signature = manifest.pop("signature")
    plain = json.dumps(manifest, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    assert signature == hmac.new(SECRET, plain.encode(), hashlib.sha256).hexdigest()
    assert signature != a_batch(secret=b"another").manifest.signature


def test_one_approval_stands_in_the_manifest_as_it_is() -> None:
    manifest = a_batch().manifest

    assert (manifest.approval_id, manifest.approver) == ("7", "mei")
    assert manifest.approvals == (an_approval(),)


def test_several_approvals_are_listed_and_summed_up() -> None:
    rows = [a_message("1"), a_message("2", campaign="replenish", approval_id="8")]
    mei, eve = an_approval(), an_approval("8", "replenish", approver="eve")

    manifest = a_batch(rows, approvals=[eve, mei]).manifest
    assert manifest.approvals == (mei, eve)
    assert manifest.approval_id.startswith("sha256:")
    assert manifest.approver == "several"

    by_one = a_batch(rows, approvals=[mei, replace(eve, approver="mei")]).manifest
    assert by_one.approver == "mei"
    assert by_one.approval_id != manifest.approval_id


def test_an_approval_that_no_row_rests_on_stays_out_of_the_manifest() -> None:
    manifest = a_batch(approvals=[an_approval(), an_approval("8", "replenish")]).manifest

    assert manifest.approvals == (an_approval(),)


def test_the_manifest_counts_classes_and_spans_all_windows() -> None:
    rows = [
        a_message("1", message_class=MessageClass.SERVICE, not_after=CLOSES + timedelta(hours=2)),
        a_message("2", not_before=OPENS - timedelta(hours=1)),
    ]
    manifest = a_batch(rows).manifest

    assert manifest.counts_by_class == {"service": 1, "marketing": 1}
    assert manifest.not_before == OPENS - timedelta(hours=1)
    assert manifest.not_after == CLOSES + timedelta(hours=2)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ({"campaign": "replenish"}, "approval 7 of campaign replenish was not given"),
        ({"render_sha256": "f" * 64}, "not what was approved"),
        ({"idempotency_key": "7"}, "idempotency_key"),
        ({"customer_ref": float("nan")}, "customer_ref is float"),
        ({"customer_ref": None}, "customer_ref is NoneType"),
        ({"customer_ref": ""}, "customer_ref is empty"),
        ({"not_after": OPENS}, "closes before it opens"),
        ({"not_before": OPENS.replace(tzinfo=None)}, "not_before has no timezone"),
        ({"not_after": pd.NaT}, "not_after has no timezone"),
        ({"says": an_sms()}, "meant for sms"),
        ({"to": "lin@example.com\nBcc: all@example.com"}, "to holds a line break"),
        ({"to": None}, "to is NoneType"),
        ({"template": "half \ud83d a pair"}, "surrogates"),
        ({"consent_ref": "a\0b"}, "consent_ref holds a NUL"),
    ],
)
def test_a_row_that_cannot_go_out_is_named_with_its_reason(
    bad: dict[str, Any], reason: str
) -> None:
    with pytest.raises(UnableToSealBatch, match="m-9") as refusal:
        a_batch([*messages(2), a_message("9", **bad)])

    assert list(refusal.value.faults) == ["m-9"]
    assert reason in refusal.value.faults["m-9"]


@pytest.mark.parametrize("number", ["13800138000", "+86138 0013 8000"])
def test_an_sms_to_no_number_is_refused(number: str) -> None:
    with pytest.raises(UnableToSealBatch) as refusal:
        a_batch([a_message("9", says=an_sms(), to=number)], channel=Channel.SMS)

    assert "E.164" in refusal.value.faults["m-9"]


def test_all_bad_rows_are_named_at_once_so_that_the_others_can_go_out() -> None:
    rows = [
        *messages(4),
        a_message("8", to="\0"),
        a_message("9", customer_ref=""),
    ]
    with pytest.raises(UnableToSealBatch, match="2 of 6") as refusal:
        a_batch(rows)

    kept = [row for row in rows if row.message_id not in refusal.value.faults]
    assert a_batch(kept).manifest.records == 4


def test_two_rows_with_one_key_cannot_both_go_out() -> None:
    twin = replace(a_message("1"), message_id="m-1-twin")

    with pytest.raises(UnableToSealBatch) as refusal:
        a_batch([twin, a_message("1")])
    assert refusal.value.faults == {"m-1-twin": "its key is that of message m-1"}


def test_two_rows_with_one_message_id_cannot_both_go_out() -> None:
    with pytest.raises(UnableToSealBatch, match="message_id occurs twice"):
        a_batch([a_message("1"), a_message("2", message_id="m-1")])


def test_a_refusal_quotes_nothing_personal() -> None:
    with pytest.raises(UnableToSealBatch) as refusal:
        a_batch([a_message(to="lin@example.com\n", customer_ref="secret \ud800")])

    assert "lin@" not in str(refusal.value)
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"records": []}, "no messages"),
        ({"created_at": OPENS.replace(tzinfo=None)}, "timezone"),
        ({"attempt": 0}, "attempt 0"),
        ({"attempt": 2}, "names the batch before"),
        ({"supersedes": "b-1"}, "supersedes"),
        ({"secret": b""}, "CARE_GATEWAY_SECRET"),
        ({"records_per_part": 0}, "at least 1"),
    ],
)
def test_a_batch_asked_for_wrongly_is_refused_as_a_whole(
    changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(UnableToSealBatch, match=reason) as refusal:
        a_batch(**changes)

    assert refusal.value.faults == {}


def test_times_are_kept_in_utc() -> None:
    sealed = a_batch(created_at=OPENS.astimezone(ZoneInfo("America/New_York")))

    assert sealed.manifest.created_at.tzinfo is UTC
    assert json.loads(sealed.manifest.encode())["created_at"] == "2026-03-14T01:00:00Z"
