"""A tiny shop as its own files, a house that reads them, and the moments of its nights."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa
from pyarrow import parquet
from sqlalchemy import Engine, delete, func, select

from care import desk, nightly, release
from care.domain.decision import Verdict
from care.runtime import Runtime, open_runtime
from care.storage.database import reading, writing
from care.storage.reviews import CampaignNight
from care.storage.tables import (
    campaign_nights,
    exclusion_tallies,
    exclusions,
    gift_budgets,
    gift_moves,
    gifts,
    identities,
    message_tallies,
    messages,
    metadata,
    nights,
    touches,
)

ZONE = ZoneInfo("America/New_York")
NIGHT = date(2017, 11, 14)
FIRST_ORDERS, LAST_ORDERS = date(2017, 3, 6), date(2017, 11, 20)

Row = dict[str, Any]

# What everybody buys, each type in her own rhythm: (type, category, days between, kinds of it).
GOODS: Sequence[tuple[str, str, int, int]] = (
    ("GROUND COFFEE", "COFFEE", 28, 8),
    ("DISH SOAP", "CLEANING", 35, 6),
    ("GREEN TEA", "TEA", 24, 8),
    ("CIGARETTES", "TOBACCO", 25, 2),
)


# ── The shop's files ────────────────────────────────────────────────────────────────────────────


def some_customers() -> list[Row]:
    """Forty-eight people: birthdays, joining days and regular baskets around the night.

    A third of them is reached by SMS alone, every fourth speaks Chinese, a few cannot be reached.
    """
    return [_customer(number) for number in range(1, 49)]


def _customer(number: int) -> Row:
    chinese = number % 4 == 0
    row: Row = {
        "customer_id": f"c{number:02}",
        "family_name": "王" if chinese else "Carter",
        "given_name": f"丽{'一二三四五六七八九'[number % 9]}"
        if chinese
        else f"Emma{'abcdef'[number % 6]}",
        "honorific": None if number % 5 else "Ms",
        "gender": "female" if number % 2 else "male",
        "birthday": "1990-03-01",
        "joined_on": "2015-05-05",
        "locale": "zh-CN" if chinese else "en",
        "timezone": "Asia/Shanghai" if number % 8 == 0 else "America/New_York",
        "region": "US-NY",
        "email": f"c{number:02}@example.com",
        "phone": f"+1202555{100 + number:04}",
        "preferred_channel": "sms" if number % 3 == 0 else None,
        "email_consent": "true",
        "sms_consent": "true",
    }
    if number <= 20:  # a birthday on each of the days from the night on
        row["birthday"] = f"--11-{14 + number % 5}" if number % 2 else f"1985-11-{14 + number % 5}"
    elif number <= 30:
        row["joined_on"] = f"2014-11-{10 + number % 7}"
    if number == 2:
        row |= {"email": None, "phone": None}
    if number == 4:
        row |= {"email_consent": "false", "sms_consent": "false"}
    if number == 7:
        row |= {"birthday": "1900-01-01"}
    if number == 11:
        row |= {"joined_on": "2013-11-14"}  # two occasions within three days
    if number == 21:
        row |= {"birthday": "--11-17", "joined_on": "2014-11-14"}  # and baskets besides
    return row


# One who runs out of tea on the very days after an anniversary and before a birthday.
PHASES = {(21, 2): 2}


def some_orders(customers: Sequence[Row], *, until: date = LAST_ORDERS) -> list[Row]:
    """Regular baskets: each type every few weeks, each customer at her own time of it."""
    lines: list[Row] = []
    for number, customer in enumerate(customers, start=1):
        for kind, (_, _, days, kinds) in enumerate(GOODS):
            if (number + kind) % 4 == 3 and (number, kind) not in PHASES:
                continue
            phase = PHASES.get((number, kind), (number * 5 + kind * 9) % days)
            day = FIRST_ORDERS + timedelta(days=phase)
            turn = 0
            while day <= until:
                another = int(number % 3 == 0 and day.month == 11)  # some try something new
                day_of_shop = datetime(day.year, day.month, day.day, 21, 30, tzinfo=ZONE)
                lines.append(
                    {
                        "order_id": f"{customer['customer_id']}-{day:%Y%m%d}",
                        "customer_id": customer["customer_id"],
                        "product_id": f"p-{kind}-{(number + another) % kinds}",
                        "quantity": 1.0 + turn % 2,
                        "amount_minor": _price(number, kind),
                        "ordered_at": day_of_shop.astimezone(UTC),
                    }
                )
                turn += 1
                day += timedelta(days=days + (number * 7 + turn * 3) % 3 - 1)
    return lines


def _price(number: int, kind: int) -> int:
    generous = {0: 40_000, 1: 12_000}.get(number % 5, 1_500)  # for gold, silver and plain members
    return generous + 100 * kind


def some_products() -> list[Row]:
    """Everything on the shelves, in both languages but for one."""
    return [
        {
            "product_id": f"p-{kind}-{place}",
            "name": f"{name.title()} No. {place + 1}",
            "name_zh": None
            if place == 5
            else f"{['咖啡', '洗洁精', '绿茶', '香烟'][kind]}{place + 1}号",
            "product_type": name,
            "category": category,
            "department": "GROCERY",
            "price": 9.5,
        }
        for kind, (name, category, _, kinds) in enumerate(GOODS)
        for place in range(kinds)
    ]


BAD_LINES: Sequence[Row] = (
    {"order_id": "x1", "customer_id": "nobody", "product_id": "p-0-0", "quantity": 1.0},
    {"order_id": "x2", "customer_id": "c01", "product_id": "p-9-9", "quantity": 1.0},
    {"order_id": "x3", "customer_id": "c01", "product_id": "p-0-0", "quantity": 0.0},
)

SHOP = """
[customers]
path = "customers.parquet"

