"""Where a customer stands: steps by what she bought over a window, kept for a while when it ends.

A tier is met on a night if the purchases of the window before it suffice. It is reached at once. A
customer who no longer meets hers keeps it for the days of grace; then she goes down one step, which
she keeps as long again, and so on. All of it follows from the purchases alone and from nothing that
an earlier night remembered, so that any night comes out the same whenever it is planned.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from care.domain.tier import Tier

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

NEWS_DAYS = 14
"""Whether a tier was reached or renewed is known for so many nights back."""

STANDING: Mapping[str, str] = {
    "tier": "str",
    "tier_reached_on": "datetime64[s]",  # the day of the purchase that lifted her to it
    "tier_renewed_on": "datetime64[s]",  # the day of the one that met it again, in grace
    "tier_was_until": "datetime64[s]",  # until when she would have kept it without that one
    "tier_unmet_from": "datetime64[s]",  # first night of the grace that runs tonight
    "tier_until": "datetime64[s]",  # last day of it; a purchase on that day still counts
    "tier_lacks_spend": "int64",  # minor units that would keep the tier if spent by that day
    "tier_lacks_orders": "int64",  # and orders
}
"""What is known of a customer's tier; days may be missing, and are of the last NEWS_DAYS."""


def memory_days(tiers: Sequence[Tier], *, window_days: int, grace_days: int) -> int:
    """How many days of purchases before a night decide where customers stand on it."""
    return window_days + _nights_back(tiers, grace_days)


def _nights_back(tiers: Sequence[Tier], grace_days: int) -> int:
    return grace_days * (len(tiers) - 1) + NEWS_DAYS + 1


def find_standings(
    purchases: pd.DataFrame,
    tiers: Sequence[Tier],
    *,
    night: date,
    window_days: int,
    grace_days: int,
) -> pd.DataFrame:
    """Say where each customer stands on a night.

    ``purchases``: ``customer_key, day, amount_minor, orders``, one row a customer and day before
    the night, at least of the last ``memory_days``; customers in pieces of any size, each whole.
    ``tiers`` rise in ``min_spend`` and never fall in ``min_orders``; the first is everybody's. The
    window of a night is the ``window_days`` days before it. Returns ``customer_key`` and
    ``STANDING``, one row for each customer of ``purchases``, by key.
    """
    if purchases.empty:
        return no_standings(purchases["customer_key"], tiers)
    rows = purchases.sort_values(["customer_key", "day"], ignore_index=True)
    keys, customer = np.unique(rows["customer_key"].to_numpy("int64"), return_inverse=True)
    bought = _Bought(
        customer=customer.astype("int64"),
        day=_numbers(rows["day"]),
        spend=rows["amount_minor"].to_numpy("int64"),
        orders=rows["orders"].to_numpy("int64"),
    )
    tonight = int(np.datetime64(night, "D").astype("int64"))
    course = _course(
        bought, tiers, tonight=tonight, back=_nights_back(tiers, grace_days), window=window_days
    )
    return _standings(course, bought, keys, tiers, window=window_days, grace=grace_days)


@dataclass(frozen=True, slots=True)
class _Bought:
    """Purchases by customer (dense from 0) and day, in this order."""

    customer: Ints
    day: Ints
    spend: Ints
    orders: Ints


@dataclass(frozen=True, slots=True)
class _Course:
    """The nights between two changes of a customer's window, in order, and the step she then met.

    Nights are counted from ``first``; ``last`` of them is the night the course ends with.
    """

    customer: Ints
    start: Ints
    end: Ints
    met: Ints
    first: int
    last: int

    @property
    def begins(self) -> Bools:
        """Where another customer begins."""
        found: Bools = np.diff(self.customer, prepend=-1) != 0
        return found


def _course(
    bought: _Bought, tiers: Sequence[Tier], *, tonight: int, back: int, window: int
) -> _Course:
    """Follow each window through the nights: a purchase comes in, and ``window`` nights on is gone.

    What came or went before the first night is where the course begins.
    """
    first, nights = tonight - back, back + 1
    start = np.concatenate([bought.day + 1, bought.day + 1 + window])
    here = start <= tonight
    customer = np.concatenate([bought.customer, bought.customer])[here]
    start = np.maximum(start[here] - first, 0)
    event = customer * nights + start
    order = np.argsort(event, kind="stable")
    event = event[order]
    changes = np.flatnonzero(np.diff(event, prepend=-1))
    customer, start = event[changes] // nights, event[changes] % nights
    begins = np.diff(customer, prepend=-1) != 0
    lengths = np.diff(np.flatnonzero(np.append(begins, True)))

    def inside(amounts: Ints) -> Ints:
        moved = np.concatenate([amounts, -amounts])[here][order]
        total = np.cumsum(np.add.reduceat(moved, changes))
        before = np.concatenate([[0], total[:-1]])[begins]
        running: Ints = total - np.repeat(before, lengths)
        return running

    spend, orders = inside(bought.spend), inside(bought.orders)
    met = np.zeros(len(customer), dtype="int64")
    for tier in tiers[1:]:
        met += (spend >= tier.min_spend) & (orders >= tier.min_orders)
    end = np.where(np.append(begins[1:], True), nights - 1, np.append(start[1:], nights) - 1)
    return _Course(customer, start, end, met, first=first, last=nights - 1)


