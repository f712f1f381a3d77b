"""Who is touched tonight, by which road and with which gift: one choice for everybody at once.

Each customer gets at most one marketing touch a night, and whatever is owed to her. Within that,
and within stock, money and what the channels carry, either the offers that are worth most together
are chosen, or each customer's by priority, the higher tiers first.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import TypedDict

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csr_array

from care.domain.allocation import NONE, Alternatives, Ints, allocate, improve, take_in_turn
from care.domain.campaign import MessageClass
from care.domain.candidate import IDENTITY
from care.domain.exclusion import Reason, crowded, gather

TIE = 1e-6


class ChosenBy(StrEnum):
    """How tonight's touches are chosen."""

    VALUE = "value"
    PRIORITY = "priority"


@dataclass(frozen=True, slots=True)
class Limits:
    """What tonight may take. What is not named here there is enough of.

    ``gift_budget`` and ``sending_budget``: minor units. ``gifts``: pieces left by gift.
    ``messages``: marketing messages left by channel. Service messages count towards neither the
    channels nor the sending budget.
    """

    gift_budget: int | None = None
    sending_budget: int | None = None
    gifts: Mapping[str, int] = field(default_factory=dict)
    messages: Mapping[str, int] = field(default_factory=dict)


class Price(TypedDict):
    """What one more of a scarce thing would have added to tonight's value, in minor units."""

    what: str
    name: str
    price: float


class Account(TypedDict):
    """What a plan is worth by the policy's values, and what a better one could be at most.

    ``instead``: what choosing the other way would have been worth, within the same limits.
    """

    chosen_by: str
    value: float
    bound: float
    prices: list[Price]
    instead: float


@dataclass(frozen=True, slots=True)
class Choice:
    """Tonight's touches with road and gift, those who were crowded out, and the account."""

    touches: pd.DataFrame
    set_aside: pd.DataFrame
    account: Account


def arbitrate(
    open_roads: pd.DataFrame,
    offers: pd.DataFrame,
    limits: Limits,
    by: ChosenBy,
    tier_order: Mapping[str, int],
    *,
    night: date,
) -> Choice:
    """Choose.

    ``open_roads``: one row for each candidate and channel, with ``control`` (empty for who is not
    in the control arm). ``offers``: of ``make_offers``, for them. The arm is looked at after the
    choice alone, so that both arms are chosen alike: who is held out takes nothing, and what that
    leaves goes to better gifts for those who are touched.

    Losers are deferred or dropped, as their campaign says, and the winner is named.
    """
    desk = _Desk.set(open_roads, offers, limits, tier_order)
    best = allocate(replace(desk.among, value=_with_ties_broken(desk)))
    plain = _in_order(desk)
    chosen = best.chosen if by is ChosenBy.VALUE else plain
    worth = {
        ChosenBy.VALUE: desk.among.worth(best.chosen),
        ChosenBy.PRIORITY: desk.among.worth(plain),
    }
    (instead,) = (value for way, value in worth.items() if way is not by)
    account = Account(
        chosen_by=str(by),
        value=round(worth[by], 2),
        bound=round(best.bound if desk.scarce else worth[ChosenBy.VALUE], 2),
        prices=[
            Price(what=what, name=name, price=float(f"{price:.5g}"))
            for (what, name), price in zip(desk.scarce, best.prices, strict=True)
            if price > 0
        ],
        instead=round(instead, 2),
    )
    out = (open_roads["control"] != "").to_numpy(bool)[desk.offers["row"].to_numpy()]
    chosen = _with_what_is_freed(desk, chosen, out, by)
    return Choice(*_settled(desk, chosen, out, night), account)


