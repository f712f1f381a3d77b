"""The coming nights, as if each had been planned and everything of it had gone out."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd

from care.domain.campaign import PAST, MessageClass, Tables
from care.domain.candidate import IDENTITY, candidates
from care.domain.contact_policy import RECENT
from care.domain.holdout import TREATED
from care.domain.touch import Ledger

LONGEST_REPEATED = 28
"""Nights that are taken again at most; whole weeks where there are so many."""


def nights_to_repeat(planned: Sequence[date]) -> list[date]:
    """Of the nights planned so far, those that stand for what customers will do: the last ones.

    Only nights without a gap up to the last. The first night of a ledger meets everybody who was
    due for long and is like no other, so it is left out where there are more.
    """
    ordered = sorted(planned)
    usual = set(ordered[1:] or ordered)
    row: list[date] = []
    while len(row) < LONGEST_REPEATED and (day := ordered[-1] - timedelta(len(row))) in usual:
        row.append(day)
    return row[: len(row) // 7 * 7 or len(row)][::-1]


def again(came: pd.DataFrame, customers: pd.DataFrame, *, night: date, time: int) -> pd.DataFrame:
    """Candidates of an earlier night as those of a coming one, each with a customer like her.

    ``came``: identity, ``night``, ``send_on``, ``send_until``, ``type_key`` and ``product_key`` of
    all who were due on it; without days, one holds for that night alone. ``customers``:
    ``customer_key, segment, tier``. ``time``: how often that night has come again with this one;
    each time it is others' turn, as nobody does the same every week. Returns ``candidate.DTYPES``
    and ``campaign``.
    """
    like_her = _next_of_her_kind(customers, time)
    came = came[came["customer_key"].isin(like_her.index)]
    shift = pd.Timestamp(night) - came["night"]
    first = (came["send_on"].fillna(came["night"]) + shift).astype("datetime64[s]")
    last = (came["send_until"].fillna(came["night"]) + shift).astype("datetime64[s]")
    found = candidates(
        {
            "customer_key": came["customer_key"].map(like_her),
            "occasion_key": came["occasion_key"] + f"~{time}",
            "send_from": first,
            "send_until": last,
            "type_key": came["type_key"],
            "product_key": came["product_key"],
        },
        index=came.index,
    )
    return found.assign(campaign=came["campaign"].to_numpy())


def _next_of_her_kind(customers: pd.DataFrame, places: int) -> pd.Series:
    """By customer, the one who comes so many places after her in her segment and tier."""
    ordered = customers.sort_values(["segment", "tier", "customer_key"], ignore_index=True)
    kind = ordered.groupby(["segment", "tier"], observed=True)["customer_key"]
    place, size = kind.cumcount(), kind.transform("size")
    other = ordered.index - place + (place + places) % size
    keys = ordered["customer_key"].to_numpy()
    return pd.Series(keys[other.to_numpy("int64")], index=keys)


def tables_after(tables: Tables, touches: pd.DataFrame) -> Tables:
    """What rules see once some touches have been planned. ``touches``: as a plan has them."""
    if touches.empty:
        return tables
    reached = touches.loc[touches["arm"] == TREATED, "customer_key"]
    silent = tables.out_of_touch
    return replace(
        tables,
        past=pd.concat([tables.past, touches[list(PAST)]], ignore_index=True),
        out_of_touch=silent[~silent["customer_key"].isin(reached)],
    )


def ledger_after(ledger: Ledger, touches: pd.DataFrame, *, night: date) -> Ledger:
    """What a ledger says on a night once some touches have been planned before it and gone out.

    ``touches``: as plans have them, with the ``night`` of each.
    """
    if touches.empty:
        return ledger
    treated = touches[touches["arm"] == TREATED]
    marketing = treated[treated["message_class"] == MessageClass.MARKETING]
    given = treated[treated["gift_id"].notna()]
    pieces = given["gift_id"].value_counts()
    this_month = given["night"].dt.to_period("M") == pd.Period(night, "M")
    spent = int(given.loc[this_month, "gift_cost"].sum())
    latest = given.drop_duplicates("customer_key", keep="last")[["customer_key", "gift_id"]]
    others = ledger.last_gifts[~ledger.last_gifts["customer_key"].isin(latest["customer_key"])]
    planned = [ledger.permissions.planned, touches[[*IDENTITY, "arm"]]]
    return replace(
        ledger,
        permissions=replace(ledger.permissions, planned=pd.concat(planned, ignore_index=True)),
        recent=pd.concat([ledger.recent, marketing[list(RECENT)]], ignore_index=True),
        gifts_left={
            name: max(0, left - int(pieces.get(name, 0)))
            for name, left in ledger.gifts_left.items()
        },
        last_gifts=pd.concat([others, latest], ignore_index=True),
        money_left=None if ledger.money_left is None else max(0, ledger.money_left - spent),
    )


def parts_of(touches: pd.DataFrame, parts: pd.DataFrame) -> pd.Series:
    """Expected parts of each SMS among some touches, counted from those of messages so far.

    ``parts``: ``campaign, messages, parts`` of short messages that were written. A campaign that
    wrote none counts as all others do; where nothing was ever written, nothing is known.
    """
    total = parts["messages"].sum()
    usual = parts["parts"].sum() / total if total else np.nan
    each = parts.set_index("campaign")["parts"] / parts.set_index("campaign")["messages"]
    known = touches["campaign"].map(each).astype("float64").fillna(usual)
    return known.where(touches["channel"] == "sms", 0.0)
