"""A tiny shop that is open now: it lies where it is ten in the morning."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.workflows.builders import (
    LAST_ORDERS,
    WITHIN_BOUNDS,
    Row,
    a_policy_file,
    a_shop,
    some_orders,
)

NIGHTS = 4
"""Nights with birthdays and anniversaries, from tonight on."""
PER_NIGHT = 12


def where_it_is_ten(now: datetime) -> ZoneInfo:
    """A zone in which no run is near midnight, near the hour of the schedule, or out of hours.

    It is the day there that it is in UTC, because Airflow backfills no day that is still to come;
    so in the last hour of UTC's day it is eleven, for no zone lies further west.
    """
    offset = max(10 - now.astimezone(UTC).hour, -12)
    return ZoneInfo(f"Etc/GMT{-offset:+d}")


def a_living_shop(home: Path, zone: ZoneInfo) -> None:
    """Write a shop of a few dozen customers, and the policy that approves what it plans.

    Twelve of them are due on each night and on no other; all shop in rhythms of their own.
    """
    today = datetime.now(zone).date()
    customers = [
        _customer(night * PER_NIGHT + place, today + timedelta(days=night), zone)
        for night in range(NIGHTS)
        for place in range(1, PER_NIGHT + 1)
    ]
    a_shop(home / "shop", customers=customers, orders=_orders(customers, today))
    at_once = {"lead_days": 0, "auto_approve": WITHIN_BOUNDS}
    a_policy_file(
        home / "policy.toml",
        {
            "shop": {"timezone": zone.key},
            "campaigns": {
                "birthday": at_once,
                "membership_anniversary": at_once | {"grace_days": 0},
                "replenishment": {"auto_approve": WITHIN_BOUNDS},
            },
        },
    )


def _customer(number: int, due: date, zone: ZoneInfo) -> Row:
    born = number % 2 == 0
    return {
        "customer_id": f"c{number:02}",
        "family_name": "Carter",
        "given_name": f"Emma{'abcdef'[number % 6]}",
        "honorific": None,
        "gender": "female",
        "birthday": f"--{due:%m-%d}" if born else None,
        "joined_on": None if born else f"2012-{due:%m-%d}",
        "locale": "zh-CN" if number % 4 == 0 else "en",
        "timezone": zone.key,
        "region": "US-NY",
        "email": f"c{number:02}@example.com",
        "phone": f"+1202555{100 + number:04}",
        "preferred_channel": "sms" if number % 3 == 0 else None,
        "email_consent": "true",
        "sms_consent": "true",
    }


def _orders(customers: list[Row], today: date) -> list[Row]:
    """The baskets of the workflows' shop, moved so that the last ones are of yesterday."""
    moved = today - timedelta(days=1) - LAST_ORDERS
    return [line | {"ordered_at": line["ordered_at"] + moved} for line in some_orders(customers)]
