"""Messages and batches for tests: valid unless a test says otherwise."""

import importlib.util
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

from care.domain.batch import Approval, SealedBatch, seal
from care.domain.campaign import MessageClass
from care.domain.channel import Channel
from care.domain.content import Content, EmailContent, SmsContent, encode, render_sha256
from care.domain.outbound import OutboundMessage, idempotency_key

ROOT = Path(__file__).parents[2]
CONSUMER = ROOT / "examples" / "gateway_consumer.py"
SECRET = bytes(range(32))
NIGHT = date(2026, 3, 14)
OPENS = datetime(2026, 3, 14, 1, tzinfo=UTC)
CLOSES = datetime(2026, 3, 14, 13, tzinfo=UTC)


def an_email(**changes: Any) -> EmailContent:
    """Give what an e-mail says."""
    content = EmailContent(
        sender="Tea House <care@tea.example>",
        reply_to=None,
        subject="Happy birthday, Lin",
        text="Happy birthday!\nA tin of tea is waiting for you.",
        html="<p>Happy birthday!</p>",
        headers={"List-Unsubscribe": "<https://tea.example/u/1>"},
        unsubscribe_url="https://tea.example/u/1",
    )
    return replace(content, **changes)


def an_sms(**changes: Any) -> SmsContent:
    """Give what an SMS says."""
    content = SmsContent(
        sender="1069001",
        signature="茶舍",
        signature_in_body=True,
        body="【茶舍】生日快乐！拒收请回复R",
        encoding="UCS-2",
        segments=1,
    )
    return replace(content, **changes)


def a_message(
    customer: str = "1", *, says: Content | None = None, **changes: Any
) -> OutboundMessage:
    """Give a birthday message to a customer; its hash fits its content unless a test changes it."""
    says = says or an_email()
    channel = Channel.EMAIL if isinstance(says, EmailContent) else Channel.SMS
    campaign = changes.get("campaign", "birthday")
    content = encode(says)
    message = OutboundMessage(
        message_id=f"m-{customer}",
        idempotency_key=idempotency_key(
            tenant="tea",
            campaign=campaign,
            occasion_key="birthday-2026",
            customer=customer,
            channel=channel,
        ),
        customer_ref=f"ref-{customer}",
        campaign=campaign,
        occasion_key="birthday-2026",
        template="birthday",
        template_version="3",
        locale="en",
        message_class=MessageClass.MARKETING,
        render_sha256=render_sha256(content),
        consent_ref=f"consent-{customer}",
        approval_id="7",
        timezone="Asia/Shanghai",
        not_before=OPENS,
        not_after=CLOSES,
        to=f"customer-{customer}@example.com" if channel is Channel.EMAIL else "+8613800138000",
        channel=channel,
        content=content,
    )
    return replace(message, **changes)


def messages(count: int, **changes: Any) -> list[OutboundMessage]:
    """Give messages to as many customers."""
    return [a_message(str(number), **changes) for number in range(count)]


def an_approval(
    approval_id: str = "7", campaign: str = "birthday", approver: str = "mei"
) -> Approval:
    """Give a reviewer's yes."""
    return Approval(
        approval_id=approval_id, campaign=campaign, approver=approver, content_hash="c" * 64
    )


def a_batch(records: Sequence[OutboundMessage] | None = None, **changes: Any) -> SealedBatch:
    """Seal messages, three of them unless a test gives its own."""
    request: dict[str, Any] = {
        "night": NIGHT,
        "channel": Channel.EMAIL,
        "gateway": "file_drop",
        "purpose": "nightly care",
        "approvals": [an_approval()],
        "created_at": OPENS,
        "attempt": 1,
        "supersedes": None,
        "secret": SECRET,
        "records_per_part": 2,
        "producer_version": "0.1.0",
    }
    return seal(messages(3) if records is None else records, **request | changes)


def lines_of(batch: SealedBatch) -> list[dict[str, Any]]:
    """Read a batch's records back with nothing but the standard library."""
    return [json.loads(line) for _, data in batch.parts for line in data.split(b"\n")[:-1]]


def consumer() -> ModuleType:
    """Load the example consumer as a module."""
    spec = importlib.util.spec_from_file_location("gateway_consumer", CONSUMER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