[products]
path = "products.parquet"
money = "major"

[orders]
path = "orders.parquet"
money = "minor"
columns = { amount = "amount_minor" }
"""


def a_shop(
    folder: Path,
    *,
    customers: Sequence[Row] | None = None,
    orders: Sequence[Row] | None = None,
) -> Path:
    """Write the shop's Parquet files and their ``shop.toml``; say where that is."""
    folder.mkdir(parents=True, exist_ok=True)
    people = some_customers() if customers is None else customers
    lines = list(some_orders(people) if orders is None else orders)
    when = datetime(2017, 10, 2, 12, tzinfo=UTC)
    lines += [{"amount_minor": 100, "ordered_at": when} | line for line in BAD_LINES]
    _write(folder / "customers.parquet", people)
    _write(folder / "products.parquet", some_products())
    _write(folder / "orders.parquet", lines)
    (folder / "shop.toml").write_text(SHOP, encoding="utf-8")
    return folder / "shop.toml"


def _write(path: Path, rows: Sequence[Row]) -> None:
    parquet.write_table(pa.Table.from_pylist(list(rows)), path)


# ── The merchant's decisions ────────────────────────────────────────────────────────────────────

POLICY: Mapping[str, Any] = {
    "shop": {
        "tenant": "corner",
        "name": {"en": "Corner Shop", "zh-CN": "街角小店"},
        "sender": "Corner Shop <care@corner.example>",
        "reply_to": "hello@corner.example",
        "sms_sender": "CORNER",
        "sms_signature": {"en": "Corner Shop", "zh-CN": "街角小店"},
        "website": "https://corner.example",
        "phone": "+1 202 555 0100",
        "postal_address": {"en": "1 Corner Street", "zh-CN": "街角路1号"},
        "unsubscribe_url": "https://corner.example/u/{token}",
        "timezone": "America/New_York",
        "currency": "USD",
        "locales": ["en", "zh-CN"],
    },
    "night": {"gift_budget": 5_000, "chosen_by": "priority"},
    "tiers": [
        {"name": "member", "label": {"en": "Member", "zh-CN": "会员"}, "min_spend": 0},
        {"name": "silver", "label": {"en": "Silver", "zh-CN": "银卡"}, "min_spend": 150_000},
        {"name": "gold", "label": {"en": "Gold", "zh-CN": "金卡"}, "min_spend": 600_000},
    ],
    "contact": {
        "touches_per_week": 2,
        "min_gap_days": 3,
        "sending_hours": {
            "email": {"start": "08:00:00", "end": "21:00:00"},
            "sms": {"start": "09:00:00", "end": "20:00:00"},
        },
    },
    "wording": {"never_name": ["TOBACCO"]},
    "holdout": {"share": 0.1, "salt": "tests"},
    "campaigns": {
        "birthday": {
            "priority": 90,
            "channels": ["email", "sms"],
            "lead_days": 2,
            "recommendations": 2,
            "unanswered": "release",
            "decide_within_hours": 48,
        },
        "membership_anniversary": {
            "priority": 60,
            "channels": ["email", "sms"],
            "grace_days": 3,
            "recommendations": 2,
            "unanswered": "expire",
            "decide_within_hours": 24,
        },
        "replenishment": {
            "priority": 30,
            "channels": ["email", "sms"],
            "min_probability": 0.2,
            "recommendations": 2,
            "unanswered": "expire",
            "decide_within_hours": 24,
        },
    },
    "gifts": {
        "card": {
            "label": {"en": "a card", "zh-CN": "贺卡"},
            "description": {"en": "from us", "zh-CN": "手写"},
            "cost": 60,
        },
        "tea": {
            "label": {"en": "a tin of tea", "zh-CN": "一罐茶"},
            "description": {"en": "whole leaves", "zh-CN": "整叶"},
            "cost": 900,
            "stock": 3,
        },
    },
    "ladders": {
        "birthday": {"member": ["card"], "silver": ["card"], "gold": ["tea", "card"]},
        "membership_anniversary": {"gold": ["tea"]},
    },
}

WITHIN_BOUNDS = {"max_messages": 500, "max_gift_cost": 50_000, "max_fallback_share": 1.0}
"""Bounds that any night of this shop keeps."""


