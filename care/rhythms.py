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

from care.domain.product import offered
from care.domain.rhythm import BREAKS, FRESH_DAYS, RHYTHMS, SILENCES, none_of
from care.runtime import Runtime
from care.storage.history import item_history
from care.storage.pieces import cut
from care.storage.store import Store
from care.training import HORIZON_DAYS, last_known_day, load_champion, recommended_days
from recommender.items.personal import Personal
from recommender.timing.model import TimingModel
from recommender.timing.rhythm import rhythm
from recommender.timing.silence import overdue_from

log = logging.getLogger(__name__)

MIN_PURCHASE_DAYS = 3
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
STILL_SHOPS_DAYS = 21
"""Who bought nothing at all for longer has not dropped a habit but gone away."""


@dataclass(frozen=True, slots=True)
class Habits:
    """What one night sees: columns of ``RHYTHMS``, ``BREAKS`` and ``SILENCES``."""

    rhythms: pd.DataFrame
    breaks: pd.DataFrame
    silences: pd.DataFrame


COLUMNS = {"rhythms": RHYTHMS, "breaks": BREAKS, "silences": SILENCES}


def save_habits(store: Store, night: date, habits: Habits) -> None:
    """Keep the habits of a night for its plan."""
    for name in COLUMNS:
        frame: pd.DataFrame = getattr(habits, name)
        store.write(_place(night, name), frame.to_parquet(index=False))


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
            found[name] = pd.read_parquet(io.BytesIO(content))
    return Habits(**found)


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
    model = _timing(runtime)
    sayable, today = _sayable(runtime, sold), last_known_day(night)
    found = [_habits(_Piece.of(piece, sayable, today), model, today) for piece in cut(history)]
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
    is expected to buy again on a day after the last known one is taken to have done so.
    """
    model, sayable = _timing(runtime), _sayable(runtime, sold)
    found = {night: [none_of(RHYTHMS)] for night in nights}
    if model is not None:
        for lines in cut(history):
            known = last_known_day(nights[0])
            piece = _Piece.of(lines, sayable, known)
            pairs = _regular(piece.pairs)
            for night in nights:
                today = last_known_day(night)
                pairs = _as_they_are_used_to(pairs, model, known=known, today=today)
                found[night].append(_rhythms(piece, pairs, model, today))
    return {night: pd.concat(parts, ignore_index=True) for night, parts in found.items()}


def _timing(runtime: Runtime) -> TimingModel | None:
    champion = load_champion(runtime, "timing")
    if champion is None:
        log.warning("no timing model speaks: nothing is foretold to run out")
    return None if champion is None else champion[1]


def _sayable(runtime: Runtime, sold: pd.DataFrame) -> pd.DataFrame:
    return sold[~sold["category"].isin(runtime.policy.wording.never_name) & offered(sold)]


@dataclass(frozen=True, slots=True)
class _Piece:
    """Some customers: the days on which they bought, and what they would buy again."""

    days: pd.DataFrame
    pairs: pd.DataFrame
    sold: pd.DataFrame
    bought: Personal | None

    @classmethod
    def of(cls, history: ibis.Table, sold: pd.DataFrame, today: int) -> "_Piece":
        days = recommended_days(history)
        lines = item_history(history)
        bought = Personal.fit(lines, today=today) if len(lines) else None
        return cls(days, rhythm(days, today=today), sold, bought)

    def named(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The category of each type, and the product of it that she would most likely buy."""
        types = self.sold.drop_duplicates("type_key").set_index("type_key")["category"]
        rows = rows.assign(category=rows["type"].map(types))
        rows = rows[rows["category"].notna()]
        if self.bought is None or rows.empty:
            return rows.assign(item=pd.Series(dtype="Int64"))
        again = self.bought.again_for_types(
            rows[["customer", "type"]],
            item_types=self.sold[["product_key", "type_key"]].rename(
                columns={"product_key": "item", "type_key": "type"}
            ),
        )
        return rows.merge(again[["customer", "type", "item"]], on=["customer", "type"], how="left")


def _habits(piece: _Piece, model: TimingModel | None, today: int) -> Habits:
    return Habits(
        rhythms=none_of(RHYTHMS)
        if model is None
        else _rhythms(piece, _regular(piece.pairs), model, today),
        breaks=_breaks(piece, today),
        silences=_silences(piece.days, today),
    )


def _regular(pairs: pd.DataFrame) -> pd.DataFrame:
    return pairs[pairs["purchases"] >= MIN_PURCHASE_DAYS].reset_index(drop=True)


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


def _rhythms(piece: _Piece, regular: pd.DataFrame, model: TimingModel, today: int) -> pd.DataFrame:
    due = model.due(regular, today=today, horizon=HORIZON_DAYS)
    due = piece.named(due[(due["expected_day"] - today).abs() <= NEAR_DAYS])
    telling = (due["window_to"] - due["window_from"]) <= LONGEST_WINDOW_DAYS
    frame = _keyed(due, "last_day", "expected_day", "window_from", "window_to")
    frame.loc[~telling, ["window_from", "window_to"]] = pd.NaT
    return frame.astype(RHYTHMS)[list(RHYTHMS)]


def _breaks(piece: _Piece, today: int) -> pd.DataFrame:
    """What she bought regularly and has stopped buying, though she still shops."""
    pairs = piece.pairs
    habits = pairs[
        (pairs["purchases"] >= MIN_HABIT) & (pairs["mean_interval"] <= LONGEST_HABIT_DAYS)
    ].reset_index(drop=True)
    shopped = pairs.groupby("customer")["last_day"].max()
    lately = habits["customer"].map(shopped).to_numpy() >= today - STILL_SHOPS_DAYS
    broken = overdue_from(habits, today=today, share=HARDLY_ANY)
    fresh = (broken <= today + 1) & (broken > today - FRESH_DAYS) & lately
    found = piece.named(habits.assign(broken_on=broken)[fresh])
    return _keyed(found, "last_day", "broken_on").astype(BREAKS)[list(BREAKS)]


def _silences(days: pd.DataFrame, today: int) -> pd.DataFrame:
    """Who used to come and does not come any more."""
    visits = rhythm(days.assign(type=0), today=today)
    visits = visits[visits["purchases"] >= MIN_HABIT].reset_index(drop=True)
    silent = overdue_from(visits, today=today, share=HARDLY_ANY)
    found = visits.assign(silent_on=silent)[(silent <= today + 1) & (silent > today - FRESH_DAYS)]
    frame = _keyed(found, "last_day", "silent_on").rename(columns={"purchases": "visits"})
    return frame.astype(SILENCES)[list(SILENCES)]


def _keyed(rows: pd.DataFrame, *days: str) -> pd.DataFrame:
    """Under the house's names, with days as dates."""
    frame = rows.rename(
        columns={"customer": "customer_key", "type": "type_key", "item": "product_key"}
    )
    return frame.assign(**{day: _dates(frame[day]) for day in days})


def _dates(days: pd.Series) -> npt.NDArray[np.datetime64]:
    return days.to_numpy("int64").astype("datetime64[D]").astype("datetime64[s]")
