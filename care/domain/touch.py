"""One planned contact with one customer, or the reason there is none: the night's plan."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import partial

import numpy as np
import pandas as pd

from care.domain.arbitration import Account, ChosenBy, Limits, arbitrate
from care.domain.campaign import CampaignSettings
from care.domain.candidate import IDENTITY
from care.domain.contact_policy import ContactPolicy, keep_contact_policy
from care.domain.exclusion import gather
from care.domain.gift import LAST_GIFTS, Gift, Ladders, possible_gifts
from care.domain.holdout import HELD_OUT, TREATED, Holdout, control_scope
from care.domain.offer import make_offers
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
    sending_budget: int | None
    chosen_by: ChosenBy
    tier_order: Mapping[str, int]
    care_plans: Mapping[str, CarePlan]


@dataclass(frozen=True, slots=True)
class Ledger:
    """What the ledger says as the night begins.

    ``recent``: columns of ``RECENT``, treated touches near the night. ``gifts_left``: pieces, or
    codes where there are fewer. ``last_gifts``: columns of ``LAST_GIFTS``. ``money_left``: what the
    month still allows for gifts, in minor units; missing for any amount.
    """

    permissions: Permissions
    recent: pd.DataFrame
    gifts_left: Mapping[str, int]
    last_gifts: pd.DataFrame = field(default_factory=partial(none_of, LAST_GIFTS))
    money_left: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """The night's touches (treated and held out, told apart by ``arm``) and everything else.

    ``due`` counts candidates by campaign and is the sum of the other two. ``account``: what the
    plan is worth.
    """

    due: Mapping[str, int]
    touches: pd.DataFrame
    exclusions: pd.DataFrame
    account: Account


def plan_touches(due: pd.DataFrame, ledger: Ledger, decisions: Decisions, *, night: date) -> Plan:
    """Plan a night: a pure function of who is due, the ledger, the decisions and the date.

    ``due``: as ``find_due`` returns it.
    """
    people, plans = ledger.permissions.customers, decisions.care_plans
    contact = decisions.contact
    allowed, forbidden = screen(due, ledger.permissions, decisions.campaigns, plans)
    regions = people.set_index("customer_key")["region"]
    open_roads, crowded = keep_contact_policy(
        allowed, ledger.recent, regions, contact, plans, night=night
    )
    offers = make_offers(
        open_roads,
        possible_gifts(
            open_roads,
            decisions.ladders,
            decisions.gifts,
            people,
            ledger.last_gifts,
            night=night,
        ),
        decisions.campaigns,
        contact,
        plans,
    )
    exempt = people.loc[people["customer_id"].isin(decisions.holdout.exempt), "customer_key"]
    budgets = [decisions.gift_budget, ledger.money_left]
    arms = control_scope(open_roads, decisions.holdout, pd.Index(exempt), night=night)
    choice = arbitrate(
        open_roads.assign(control=arms),
        offers,
        Limits(
            gift_budget=min(one for one in budgets if one is not None),
            sending_budget=decisions.sending_budget,
            gifts=ledger.gifts_left,
            messages=contact.messages_per_night,
        ),
        decisions.chosen_by,
        decisions.tier_order,
        night=night,
    )
    arm = np.where(choice.touches["control"] != "", HELD_OUT, TREATED)
    touches = choice.touches.assign(arm=arm, state_reason=choice.touches["control"])
    return Plan(
        due={str(name): int(count) for name, count in due["campaign"].value_counts().items()},
        touches=touches.sort_values(IDENTITY, ignore_index=True),
        exclusions=gather(forbidden, crowded, choice.set_aside),
        account=choice.account,
    )
