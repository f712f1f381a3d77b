"""Habits as a night begins: what runs out, what broke off, who went silent."""

import io
import logging
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date

import ibis
import numpy as np
import numpy.typing as npt
import pandas as pd

from care.domain.rhythm import BREAKS, FRESH_DAYS, RHYTHMS, SILENCES, none_of
from care.domain.season import RECENT_WEEKS, USUAL_WEEKS, damping
from care.goods import Goods
from care.household import Households
from care.runtime import Runtime
from care.storage.history import item_history
from care.storage.pieces import cut, sample
from care.storage.purchases import sales_by_week
from care.storage.quantities import bought_more, elasticity
from care.storage.store import Store
from care.training import load_champion, recommended_days
from care.trial import HORIZON_DAYS, last_known_day
from recommender.columns import PAIRS
from recommender.items.personal import Personal
from recommender.timing.model import TimingModel
from recommender.timing.rhythm import rhythm
from recommender.timing.silence import overdue_from
from recommender.timing.state import state

log = logging.getLogger(__name__)

OWN_RHYTHM = 3
"""Purchase days from which on a pair has a rhythm of its own. Of what she bought more rarely only
that is foretold whose type has so strong a rhythm that a window can be named."""
NEAR_DAYS = 30
"""Expected days further off than this concern another night."""
LONGEST_WINDOW_DAYS = 14
"""A longer window says nothing worth saying, so none is named."""
MIN_HABIT = 4
"""Purchase days that make a habit whose end means something."""
LONGEST_HABIT_DAYS = 90
"""What is bought more rarely breaks off too late to be told."""
HARDLY_ANY = 0.05
"""The share of pauses that are longer than what counts as a break or a silence."""
FEW = 0.1
"""The share of pauses that are longer than what lets a household count as away."""
MEASURED_LINES = 2_000_000
"""Order lines that tell how much longer more of the same lasts."""
STILL_SHOPS_DAYS = 21
"""Whose household bought nothing at all for longer has not dropped a habit but gone away."""


@dataclass(frozen=True, slots=True)
class Habits:
    """What one night sees: columns of ``RHYTHMS``, ``BREAKS`` and ``SILENCES``."""

    rhythms: pd.DataFrame
    breaks: pd.DataFrame
    silences: pd.DataFrame


GROUP_ROWS = 50_000
COLUMNS = {"rhythms": RHYTHMS, "breaks": BREAKS, "silences": SILENCES}


def save_habits(store: Store, night: date, habits: Habits) -> None:
    """Keep the habits of a night for its plan."""
    for name in COLUMNS:
        frame: pd.DataFrame = getattr(habits, name)
        # In small groups, so that who looks for one customer need not read all.
        content = frame.to_parquet(index=False, row_group_size=GROUP_ROWS)
        store.write(_place(night, name), content)


def read_habits(store: Store, night: date) -> Habits:
    """The habits of a night as they were kept; none of those that were not, and the log says so."""
    found = {}
    for name, columns in COLUMNS.items():
        try:
            content = store.read(_place(night, name))
        except FileNotFoundError:
            log.warning("%s was not scored: there are no %s", night, name)
            found[name] = none_of(columns)
        else:
            kept = pd.read_parquet(io.BytesIO(content))
            # A night that an older version scored knows less.
            found[name] = kept.reindex(columns=list(columns)).astype(dict(columns))
    return Habits(**found)


def read_rhythms_of(store: Store, night: date, *, customer_key: int) -> pd.DataFrame:
    """One customer's rhythms as ``read_habits`` has them, hers alone read."""
    try:
        content = store.read(_place(night, "rhythms"))
    except FileNotFoundError:
        return none_of(RHYTHMS)
    hers = [("customer_key", "==", customer_key)]
    kept = pd.read_parquet(io.BytesIO(content), filters=hers)
    return kept.reindex(columns=list(RHYTHMS)).astype(dict(RHYTHMS))


def _place(night: date, name: str) -> str:
    return f"nights/{night}/{name}.parquet"


def find_habits(
    runtime: Runtime, history: ibis.Table, sold: pd.DataFrame, *, night: date
) -> Habits:
    """Read the habits of all customers out of the history, in pieces that fit in memory.

    The product named is the one of its type that she most likely buys again, of those that are
    offered. Categories that no message may name are left out. Without a timing model nothing is
    foretold to run out, and the log says so; breaks and silences need none.
    """
    model, today = _timing(runtime), last_known_day(night)
    seen = _Seen.of(runtime, history, sold, night=night)
    found = [_habits(seen, _Piece.of(piece, today), model, today) for piece in cut(history)]
    return Habits(
        **{
            one.name: pd.concat(
                [none_of(COLUMNS[one.name]), *(getattr(piece, one.name) for piece in found)],
                ignore_index=True,
            )
            for one in fields(Habits)
        }
    )


