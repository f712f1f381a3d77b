"""Order lines in, who is due out: the timing models as one thing that can be used alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import pandas as pd

from recommender import artifact, columns
from recommender.items.personal import Personal
from recommender.timing.kept import Kept
from recommender.timing.layered import HORIZONS, MIN_PURCHASES, Layered
from recommender.timing.reason import broken, due_reasons
from recommender.timing.rhythm_break import Breaks
from recommender.timing.state import state

_LINES = {**columns.HISTORY, columns.TYPE: "int64"}


class UnableToLoadForecaster(ValueError):
    """A stored model was learnt from another history than the one it is to speak of."""


@dataclass(frozen=True, slots=True, eq=False)
class Forecaster:
    """Fitted models, and the purchases they speak of.

    Lines whose ``quantity``, if there is such a column, is not above zero are returns and leave.
    """

    model: Layered
    rhythm_breaks: Breaks
    lines: pd.DataFrame
    """``customer, order, item, type, day``."""
    today: int
    """The last day that the models learnt from."""

    @classmethod
    def fit(
        cls,
        history: pd.DataFrame,
        *,
        today: int | None = None,
        horizons: Sequence[int] = HORIZONS,
        seed: int = 0,
    ) -> Self:
        """Learn from order lines: ``customer, order, day, item, type``, and ``quantity`` if told.

        Args:
            history: one row a line; days count from 1970-01-01 in the shop's own time zone.
            today: the last day whose purchases are known; the last of the history when None.
            horizons: days ahead that layers are learnt for.
            seed: of samples.

        Raises:
            UnableToReadFrame: a column is missing or holds what it cannot.
            UnableToFitLaw: no customer bought any type on three days.
        """
        lines = _bought(history)
        known = int(lines[columns.DAY].max()) if today is None and len(lines) else today or 0
        days = _days(lines, known)
        model = Layered.fit(days, today=known, horizons=horizons, seed=seed)
        found = Breaks.fit(days, today=known, ground=model.ground, seed=seed)
        return cls(model, found, lines, known)

    def due(self, *, night: int, horizon: int, min_purchases: int = MIN_PURCHASES) -> pd.DataFrame:
        """Foretell who buys which type within ``horizon`` days from the night on.

        Args:
            night: the day that is planned; purchases up to the day before are known.
            horizon: days, the night itself being the first.
            min_purchases: purchase days that make a rhythm.

        Returns:
            ``columns.TOLD``, the likeliest first.
        """
        today = night - 1
        states = self._states(today)
        states = states[states[columns.PURCHASES] >= min_purchases].reset_index(drop=True)
        due = self.model.due(states, today=today, horizon=horizon)
        told = self._named(due, today)
        told[columns.EXPECTED_ON] = due[columns.EXPECTED_DAY].to_numpy()
        told[columns.REASON] = due_reasons(states, today=today)
        return _ordered(told, columns.PROBABILITY, columns.TOLD)

    def breaks(self, *, night: int) -> pd.DataFrame:
        """Rhythms that seem to have broken off, as the night begins.

        Returns:
            ``columns.BROKEN``, the surest first: the score is the chance of no purchase of the type
            within 56 days.
        """
        today = night - 1
        found = self.rhythm_breaks.find(self._states(today), today=today)
        told = self._named(found, today)
        late = today - found[columns.LAST_DAY] - found[columns.MEAN_INTERVAL]
        told[columns.OVERDUE] = late.to_numpy()
        told[columns.REASON] = broken(found, today=today)
        return _ordered(told, columns.SCORE, columns.BROKEN)

    def save(self, path: artifact.StoredFile, *, figures: Any = None) -> str:
        """Write the models, with a fingerprint of the lines; ``load`` needs the lines again.

        Returns:
            The SHA-256 of the file.
        """
        return artifact.save(
            Kept(self.model, self.rhythm_breaks, self.today),
            path,
            data=artifact.fingerprint(self.lines),
            figures=figures,
        )

    @classmethod
    def load(
        cls, path: artifact.StoredFile, history: pd.DataFrame, *, sha256: str | None = None
    ) -> Self:
        """Read the models back for the lines they learnt from.

        Raises:
            UnableToLoadArtifact: the file is missing, broken or another one.
            UnableToLoadForecaster: it learnt from other lines.
        """
        found = artifact.load(path, sha256=sha256)
        lines = _bought(history)
        if found.meta.data != artifact.fingerprint(lines):
            raise UnableToLoadForecaster(
                f"{path} learnt from other order lines than these; hand over the same history, "
                "or fit anew"
            )
        kept = found.model
        return cls(kept.model, kept.breaks, lines, kept.today)

    def _states(self, today: int) -> pd.DataFrame:
        return state(_days(self.lines, today), today=today)

    def _named(self, pairs: pd.DataFrame, today: int) -> pd.DataFrame:
        """With the item of the type that she most likely buys again, as ``product``."""
        if pairs.empty:
            return pairs.assign(**{columns.PRODUCT: pd.Series(dtype="int64")})
        known = self.lines[(self.lines[columns.DAY] <= today).to_numpy()]
        types = known[[columns.ITEM, columns.TYPE]].drop_duplicates(columns.ITEM)
        keys = [columns.CUSTOMER, columns.TYPE]
        again = Personal.fit(known, today=today).again_for_types(pairs[keys], item_types=types)
        named = pairs.merge(again[[*keys, columns.ITEM]], on=keys, how="left")
        return named.rename(columns={columns.ITEM: columns.PRODUCT})


def _bought(history: pd.DataFrame) -> pd.DataFrame:
    if columns.QUANTITY in history:
        history = history[(history[columns.QUANTITY] > 0).to_numpy()]
    return columns.require(history, _LINES, what="the order lines").reset_index(drop=True)


def _days(lines: pd.DataFrame, today: int) -> pd.DataFrame:
    rows = lines.loc[(lines[columns.DAY] <= today).to_numpy(), list(columns.PURCHASE_DAYS)]
    return rows.drop_duplicates(ignore_index=True)


def _ordered(told: pd.DataFrame, by: str, schema: columns.Schema) -> pd.DataFrame:
    keys = [by, columns.CUSTOMER, columns.TYPE]
    ordered = told.sort_values(keys, ascending=[False, True, True], ignore_index=True)
    return ordered[list(schema)].astype(dict(schema))
