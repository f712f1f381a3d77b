"""Habits as a night begins: what runs out, what broke off, who went silent."""

import io
import logging
from collections.abc import Callable
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
    champion = load_champion(runtime, "timing")
    if champion is None:
        log.warning("no timing model speaks: nothing is foretold to run out")
    sayable = sold[~sold["category"].isin(runtime.policy.wording.never_name) & offered(sold)]
    model = None if champion is None else champion[1]
    found = [_of_piece(piece, model, sayable, last_known_day(night)) for piece in cut(history)]
    return Habits(
        **{
            one.name: pd.concat(
                [none_of(COLUMNS[one.name]), *(getattr(piece, one.name) for piece in found)],
                ignore_index=True,
            )
            for one in fields(Habits)
        }
    )


def _of_piece(
    history: ibis.Table, model: TimingModel | None, sold: pd.DataFrame, today: int
) -> Habits:
    days = recommended_days(history)
    pairs = rhythm(days, today=today)
    types = sold.drop_duplicates("type_key").set_index("type_key")["category"]
    lines = item_history(history)
    bought = Personal.fit(lines, today=today) if len(lines) else None

    def named(rows: pd.DataFrame) -> pd.DataFrame:
        """The category of each type, and the product of it that she would most likely buy."""
        rows = rows.assign(category=rows["type"].map(types))
        rows = rows[rows["category"].notna()]
        if bought is None or rows.empty:
            return rows.assign(item=pd.Series(dtype="Int64"))
        again = bought.again_for_types(
            rows[["customer", "type"]],
            item_types=sold[["product_key", "type_key"]].rename(
                columns={"product_key": "item", "type_key": "type"}
            ),
        )
        return rows.merge(again[["customer", "type", "item"]], on=["customer", "type"], how="left")

    return Habits(
        rhythms=none_of(RHYTHMS) if model is None else _rhythms(pairs, model, named, today),
        breaks=_breaks(pairs, named, today),
        silences=_silences(days, today),
    )


Named = Callable[[pd.DataFrame], pd.DataFrame]


def _rhythms(pairs: pd.DataFrame, model: TimingModel, named: Named, today: int) -> pd.DataFrame:
    regular = pairs[pairs["purchases"] >= MIN_PURCHASE_DAYS].reset_index(drop=True)
    due = model.due(regular, today=today, horizon=HORIZON_DAYS)
    due = named(due[(due["expected_day"] - today).abs() <= NEAR_DAYS])
    telling = (due["window_to"] - due["window_from"]) <= LONGEST_WINDOW_DAYS
    frame = _keyed(due, "last_day", "expected_day", "window_from", "window_to")
    frame.loc[~telling, ["window_from", "window_to"]] = pd.NaT
    return frame.astype(RHYTHMS)[list(RHYTHMS)]


def _breaks(pairs: pd.DataFrame, named: Named, today: int) -> pd.DataFrame:
    """What she bought regularly and has stopped buying, though she still shops."""
    habits = pairs[
        (pairs["purchases"] >= MIN_HABIT) & (pairs["mean_interval"] <= LONGEST_HABIT_DAYS)
    ].reset_index(drop=True)
    shopped = pairs.groupby("customer")["last_day"].max()
    lately = habits["customer"].map(shopped).to_numpy() >= today - STILL_SHOPS_DAYS
    broken = overdue_from(habits, today=today, share=HARDLY_ANY)
    fresh = (broken <= today + 1) & (broken > today - FRESH_DAYS) & lately
    found = named(habits.assign(broken_on=broken)[fresh])
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