def foretell(
    runtime: Runtime, history: ibis.Table, sold: pd.DataFrame, *, nights: Sequence[date]
) -> dict[date, pd.DataFrame]:
    """The columns of ``RHYTHMS`` that coming nights would see if all bought as they are used to.

    ``history``: as of the first of the nights, or of one before it; ``nights``: in order. Whoever
    is expected to buy again on a day after the last known one is taken to have done so, and no
    household to go away.
    """
    model = _timing(runtime)
    found = {night: [none_of(RHYTHMS)] for night in nights}
    if model is not None:
        known = last_known_day(nights[0])
        seen = _Seen.of(runtime, history, sold, night=nights[0])
        for lines in cut(history):
            piece = _Piece.of(lines, known)
            pairs = piece.pairs
            for night in nights:
                today = last_known_day(night)
                if today > known:
                    # Counts of late days are those of the last known one; the rhythm stays true.
                    pairs = pairs[list(PAIRS)]
                pairs = _as_they_are_used_to(pairs, model, known=known, today=today)
                found[night].append(_rhythms(seen, piece, pairs, model, today))
    return {night: pd.concat(parts, ignore_index=True) for night, parts in found.items()}


def _timing(runtime: Runtime) -> TimingModel | None:
    champion = load_champion(runtime, "timing")
    if champion is None:
        log.warning("no timing model speaks: nothing is foretold to run out")
    return None if champion is None else champion[1]


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a night knows of all customers together."""

    goods: Goods
    households: Households
    damping: pd.Series
    """What is left of a chance out of season, by type."""
    elasticity: float
    """How much longer more of the same lasts."""

    @classmethod
    def of(
        cls, runtime: Runtime, history: ibis.Table, sold: pd.DataFrame, *, night: date
    ) -> "_Seen":
        weekly = sales_by_week(history, night=night, weeks=RECENT_WEEKS + USUAL_WEEKS)
        goods = Goods.of(runtime.policy, history, sold)
        households = Households.read(runtime, history, today=last_known_day(night))
        part = sample(history, lines=MEASURED_LINES)
        return cls(goods, households, damping(weekly), elasticity(part))


@dataclass(frozen=True, slots=True)
class _Piece:
    """Some customers: the days on which they bought, and what they would buy again."""

    days: pd.DataFrame
    pairs: pd.DataFrame
    bought: Personal | None
    more: pd.DataFrame
    """How much more than usual she bought last, by customer and type."""

    @classmethod
    def of(cls, history: ibis.Table, today: int) -> "_Piece":
        days = recommended_days(history)
        lines = item_history(history)
        bought = Personal.fit(lines, today=today) if len(lines) else None
        return cls(days, state(days, today=today), bought, bought_more(history))


def _habits(seen: _Seen, piece: _Piece, model: TimingModel | None, today: int) -> Habits:
    own = rhythm(piece.days.assign(type=0), today=today)
    visits = seen.households.visits_of(own)
    if model is None:
        rhythms = none_of(RHYTHMS)
    else:
        away = _away_from(visits, today)
        rhythms = _rhythms(seen, piece, piece.pairs, model, today, away=away)
    return Habits(
        rhythms=rhythms,
        breaks=_breaks(seen, piece, visits, today),
        silences=_silences(own, visits, today),
    )


def _away_from(visits: pd.DataFrame, today: int) -> pd.Series:
    """From which day on each household counts as away, by customer: not at home, or not with us."""
    came = visits[visits["purchases"] >= 2].reset_index(drop=True)
    long = overdue_from(came, today=today, share=FEW)
    soonest = came["last_day"].to_numpy("int32") + STILL_SHOPS_DAYS + 1
    return pd.Series(np.maximum(long, soonest), index=came["customer"])


def _as_they_are_used_to(
    pairs: pd.DataFrame, model: TimingModel, *, known: int, today: int
) -> pd.DataFrame:
    """Pairs with a purchase more where one was expected after ``known`` and up to ``today``."""
    due = model.due(pairs, today=today, horizon=HORIZON_DAYS)
    expected = due["expected_day"].to_numpy("int32")
    again = (expected > known) & (expected <= today)
    return pairs.assign(
        last_day=np.where(again, expected, pairs["last_day"].to_numpy("int32")),
        purchases=pairs["purchases"].to_numpy("int32") + again,
    )


def _rhythms(
    seen: _Seen,
    piece: _Piece,
    pairs: pd.DataFrame,
    model: TimingModel,
    today: int,
    *,
    away: pd.Series | None = None,
) -> pd.DataFrame:
    """``away``: from which day on each customer's household counts as away."""
    due = _stretched(model.due(pairs, today=today, horizon=HORIZON_DAYS), seen, piece, today=today)
    near = (due["expected_day"] - today).abs() <= NEAR_DAYS
    telling = (due["window_to"] - due["window_from"]) <= LONGEST_WINDOW_DAYS
    due = due[near & (telling | (due["purchases"] >= OWN_RHYTHM))]
    due = seen.goods.of_habits(due, piece.bought)
    in_season = due["type"].map(seen.damping).fillna(1.0)
    usual = due["mean_interval"].fillna(due["expected_day"] - due["last_day"])
    at_home = seen.households.last_days(due)
    gone = due["customer"].map(away) if away is not None else pd.Series(np.nan, index=due.index)
    frame = _keyed(
        due.assign(
            probability=due["probability"] * in_season,
            mean_interval=usual,
            household_bought_on=at_home,
        ),
        "last_day", "expected_day", "window_from", "window_to", "household_bought_on",
    )  # fmt: skip
    frame.loc[~telling.loc[due.index], ["window_from", "window_to"]] = pd.NaT
    frame["household_away_from"] = pd.to_datetime(gone, unit="D").astype("datetime64[s]")
    return frame.astype(RHYTHMS)[list(RHYTHMS)]


