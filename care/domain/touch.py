"""One planned contact with one customer, or the reason there is none: the night's plan."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import partial

import pandas as pd

from care.domain.arbitration import arbitrate
from care.domain.campaign import CampaignSettings
from care.domain.candidate import IDENTITY
from care.domain.contact_policy import ContactPolicy
from care.domain.exclusion import gather
from care.domain.gift import LAST_GIFTS, Gift, Ladders, assign_gifts, possible_gifts
from care.domain.holdout import HELD_OUT, TREATED, Holdout, hold_out
from care.domain.rhythm import none_of
from care.domain.screen import Permissions, screen
from care.domain.tier import CarePlan


@dataclass(frozen=True, slots=True)
class Decisions:
    """All the merchant decided that a plan depends on."""

    campaigns: Mapping[str, CampaignSettings]
    contact: ContactPolicy
    holdout: Holdout
    gifts: Mapping[str, Gift]
    ladders: Ladders
    gift_budget: int
    tier_order: Mapping[str, int]
    care_plans: Mapping[str, CarePlan]


@dataclass(frozen=True, slots=True)
class Ledger:
    """What the ledger says as the night begins.

    ``recent``: ``customer_key, send_on`` of treated touches near the night. ``gifts_left``: pieces,
    or codes where there are fewer. ``last_gifts``: columns of ``LAST_GIFTS``. ``money_left``: what
    the month still allows for gifts, in minor units; missing for any amount.
    """

    permissions: Permissions
    recent: pd.DataFrame
    gifts_left: Mapping[str, int]
    last_gifts: pd.DataFrame = field(default_factory=partial(none_of, LAST_GIFTS))
    money_left: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """The night's touches (treated and held out, told apart by ``arm``) and everything else.

    ``due`` counts candidates by campaign and is the sum of the other two.
    """

    due: Mapping[str, int]
    touches: pd.DataFrame
    exclusions: pd.DataFrame


def plan_touches(due: pd.DataFrame, ledger: Ledger, decisions: Decisions, *, night: date) -> Plan:
    """Plan a night: a pure function of who is due, the ledger, the decisions and the date.

    ``due``: as ``find_due`` returns it.
    """
    plans = decisions.care_plans
    allowed, forbidden = screen(due, ledger.permissions, decisions.campaigns, plans)
    chosen, crowded_out = arbitrate(allowed, ledger.recent, decisions.contact, plans, night=night)
    treated, held_out = hold_out(chosen, decisions.holdout)
    money = decisions.gift_budget
    possible = possible_gifts(
        treated,
        decisions.ladders,
        decisions.gifts,
        ledger.permissions.customers,
        ledger.last_gifts,
        night=night,
    )
    gifted = assign_gifts(
        treated,
        possible,
        ledger.gifts_left,
        budget=money if ledger.money_left is None else min(money, ledger.money_left),
        tier_order=decisions.tier_order,
    )
    touches = pd.concat(
        [gifted.assign(arm=TREATED), held_out.assign(arm=HELD_OUT)],
        ignore_index=True,
    )
    touches["gift_cost"] = touches["gift_cost"].fillna(0).astype("int64")
    touches["gift_note"] = touches["gift_note"].fillna("").astype("str")
    return Plan(
        due={str(name): int(count) for name, count in due["campaign"].value_counts().items()},
        touches=touches.sort_values(IDENTITY, ignore_index=True),
        exclusions=gather(forbidden, crowded_out),
    )
