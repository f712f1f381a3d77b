"""What customers are probably running out of, as the timing model sees the night begin."""

import logging
from datetime import date

import ibis
import numpy as np
import numpy.typing as npt
import pandas as pd

from care.domain.product import offered
from care.runtime import Runtime
from care.storage.history import item_history
from care.storage.pieces import cut
from care.training import HORIZON_DAYS, last_known_day, load_champion, recommended_days
from recommender.items.personal import Personal
from recommender.timing.model import TimingModel
from recommender.timing.rhythm import rhythm

log = logging.getLogger(__name__)

MIN_PURCHASE_DAYS = 3
NEAR_DAYS = 30
"""Expected days further off than this concern another night."""
LONGEST_WINDOW_DAYS = 14
"""A longer window says nothing worth saying, so none is named."""

DTYPES = {
    "customer_key": "int64",
    "type_key": "int64",
    "product_key": "Int64",
    "category": "str",
    "purchases": "int64",
    "mean_interval": "float64",
    "last_day": "datetime64[s]",
    "probability": "float64",
    "expected_day": "datetime64[s]",
    "window_from": "datetime64[s]",
    "window_to": "datetime64[s]",
}


def find_rhythms(
    runtime: Runtime, history: ibis.Table, sold: pd.DataFrame, *, night: date
) -> pd.DataFrame:
    """Pairs of customer and product type that may run out around a night, columns ``DTYPES``.

    The product named is the one of that type she most likely buys again, of those that are offered.
    Categories that no message may name are left out. Without a timing model nothing is foretold,
    and the log says so.
    """
    champion = load_champion(runtime, "timing")
    if champion is None:
        log.warning("no timing model speaks: nothing is foretold to run out")
        return no_rhythms()
    sayable = sold[~sold["category"].isin(runtime.policy.wording.never_name) & offered(sold)]
    found = [
        _of_piece(piece, champion[1], sayable, last_known_day(night)) for piece in cut(history)
    ]
    return pd.concat([no_rhythms(), *found], ignore_index=True)


def _of_piece(
    history: ibis.Table, model: TimingModel, sold: pd.DataFrame, today: int
) -> pd.DataFrame:
    pairs = rhythm(recommended_days(history), today=today)
    pairs = pairs[pairs["purchases"] >= MIN_PURCHASE_DAYS].reset_index(drop=True)
    due = model.due(pairs, today=today, horizon=HORIZON_DAYS)
    types = sold.drop_duplicates("type_key").set_index("type_key")["category"]
    due = due.assign(category=due["type"].map(types))
    due = due[due["category"].notna() & ((due["expected_day"] - today).abs() <= NEAR_DAYS)]
    again = Personal.fit(item_history(history), today=today).again_for_types(
        due[["customer", "type"]],
        item_types=sold[["product_key", "type_key"]].rename(
            columns={"product_key": "item", "type_key": "type"}
        ),
    )
    named = due.merge(again[["customer", "type", "item"]], on=["customer", "type"], how="left")
    return _as_tables(named)


def no_rhythms() -> pd.DataFrame:
    """Nothing is running out; columns ``DTYPES``."""
    return pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in DTYPES.items()})


def _as_tables(named: pd.DataFrame) -> pd.DataFrame:
    telling = (named["window_to"] - named["window_from"]) <= LONGEST_WINDOW_DAYS
    frame = named.rename(
        columns={"customer": "customer_key", "type": "type_key", "item": "product_key"}
    )
    for day in ("last_day", "expected_day", "window_from", "window_to"):
        frame[day] = _dates(frame[day])
    frame.loc[~telling, ["window_from", "window_to"]] = pd.NaT
    return frame.astype(DTYPES)[list(DTYPES)]


def _dates(days: pd.Series) -> npt.NDArray[np.datetime64]:
    return days.to_numpy("int64").astype("datetime64[D]").astype("datetime64[s]")
