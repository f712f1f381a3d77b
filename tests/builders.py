"""Nouns to build tests from: a customer, a policy, a plan's ingredients."""

from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from care.domain.campaign import Campaign, Tables
from care.domain.contact_policy import RECENT
from care.domain.due import find_due
from care.domain.occasion import Occasion
from care.domain.rhythm import RHYTHMS
from care.domain.screen import Permissions
from care.domain.suppression import SUPPRESSIONS
from care.domain.touch import Decisions, Ledger, Plan, plan_touches
from care.policy import Policy, read_policy
from care.settings import shipped

NIGHT = date(2017, 11, 14)

_CUSTOMER: dict[str, tuple[str, Any]] = {
    "customer_key": ("int64", 1),
    "customer_id": ("str", None),
    "name": ("str", "Wang Li"),
    "family_name": ("str", "Wang"),
    "given_name": ("str", "Li"),
    "honorific": ("str", "Ms"),
    "gender": ("str", "female"),
    "birth_year": ("Int16", 1985),
    "birth_month": ("Int16", 6),
    "birth_day": ("Int16", 1),
    "birth_calendar": ("str", "gregorian"),
    "birth_leap": ("bool", False),
    "wedding_on": ("datetime64[s]", pd.NaT),
    "spouse_name": ("str", None),
    "joined_on": ("datetime64[s]", pd.NaT),
    "locale": ("str", "en"),
    "timezone": ("str", "America/New_York"),
    "region": ("str", "US-NY"),
    "email": ("str", "wang.li@example.com"),
    "phone": ("str", "+15550100"),
    "preferred_channel": ("str", None),
    "email_consent": ("bool", True),
    "sms_consent": ("bool", True),
    "sensitive_consent": ("bool", False),
    "household_id": ("str", None),
    "advisor": ("str", None),
    "advisor_phone": ("str", None),
    "advisor_email": ("str", None),
    "festivals": ("str", None),
    "dislikes": ("str", None),
    "tier": ("str", "member"),
    "tier_reached_on": ("datetime64[s]", pd.NaT),
    "tier_renewed_on": ("datetime64[s]", pd.NaT),
    "tier_was_until": ("datetime64[s]", pd.NaT),
    "tier_unmet_from": ("datetime64[s]", pd.NaT),
    "tier_until": ("datetime64[s]", pd.NaT),
    "tier_lacks_spend": ("int64", 0),
    "tier_lacks_orders": ("int64", 0),
    "points": ("Int64", None),
    "points_expiring": ("Int64", None),
    "points_expires_on": ("datetime64[s]", pd.NaT),
    "segment": ("str", "repeat"),
    "first_order_on": ("datetime64[s]", pd.NaT),
    "recency": ("Int8", 3),
    "frequency": ("Int8", 3),
    "monetary": ("Int8", 3),
    "plain_style": ("bool", False),
}


def a_customer(customer_key: int = 1, **told: Any) -> dict[str, Any]:
    """One reachable customer with nothing due, unless told otherwise."""
    unknown = set(told) - set(_CUSTOMER)
    assert not unknown, unknown
    default = {name: value for name, (_, value) in _CUSTOMER.items()}
    return default | {"customer_key": customer_key, "customer_id": f"c{customer_key}"} | told


def customers(*rows: dict[str, Any]) -> pd.DataFrame:
    """Customers as planning sees them."""
    return pd.DataFrame(
        {
            name: pd.Series([row[name] for row in rows], dtype=dtype)
            for name, (dtype, _) in _CUSTOMER.items()
        }
    )


def a_rhythm(customer_key: int = 1, **told: Any) -> dict[str, Any]:
    """Something a customer buys regularly and is probably running out of."""
    return {
        "customer_key": customer_key,
        "type_key": 7,
        "product_key": 70,
        "instead_key": pd.NA,
        "category": "COFFEE",
        "purchases": 6,
        "mean_interval": 30.0,
        "last_day": pd.Timestamp("2017-10-15"),
        "probability": 0.5,
        "expected_day": pd.Timestamp(NIGHT),
        "window_from": pd.Timestamp("2017-11-12"),
        "window_to": pd.Timestamp("2017-11-19"),
        "household_bought_on": told.get("last_day", pd.Timestamp("2017-10-15")),
        "household_away_from": pd.Timestamp("2017-12-15"),
    } | told