@dataclass(frozen=True, slots=True)
class _Desk:
    """The offers in the order of their groups, and what they take of what is scarce."""

    roads: pd.DataFrame
    offers: pd.DataFrame
    among: Alternatives
    scarce: list[tuple[str, str]]
    rank: npt.NDArray[np.float64]
    turn: npt.NDArray[np.float64]

    @classmethod
    def set(
        cls,
        roads: pd.DataFrame,
        offers: pd.DataFrame,
        limits: Limits,
        tier_order: Mapping[str, int],
    ) -> "_Desk":
        about = roads.loc[
            offers["row"],
            [*IDENTITY, "priority", "send_until", "tier", "message_class", "channel"],
        ].reset_index(drop=True)
        told = pd.concat([about, offers.reset_index(drop=True)], axis=1)
        told["step"] = told["tier"].map(tier_order)
        owed = told["message_class"] == MessageClass.SERVICE
        told["owed"] = owed
        told["occasion"] = told["campaign"].where(owed, "")
        told["event"] = told["occasion_key"].where(owed, "")
        told = told.sort_values(
            ["customer_key", "owed", "occasion", "event", *_PREFERENCE],
            ascending=[True, True, True, True, *_PREFERENCE.values()],
            ignore_index=True,
        )
        starts = (
            (told["customer_key"] != told["customer_key"].shift())
            | (told["occasion"] != told["occasion"].shift())
            | (told["event"] != told["event"].shift())
        ).to_numpy(bool, copy=True)
        starts[:1] = True
        told, starts = _no_gift_twice(told, starts)
        group = np.cumsum(starts) - 1
        scarce, need, left = _scarce(told, limits)
        among = Alternatives(group.astype("int64"), told["value"].to_numpy("float64"), need, left)
        place = np.arange(len(told))
        first_of = place[starts] if len(told) else place
        rank = (1 + len(told) - (place - first_of[among.group])).astype("float64")
        turns = told.sort_values(
            ["step", "priority", *IDENTITY],
            ascending=[False, False, True, True, True],
        ).index
        turn = np.empty(len(told))
        turn[turns] = np.arange(len(told), 0, -1)
        return cls(roads, told, among, scarce, rank, turn)


_PREFERENCE = {
    "priority": False,
    "send_until": True,
    "campaign": True,
    "occasion_key": True,
    "road": True,
    "rung": True,
}
"""Within a customer: priority, then the earlier last day, then the identity; ascending or not."""


def _no_gift_twice(
    offers: pd.DataFrame, starts: npt.NDArray[np.bool_]
) -> tuple[pd.DataFrame, npt.NDArray[np.bool_]]:
    """Leave a gift to the first of a customer's groups that may carry it: no two of hers do."""
    group = pd.Series(np.cumsum(starts), index=offers.index)
    first = group.groupby([offers["customer_key"], offers["gift_id"].fillna("")]).transform("min")
    twice = (offers["gift_id"].notna() & (group != first)).to_numpy(bool)
    left = group[~twice]
    begins = (left != left.shift()).to_numpy(bool)
    return offers[~twice].reset_index(drop=True), begins


def _scarce(
    offers: pd.DataFrame, limits: Limits
) -> tuple[list[tuple[str, str]], csr_array, npt.NDArray[np.float64]]:
    """What there is too little of for everybody: names, what each offer takes of it, what is left.

    What would do for all offers together is not scarce, so that it costs no time.
    """
    names: list[tuple[str, str]] = []
    columns: list[tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]] = []
    left: list[float] = []

    def weigh(what: str, name: str, takes: pd.Series, limit: int | None) -> None:
        taken = takes.to_numpy("float64")
        if limit is None or taken.sum() <= limit:
            return
        rows = np.flatnonzero(taken)
        names.append((what, name))
        columns.append((rows, taken[rows]))
        left.append(float(limit))

    marketing = ~offers["owed"]
    weigh("gift_budget", "", offers["gift_cost"], limits.gift_budget)
    weigh("sending_budget", "", offers["sending_cost"] * marketing, limits.sending_budget)
    for gift, pieces in sorted(limits.gifts.items()):
        weigh("gift", gift, offers["gift_id"] == gift, pieces)
    for channel, messages in sorted(limits.messages.items()):
        weigh("channel", channel, marketing & (offers["channel"] == channel), messages)
    rows = np.concatenate([rows for rows, _ in columns] or [np.zeros(0, dtype="int64")])
    taken = np.concatenate([taken for _, taken in columns] or [np.zeros(0)])
    things = np.repeat(np.arange(len(columns)), [len(rows) for rows, _ in columns])
    need = csr_array((taken, (rows, things)), shape=(len(offers), len(columns)))
    return names, need, np.array(left)


def _with_ties_broken(desk: _Desk) -> npt.NDArray[np.float64]:
    """Values by which, of equals, the higher tier, then priority, then identity comes first.

    A millionth at most is added, so what bounds these values bounds the true ones.
    """
    return desk.among.value * (1 + TIE * desk.turn / max(len(desk.turn), 1))


def _in_order(desk: _Desk) -> Ints:
    """Each customer's offers in the order of preference, the higher tiers first."""
    return take_in_turn(desk.among, desk.rank, turn=desk.turn)


