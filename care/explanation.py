"""Why one customer was, or was not, contacted: every occasion of a night, in plain words."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pandas as pd
from sqlalchemy import Connection

from care.domain.campaign import Tables
from care.domain.campaigns import CAMPAIGNS
from care.domain.exclusion import IN_WORDS, Reason
from care.domain.gift import Gift, label_of
from care.domain.occasion import Occasion
from care.evidence import Evidence, Recommended
from care.runtime import Runtime
from care.storage import nights, people
from care.storage.database import reading
from care.storage.nights import Life, NightRecord

LOOKS_AHEAD = (31, 366)
"""How many days ahead an occasion on a date is looked for; near ones first, which are fewer."""

SAYS = {
    "rendered": "written, and waits for its campaign's decision or its hour",
    "sealed": "sealed into a batch and on its way",
    "accepted": "taken over by the gateway",
    "rejected": "refused by the gateway",
    "suppressed": "not sent: may not be contacted any more",
    "expired": "not sent: its time was over",
    "withdrawn": "not sent: withdrawn in review",
}


class UnableToExplain(Exception):
    """There is nothing to explain; the message says what is lacking."""


@dataclass(frozen=True, slots=True)
class Considered:
    """One campaign and what became of it for this customer.

    ``outcome`` is ``touched``, ``held_out``, ``deferred``, ``excluded``, ``paused``, ``off`` or
    ``not_due``; ``next_on`` the next night on which a date of hers falls due, if one is ahead.
    ``because``: why now, in a sentence, of whom is touched or held out. ``recommended``: what her
    message names, and why.
    """

    campaign: str
    occasion_key: str | None
    outcome: str
    why: str
    occasion_on: date | None = None
    next_on: date | None = None
    because: str = ""
    recommended: list[Recommended] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Explanation:
    """One customer on one night. ``earlier`` lists her touches of other nights, newest first."""

    customer_ref: str
    night: date
    considered: list[Considered]
    earlier: list[Life]


def explain(runtime: Runtime, customer: str, *, night: date | None = None) -> Explanation:
    """Say of every campaign what became of it for a customer on a night, the last one by default.

    ``customer``: the shop's customer_id, or the pseudonym that batches carry.

    Raises:
        UnableToExplain: no such customer, or the night is not planned.
    """
    with reading(runtime.engine) as connection:
        record = _record(connection, night)
        found = people.find_customer(connection, customer)
        if found is None:
            raise UnableToExplain(
                f"there is no customer {customer!r}. Give the shop's customer_id, or the "
                "customer_ref of a batch."
            )
        person = people.read_people(connection, customer_key=found.customer_key)
        lives = nights.read_lives(connection, found.customer_key)
        occasions = nights.read_occasions(connection, found.customer_key, record.night)
        excluded = nights.read_exclusions_of(connection, found.customer_key, record.night)

    evidence = Evidence(runtime, record.night)
    because = {(one["campaign"], one["occasion_key"]): why_now(one, evidence) for one in occasions}
    set_aside = set(zip(excluded["campaign"], excluded["occasion_key"], strict=True))
    tonight = [
        life
        for life in lives
        if life.night == record.night and (life.campaign, life.occasion_key) not in set_aside
    ]
    said = {one.campaign for one in tonight} | set(excluded["campaign"])
    considered = [
        *(
            _touched(runtime, life, evidence, because[life.campaign, life.occasion_key])
            for life in tonight
        ),
        *_excluded(excluded),
        *_silent(runtime, person, record, said),
    ]
    return Explanation(
        customer_ref=found.customer_ref,
        night=record.night,
        considered=sorted(considered, key=lambda one: (one.outcome == "not_due", one.campaign)),
        earlier=[life for life in lives if life.night != record.night],
    )


def _record(connection: Connection, night: date | None) -> NightRecord:
    wanted = night or nights.latest_night(connection)
    record = None if wanted is None else nights.find_night(connection, wanted)
    if record is None:
        raise UnableToExplain(
            "no night is planned yet. Try `care demo`, or `care night --night DATE`."
            if wanted is None
            else f"{wanted} is not planned. `care night --night {wanted}` plans it."
        )
    return record


def why_now(touch: Mapping[str, Any], evidence: Evidence) -> str:
    """The occasion of a touch as its campaign says it, in one plain sentence.

    ``touch``: ``night, campaign, occasion_key, occasion_on, tier, years, product_key, window_from,
    window_to, facts``, as the ledger keeps them.
    """
    campaign, product = CAMPAIGNS[touch["campaign"]], touch["product_key"]
    return campaign.why_now(
        Occasion(
            night=touch["night"],
            key=touch["occasion_key"],
            tier=touch["tier"],
            on=touch["occasion_on"],
            years=touch["years"],
            product=None if product is None else evidence.name(product),
            window_from=touch["window_from"],
            window_to=touch["window_to"],
            facts=campaign.read_facts(touch["facts"]),
        )
    )


def in_words(life: Life, gifts: Mapping[str, Gift]) -> str:
    """What became of a touch. ``gifts``: those of the policy, for their names."""
    if life.arm == "held_out":
        return "in the control group: gets nothing, so that care can be measured"
    if life.state == "failed":
        return f"could not be written: {life.reason}"
    gift = f", with {label_of(gifts, life.gift_id)}" if life.gift_id else ""
    told = f"{life.channel} for {life.send_on:%d %b}{gift}"
    if life.message_state is None:
        return f"{told}: planned, not written yet"
    why = f" ({life.message_reason})" if life.message_reason else ""
    return f"{told}: {SAYS[life.message_state]}{why}"


def _touched(runtime: Runtime, life: Life, evidence: Evidence, because: str) -> Considered:
    outcome = "held_out" if life.arm == "held_out" else "touched"
    return Considered(
        life.campaign,
        life.occasion_key,
        outcome,
        in_words(life, runtime.policy.gifts),
        occasion_on=life.occasion_on,
        because=because,
        recommended=evidence.of(life.recommended or "[]"),
    )


def _excluded(rows: pd.DataFrame) -> Iterator[Considered]:
    columns = ("campaign", "occasion_key", "outcome", "reason", "detail")
    for campaign, key, outcome, reason, detail in zip(*(rows[n] for n in columns), strict=True):
        words = IN_WORDS[Reason(reason)] + (f": {detail}" if detail else "")
        yield Considered(campaign, key, outcome, words)


def _silent(
    runtime: Runtime, person: pd.DataFrame, record: NightRecord, said: set[str]
) -> Iterator[Considered]:
    """The campaigns that had nothing to say of her, each with the reason."""
    tables = Tables(customers=person.assign(tier=runtime.policy.tiers[0].name))
    for name in sorted(set(runtime.policy.campaigns) - said):
        if not runtime.policy.campaigns[name].enabled:
            yield Considered(name, None, "off", "switched off in the policy")
        elif name in record.paused:
            why = "; ".join(record.paused[name])
            yield Considered(name, None, "paused", f"the campaign was paused: {why}")
        else:
            foreseen = CAMPAIGNS[name].foreseeable
            ahead = _next(runtime, tables, name, record.night) if foreseen else None
            yield Considered(name, None, "not_due", "nothing is due", next_on=ahead)


def _next(runtime: Runtime, tables: Tables, campaign: str, after: date) -> date | None:
    """The first night after one on which a rule finds whom the tables hold, within a year."""
    settings = runtime.policy.campaigns[campaign]
    tomorrow, lead = after + timedelta(days=1), getattr(settings, "lead_days", 0)

    def found(night: date, lead_days: int) -> pd.DataFrame:
        wide = settings.model_copy(update={"lead_days": lead_days})
        return CAMPAIGNS[campaign].candidates(tables, wide, night=night)

    # A rule that looks a day further ahead finds a day of hers a night earlier. So the fewest days
    # more with which tomorrow finds one are the nights from tomorrow until it is found by itself.
    for glance in LOOKS_AHEAD:
        days = found(tomorrow, lead + glance)["send_from"]
        if len(days) == 0:
            continue
        more = max((days.min().date() - timedelta(days=lead) - tomorrow).days, 0)
        if found(tomorrow + timedelta(days=more), lead).empty:
            # The rule sends on another day than the one it goes by.
            some = range(glance)
            more = bisect_left(some, x=True, key=lambda day: len(found(tomorrow, lead + day)) > 0)
        return tomorrow + timedelta(days=more)
    return None