def rhythms(*rows: dict[str, Any]) -> pd.DataFrame:
    """Rhythms as the timing model hands them over."""
    return pd.DataFrame(list(rows), columns=list(RHYTHMS)).astype(dict(RHYTHMS))


@cache
def a_policy() -> Policy:
    """The policy that is shipped, read once: nothing can change it."""
    return read_policy(shipped("policy.toml"))


def decisions(policy: Policy | None = None, **changed: Any) -> Decisions:
    """What a plan needs of the policy, with changes, and nobody held out unless told."""
    from dataclasses import replace

    from care.domain.holdout import Holdout

    plain = (policy or a_policy()).decisions()
    return replace(plain, **({"holdout": Holdout(share=0, salt="s")} | changed))


def planned(*rows: tuple[int, str, str, str]) -> pd.DataFrame:
    """Touches of earlier nights: (customer, campaign, occasion, arm)."""
    names = ["customer_key", "campaign", "occasion_key", "arm"]
    frame = pd.DataFrame(list(rows), columns=names).assign(send_on=pd.Timestamp(NIGHT))
    return frame.astype(
        {"customer_key": "int64", "campaign": "str", "occasion_key": "str", "arm": "str"}
        | {"send_on": "datetime64[s]"}
    )


def suppressions(*rows: tuple[int | None, str | None, str | None]) -> pd.DataFrame:
    """(customer, channel, occasion) that must not be used, service or not."""
    frame = pd.DataFrame(list(rows), columns=["customer_key", "channel", "occasion"])
    return frame.assign(purpose="everything", reason="manual").astype(dict(SUPPRESSIONS))


def recent(*rows: tuple[int, str] | tuple[int, str, str]) -> pd.DataFrame:
    """(customer, day, channel) of touches near the night, by e-mail unless told."""
    told = [(*row, "email")[:3] for row in rows]
    frame = pd.DataFrame(told, columns=["customer_key", "send_on", "channel"])
    return frame.assign(campaign="birthday").astype(dict(RECENT))[list(RECENT)]


def frame(columns: Mapping[str, str], *rows: dict[str, Any]) -> pd.DataFrame:
    """Rows under declared columns; what a row does not tell is missing."""
    return pd.DataFrame(list(rows), columns=list(columns)).astype(dict(columns))


def tables(people: pd.DataFrame, *due: dict[str, Any], **others: pd.DataFrame) -> Tables:
    """What the rules look at; of what ``people`` do not tell, what an unremarkable customer has."""
    untold = {
        name: pd.Series([value] * len(people), index=people.index, dtype=dtype)
        for name, (dtype, value) in _CUSTOMER.items()
        if name not in people
    }
    return Tables(customers=people.assign(**untold), rhythms=rhythms(*due), **others)


def ledger(
    people: pd.DataFrame,
    *,
    stopped: pd.DataFrame | None = None,
    before: pd.DataFrame | None = None,
    near: pd.DataFrame | None = None,
    gifts_left: dict[str, int] | None = None,
) -> Ledger:
    """The ledger as a night begins; empty unless told."""
    return Ledger(
        permissions=Permissions(
            customers=people,
            suppressions=suppressions() if stopped is None else stopped,
            planned=planned() if before is None else before,
        ),
        recent=recent() if near is None else near,
        gifts_left=gifts_left or {},
    )


def plan_night(seen: Tables, ledger: Ledger, choices: Decisions, *, night: date) -> Plan:
    """Plan a night: find who is due, then decide."""
    due = find_due(seen, choices.campaigns, night=night)
    return plan_touches(due, ledger, choices, night=night)


def write(path: Path, text: str) -> Path:
    """Write a file and say where."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def occasions(campaign: Campaign) -> list[Occasion]:
    """An occasion for every turn of a campaign, with all that a touch may keep of one."""
    on = date(2017, 11, 16)
    return [
        Occasion(
            night=NIGHT,
            key=f"{campaign.name}-7-{on}-step",
            tier="gold",
            on=on,
            years=3,
            product="茶",
            window_from=on,
            window_to=on,
            facts=facts,
        )
        for facts in campaign.examples
    ]