def _stretched(due: pd.DataFrame, seen: _Seen, piece: _Piece, *, today: int) -> pd.DataFrame:
    """Days put off after more was bought than usual, and brought forward after less."""
    more = piece.more.set_index(["customer_key", "type_key"])["more"]
    keys = pd.MultiIndex.from_frame(due[["customer", "type"]])
    longer = np.exp(seen.elasticity * more.reindex(keys).fillna(0.0).to_numpy())
    last = due["last_day"].to_numpy("int64")
    moved = {
        name: np.rint(last + (due[name].to_numpy("int64") - last) * longer).astype("int32")
        for name in ("expected_day", "window_from", "window_to")
    }
    moved["window_from"] = np.maximum(moved["window_from"], today + 1)
    moved["window_to"] = np.maximum(moved["window_to"], moved["window_from"])
    return due.assign(**moved)


def _breaks(seen: _Seen, piece: _Piece, visits: pd.DataFrame, today: int) -> pd.DataFrame:
    """What she bought regularly and has stopped buying, though her household still shops.

    Where somebody at home buys it now, nothing broke off.
    """
    pairs = piece.pairs
    habits = pairs[
        (pairs["purchases"] >= MIN_HABIT) & (pairs["mean_interval"] <= LONGEST_HABIT_DAYS)
    ].reset_index(drop=True)
    shopped = visits.set_index("customer")["last_day"]
    lately = habits["customer"].map(shopped).to_numpy() >= today - STILL_SHOPS_DAYS
    hers = seen.households.last_days(habits) == habits["last_day"].to_numpy("int32")
    broken = overdue_from(habits, today=today, share=HARDLY_ANY)
    fresh = (broken <= today + 1) & (broken > today - FRESH_DAYS) & lately & hers
    found = seen.goods.of_habits(habits.assign(broken_on=broken)[fresh], piece.bought)
    # What is not to be had any more was not given up by her.
    found["item"] = found["item"].mask(found["instead"].notna())
    return _keyed(found, "last_day", "broken_on").astype(BREAKS)[list(BREAKS)]


def _silences(own: pd.DataFrame, visits: pd.DataFrame, today: int) -> pd.DataFrame:
    """Whose household used to come and does not come any more; nobody who never came herself."""
    came = visits[(visits["purchases"] >= MIN_HABIT) & (own["purchases"] >= MIN_HABIT)]
    came = came.reset_index(drop=True)
    silent = overdue_from(came, today=today, share=HARDLY_ANY)
    found = came.assign(silent_on=silent)[(silent <= today + 1) & (silent > today - FRESH_DAYS)]
    frame = _keyed(found, "last_day", "silent_on").rename(columns={"purchases": "visits"})
    return frame.astype(SILENCES)[list(SILENCES)]


def _keyed(rows: pd.DataFrame, *days: str) -> pd.DataFrame:
    """Under the house's names, with days as dates."""
    frame = rows.rename(
        columns={
            "customer": "customer_key",
            "type": "type_key",
            "item": "product_key",
            "instead": "instead_key",
        }
    )
    return frame.assign(**{day: _dates(frame[day]) for day in days})


def _dates(days: pd.Series) -> npt.NDArray[np.datetime64]:
    return days.to_numpy("int64").astype("datetime64[D]").astype("datetime64[s]")