def a_policy_file(path: Path, changes: Mapping[str, Any] | None = None) -> Path:
    """Write the policy, with what is said otherwise."""
    policy = _merged(POLICY, changes or {})
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(f"{name} = {_toml(value)}\n" for name, value in policy.items())
    path.write_text(text, encoding="utf-8")
    return path


def _merged(plain: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(plain)
    for name, value in changes.items():
        nested = isinstance(value, Mapping) and isinstance(plain.get(name), Mapping)
        merged[name] = _merged(plain[name], value) if nested else value
    return merged


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{json.dumps(k)} = {_toml(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


# ── The house and its days ──────────────────────────────────────────────────────────────────────


KEY = "5c" * 32


def a_house(
    home: Path,
    database_url: str | None = None,
    *,
    policy: Mapping[str, Any] | None = None,
    customers: Sequence[Row] | None = None,
    orders: Sequence[Row] | None = None,
) -> Runtime:
    """A shop with its policy under ``home``, opened for work."""
    a_shop(home / "shop", customers=customers, orders=orders)
    return reopened(home, database_url, policy=policy)


def reopened(
    home: Path, database_url: str | None = None, *, policy: Mapping[str, Any] | None = None
) -> Runtime:
    """The same house, opened anew; with ``policy``, after the merchant changed her mind."""
    path = home / "policy.toml"
    if policy is not None or not path.exists():
        a_policy_file(path, policy)
    return open_runtime(
        home=home,
        database_url=database_url,
        policy_path=path,
        master_key=KEY,  # the same pseudonyms, and so the same message ids, in every run
        gateway_secret=KEY,
    )


def at(clock: str, day: date = NIGHT) -> datetime:
    """A moment on the shop's wall."""
    return datetime.combine(day, datetime.strptime(clock, "%H:%M").time(), ZONE)  # noqa: DTZ007


def after(days: int) -> date:
    """A day after the first night."""
    return NIGHT + timedelta(days=days)


def run_night(runtime: Runtime, night: date = NIGHT) -> None:
    """All of one night, an hour into it."""
    nightly.run(runtime, night=night, now=at("01:00", night))


def decide(
    runtime: Runtime,
    verdict: Verdict,
    *campaigns: str,
    night: date = NIGHT,
    actor: str = "mei",
    clock: str = "06:00",
    **told: Any,
) -> list[CampaignNight]:
    """A verdict on campaigns of a night, given that morning."""
    now = at(clock, night)
    reason = told.pop("reason", "looks right")
    return [
        desk.decide(runtime, night, campaign, verdict, actor=actor, reason=reason, now=now, **told)
        for campaign in campaigns
    ]


def approve(runtime: Runtime, *campaigns: str, night: date = NIGHT) -> None:
    """Let campaigns of a night go: all of them unless some are named."""
    waiting = [one.campaign for one in desk.list_campaigns(runtime, night=night)]
    decide(runtime, Verdict.APPROVE, *(campaigns or waiting), night=night)


def release_at(runtime: Runtime, clock: str, day: date = NIGHT) -> int:
    """Read the answers and send what may go; how many batches were submitted."""
    release.collect(runtime)
    return release.seal_and_submit(runtime, now=at(clock, day))


def ledger_of(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table."""
    with reading(engine) as connection:
        return {
            table.name: sorted(map(tuple, connection.execute(select(table))), key=repr)
            for table in metadata.sorted_tables
        }


def forget_plan(runtime: Runtime) -> None:
    """Take the ledger back to the moment before its first night was planned."""
    with writing(runtime.engine) as connection:
        of_plan = (campaign_nights, messages, gift_moves, gift_budgets, gifts)
        sums = (message_tallies, exclusion_tallies)
        for table in (*of_plan, *sums, exclusions, touches, nights):
            connection.execute(delete(table))


def messages_of(runtime: Runtime, campaign: str | None = None) -> pd.DataFrame:
    """Every message by the customer's own id, with what became of it and of its gift."""
    settled, turns = gift_moves.alias("settled"), gift_moves.alias("turns")
    last_turn = (
        select(func.max(turns.c.turn)).where(turns.c.touch_id == touches.c.touch_id)
    ).scalar_subquery()
    query = (
        select(
            identities.c.customer_id,
            messages.c["message_id", "campaign", "night", "channel", "state", "state_reason"],
            messages.c["attempt", "batch_id", "render_sha256", "not_before", "not_after"],
            touches.c["touch_id", "customer_key", "send_on", "gift_id"],
            settled.c.kind.label("gift_was"),
        )
        .join(touches, touches.c.touch_id == messages.c.touch_id)
        .join(identities, identities.c.customer_key == touches.c.customer_key)
        .outerjoin(
            settled,
            (settled.c.touch_id == touches.c.touch_id)
            & (settled.c.kind != "reserve")
            & (settled.c.turn == last_turn),
        )
        .order_by(identities.c.customer_id, messages.c.campaign)
    )
    with reading(runtime.engine) as connection:
        rows = [row._asdict() for row in connection.execute(query)]
    found = pd.DataFrame(rows).set_index("customer_id")
    return found if campaign is None else found[found["campaign"] == campaign]