def _last_met(course: _Course, step: int) -> Ints:
    """For each stretch, by its end: the last night on which a step was met so far, or -1."""
    told = np.where(course.met >= step, course.end, -1)
    room = course.last + 2  # so that no customer's nights reach into the next one's
    shifted = told + 1 + course.customer * room
    latest: Ints = np.maximum.accumulate(shifted) - course.customer * room - 1
    return latest


def _kept(last_met: Ints, step: int, *, on: Ints | int, grace: int) -> Ints:
    """The step she keeps on a night because she once met ``step``: one less with each grace."""
    age = on - last_met
    lost = -(-age // grace) - 1 if grace else np.where(age > 0, step, 0)
    kept: Ints = np.where(last_met < 0, 0, np.maximum(step - np.maximum(lost, 0), 0))
    return kept


def _standings(
    course: _Course,
    bought: _Bought,
    keys: Ints,
    tiers: Sequence[Tier],
    *,
    window: int,
    grace: int,
) -> pd.DataFrame:
    begins = course.begins
    firsts, lasts = np.flatnonzero(begins), np.flatnonzero(np.append(begins[1:], True))
    steps = range(1, len(tiers))
    met_by = {step: _last_met(course, step) for step in steps}

    held = course.met[lasts].copy()
    kept_before = np.zeros(len(course.met), dtype="int64")
    before = {}
    for step in steps:
        held = np.maximum(held, _kept(met_by[step][lasts], step, on=course.last, grace=grace))
        before[step] = np.where(begins, -1, np.roll(met_by[step], 1))
        kept = _kept(before[step], step, on=course.start - 1, grace=grace)
        kept_before = np.maximum(kept_before, kept)

    until = _until({step: met_by[step][lasts] for step in steps}, held, grace=grace)
    in_grace = course.met[lasts] < held
    met_before = np.where(begins, 0, np.roll(course.met, 1))
    recent = course.start > course.last - NEWS_DAYS
    rose = recent & (course.met > kept_before)
    renewed = recent & (course.met == kept_before) & (met_before < kept_before)
    rise, renewal = _latest(rose, firsts), _latest(renewed, firsts)
    reached = (rise >= 0) & (course.met[rise] == held)
    again = ~reached & ~in_grace & (renewal >= 0) & (course.met[renewal] == held)
    was_until = _until({step: before[step][renewal] for step in steps}, held, grace=grace)

    ends = until + course.first
    lacks = _lacking(bought, held, in_grace, ends + 1 - window, tiers)
    names = np.array([tier.name for tier in tiers], dtype=object)
    start = course.start + course.first - 1  # the night's last known day
    return pd.DataFrame(
        {
            "customer_key": keys,
            "tier": names[held],
            "tier_reached_on": _days(start[rise], reached),
            "tier_renewed_on": _days(start[renewal], again),
            "tier_was_until": _days(was_until + course.first, again),
            "tier_unmet_from": _days(ends - grace + 1, in_grace),
            "tier_until": _days(ends, in_grace),
            "tier_lacks_spend": lacks[0],
            "tier_lacks_orders": lacks[1],
        }
    ).astype(dict(STANDING))


def _until(last_met: Mapping[int, Ints], held: Ints, *, grace: int) -> Ints:
    """The last night on which a customer keeps the step she holds if she buys nothing more."""
    until = np.full(len(held), -1, dtype="int64")
    for step, night in last_met.items():
        keeps = (step >= held) & (night >= 0)
        until = np.maximum(until, np.where(keeps, night + (step - held + 1) * grace, -1))
    return until


def _latest(happened: Bools, firsts: Ints) -> Ints:
    """For each customer, the place in the course where something last happened, or -1."""
    places = np.where(happened, np.arange(len(happened)), -1)
    latest: Ints = np.maximum.reduceat(places, firsts)
    return latest


def _lacking(
    bought: _Bought, held: Ints, in_grace: Bools, counts_from: Ints, tiers: Sequence[Tier]
) -> tuple[Ints, Ints]:
    """Spend and orders that would meet the tier on the night after its grace.

    Of what she has bought, only what is then still in the window counts; so it is enough whenever
    she buys it.
    """
    counts = bought.day >= counts_from[bought.customer]
    lacks = []
    for column, edges in (
        (bought.spend, [tier.min_spend for tier in tiers]),
        (bought.orders, [tier.min_orders for tier in tiers]),
    ):
        there = np.zeros(len(held), dtype="int64")
        np.add.at(there, bought.customer[counts], column[counts])
        edge = np.array(edges, dtype="int64")[held]
        lacks.append(np.where(in_grace, np.maximum(edge - there, 0), 0))
    return lacks[0], lacks[1]


def no_standings(customer_keys: pd.Series, tiers: Sequence[Tier]) -> pd.DataFrame:
    """Customers who bought nothing: everybody's tier, and no news of it."""
    frame = pd.DataFrame({"customer_key": customer_keys.to_numpy("int64")})
    for name, dtype in STANDING.items():
        frame[name] = pd.NaT if dtype.startswith("datetime") else 0
    return frame.assign(tier=tiers[0].name).astype(dict(STANDING))


def _numbers(days: pd.Series) -> Ints:
    """Days since 1970-01-01."""
    return days.to_numpy("datetime64[D]").astype("int64")


def _days(numbers: Ints, known: Bools) -> npt.NDArray[np.datetime64]:
    days = numbers.astype("datetime64[D]").astype("datetime64[s]")
    days[~known] = np.datetime64("NaT")
    return days
