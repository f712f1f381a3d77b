"""Where every customer stands as a night begins: her tier, her points, how she buys, her value."""

from dataclasses import dataclass
from datetime import date, timedelta

import ibis
import pandas as pd

from care.domain.points import HELD, earn, expire
from care.domain.segment import find_segments
from care.domain.standing import find_standings, memory_days, no_standings
from care.domain.value import HORIZON_DAYS, VALUED
from care.policy import Policy
from care.runtime import Runtime
from care.storage import points
from care.storage.database import writing
from care.storage.history import bought_since, orders_of, spend, spend_by_day
from care.storage.pieces import Frames, cut, sample
from care.trial import last_known_day
from recommender.value import Smoothed, UnableToValue

LATE_ORDERS = timedelta(days=31)
"""Orders that come in later than this after others of their day earn no points."""
VALUED_BY_LINES = 200_000
"""So many order lines choose how fast the past fades."""


def find_all_standings(policy: Policy, history: ibis.Table, night: date) -> pd.DataFrame:
    """The tier and the value of everybody who bought lately, in pieces: memory is bounded.

    Returns ``customer_key, STANDING, VALUED``.
    """
    rules = {
        "window_days": policy.night.spend_window_days,
        "grace_days": policy.night.tier_grace_days,
    }
    begins = night - timedelta(days=memory_days(policy.tiers, **rules))
    lately = bought_since(history, begins)
    fade = _fade(spend_by_day(sample(lately, lines=VALUED_BY_LINES)), night)
    found = [
        _valued(find_standings(bought, policy.tiers, night=night, **rules), bought, fade, night)
        for bought in Frames(cut(lately), spend_by_day)
    ]
    nobody = no_standings(pd.Series([], dtype="int64"), policy.tiers)
    return pd.concat(found or [_valued(nobody, pd.DataFrame(), None, night)])


def find_standing(policy: Policy, hers: ibis.Table, night: date) -> pd.DataFrame:
    """What ``find_all_standings`` says of the one customer whose lines these are, asked once."""
    rules = {
        "window_days": policy.night.spend_window_days,
        "grace_days": policy.night.tier_grace_days,
    }
    begins = night - timedelta(days=memory_days(policy.tiers, **rules))
    bought = spend_by_day(bought_since(hers, begins))
    found = find_standings(bought, policy.tiers, night=night, **rules)
    return _valued(found, bought, _fade(bought, night), night)


@dataclass(frozen=True, slots=True)
class _Fade:
    """How fast the past fades, and the first day of it."""

    smoothed: Smoothed
    start: int


def _fade(by_day: pd.DataFrame, night: date) -> _Fade | None:
    """Chosen on some customers; nothing while there is too little to choose by."""
    spent = _spent(by_day)
    try:
        smoothed = Smoothed.fit(spent, today=last_known_day(night))
    except UnableToValue:
        return None
    return _Fade(smoothed, int(spent["day"].min()))


def _valued(
    standings: pd.DataFrame, bought: pd.DataFrame, fade: _Fade | None, night: date
) -> pd.DataFrame:
    if fade is None:
        return standings.assign(expected_spend=None).astype(dict(VALUED))
    expected = fade.smoothed.expect(
        _spent(bought), start=fade.start, today=last_known_day(night), days=HORIZON_DAYS
    )
    worth = expected.reindex(standings["customer_key"]).round().to_numpy()
    return standings.assign(expected_spend=worth).astype(dict(VALUED))


def _spent(by_day: pd.DataFrame) -> pd.DataFrame:
    """Spend by day as the recommender knows it."""
    return pd.DataFrame(
        {
            "customer": by_day["customer_key"],
            "day": by_day["day"].to_numpy("datetime64[D]").astype("int64"),
            "amount": by_day["amount_minor"],
        }
    )


def settle_points(
    runtime: Runtime, history: ibis.Table, standings: pd.DataFrame, *, night: date
) -> None:
    """Book what orders have earned by a night, and take what has expired. Done again, nothing.

    One night at a time: another one that runs now waits, and then finds what this one did.
    """
    rules = runtime.policy.points
    if rules is None:
        return
    tiers = standings[["customer_key", "tier"]]
    with writing(runtime.engine) as connection:
        points.lock_points(connection)
        latest = points.last_earned(connection)
        begins = rules.start_on if latest is None else max(rules.start_on, latest - LATE_ORDERS)
        for orders in Frames(cut(bought_since(history, begins)), orders_of):
            ordered = orders.merge(tiers, on="customer_key", how="left")
            moves = earn(ordered, rules, minor_per_unit=runtime.policy.minor_per_unit, night=night)
            points.book(connection, moves)
        overdue = points.read_overdue(connection, night)
        points.book(connection, expire(overdue, night=night))


def with_standings(
    runtime: Runtime,
    history: ibis.Table,
    everybody: pd.DataFrame,
    standings: pd.DataFrame,
    held: pd.DataFrame,
    *,
    night: date,
    events: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Customers with ``STANDING``, ``VALUED``, ``HELD`` and ``SEGMENTED`` beside each."""
    policy = runtime.policy
    segmented = _segments(policy, history, everybody, events, night)
    return _with_standings(everybody, standings, held, policy).merge(
        segmented, on="customer_key", validate="one_to_one"
    )


def _segments(
    policy: Policy,
    history: ibis.Table,
    everybody: pd.DataFrame,
    events: pd.DataFrame | None,
    night: date,
) -> pd.DataFrame:
    """How everybody buys, from all of the history and from its last part."""
    rules = policy.segments
    lately = spend(history, since=night - timedelta(days=rules.window_days))
    seen = () if events is None else events["customer_key"]
    return find_segments(everybody, spend(history), lately, rules, night=night, seen=seen)


def _with_standings(
    everybody: pd.DataFrame, standings: pd.DataFrame, held: pd.DataFrame, policy: Policy
) -> pd.DataFrame:
    """Customers with tier and points beside each; who bought nothing has everybody's tier."""
    others = everybody.loc[
        ~everybody["customer_key"].isin(standings["customer_key"]), "customer_key"
    ]
    stands = pd.concat([standings, no_standings(others, policy.tiers)], ignore_index=True)
    people = everybody.merge(stands, on="customer_key", validate="one_to_one")
    people = people.merge(held, on="customer_key", how="left").astype(dict(HELD))
    if policy.points is not None:
        people = people.fillna({"points": 0, "points_expiring": 0})
    return people