def _with_what_is_freed(
    desk: _Desk, chosen: Ints, out: npt.NDArray[np.bool_], by: ChosenBy
) -> Ints:
    """Better gifts for those who are touched, from what those who are held out leave.

    Their touches stay what they are: another one would make the two arms differ.
    """
    taken = chosen[chosen != NONE]
    if not len(desk.scarce) or not out[taken].any():
        return chosen
    row = desk.offers["row"].to_numpy()
    row_of_group = np.full(desk.among.groups, NONE)
    row_of_group[desk.among.group[taken]] = row[taken]
    same = np.flatnonzero((row == row_of_group[desk.among.group]) & ~out)
    treated = taken[~out[taken]]
    among = desk.among.some(same, desk.among.left)
    place = np.searchsorted(same, treated)
    score, turn = (desk.among.value, None) if by is ChosenBy.VALUE else (desk.rank, desk.turn[same])
    better = improve(among, place.astype("int64"), score[same], turn=turn)
    after = chosen.copy()
    after[desk.among.group[treated]] = same[better]
    return after


def _settled(
    desk: _Desk, chosen: Ints, out: npt.NDArray[np.bool_], night: date
) -> tuple[pd.DataFrame, pd.DataFrame]:
    taken = chosen[chosen != NONE]
    touches = desk.roads.loc[desk.offers["row"].to_numpy()[taken]].reset_index(drop=True)
    given = desk.offers.loc[taken, ["gift_id", "gift_cost", "gift_note"]].reset_index(drop=True)
    given["gift_note"] = _why_not_better(desk, taken, out)
    held = out[taken]
    given.loc[held, "gift_id"] = None
    given.loc[held, "gift_cost"] = 0
    given.loc[held, "gift_note"] = ""
    return touches.join(given), _crowded_out(desk, touches, night)


def _why_not_better(
    desk: _Desk, taken: Ints, out: npt.NDArray[np.bool_]
) -> npt.NDArray[np.object_]:
    """Why each touch has not a better rung of its ladder, in words; nothing where it has the best.

    A gift is short if a piece of it, or the money for it, is not left over when all is chosen.
    """
    offers = desk.offers
    notes = offers["gift_note"].to_numpy(object)[taken]
    mine = pd.DataFrame(
        {"row": offers["row"].to_numpy()[taken], "had": offers["rung"].to_numpy()[taken]}
    )
    mine["place"] = np.arange(len(taken))
    better = offers[["row", "rung", "gift_id"]].reset_index(names="offer").merge(mine, on="row")
    better = better[better["rung"] < better["had"]].sort_values(["place", "rung"])
    if better.empty:
        return notes
    spare = desk.among.left - desk.among.taken(taken[~out[taken]])
    need = desk.among.need[better["offer"].to_numpy()].tocoo()
    short = np.zeros(len(better), dtype=bool)
    short[need.coords[0][need.data > spare[need.coords[1]]]] = True
    said = better["gift_id"] + np.where(short, " is short", " would do less for what it costs")
    words = said.groupby(better["place"]).agg("; ".join)
    places = words.index.to_numpy("int64")
    separator = np.where(notes[places] != "", "; ", "")
    notes[places] = notes[places] + separator + words.to_numpy(object)
    return notes


def _crowded_out(desk: _Desk, touches: pd.DataFrame, night: date) -> pd.DataFrame:
    """Candidates without a touch, and what stood in the way: a winner, the limits, or the cost."""
    had = pd.MultiIndex.from_frame(touches[IDENTITY])
    roads = desk.roads
    lost = roads[~pd.MultiIndex.from_frame(roads[IDENTITY]).isin(had)]
    lost = lost[~lost.duplicated(IDENTITY)]
    marketing = touches[touches["message_class"] != MessageClass.SERVICE]
    winner = lost["customer_key"].map(marketing.set_index("customer_key")["campaign"])
    best = desk.offers.groupby(IDENTITY)["value"].max()
    worth = best.reindex(pd.MultiIndex.from_frame(lost[IDENTITY])).to_numpy("float64") > 0
    why = np.where(worth, str(Reason.NO_ROOM), str(Reason.NOT_WORTH_IT))
    why = np.where(winner.notna(), str(Reason.OUTRANKED), why)
    detail = ("by " + winner.astype("str")).where(winner.notna(), "")
    reason = pd.Series(why, index=lost.index, dtype="str")
    return gather(crowded(lost, reason, detail=detail, night=night))
