"""Who lives together, and what they bought between them: what one brings home, the other has."""

from dataclasses import dataclass
from typing import Self

import ibis
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from care.runtime import Runtime
from care.storage.database import reading
from care.storage.people import read_homes
from care.storage.purchases import days_of_homes
from recommender.timing.rhythm import rhythm


@dataclass(frozen=True, slots=True, eq=False)
class Households:
    """The households of two and more; who is not of one is a household of her own."""

    home: pd.Series
    """Key of the home, by customer."""
    pairs: pd.DataFrame
    """The rhythm of each home and type, columns of ``recommender.columns.PAIRS``."""
    visits: pd.DataFrame
    """The rhythm of each home in buying anything, the same columns."""

    @classmethod
    def read(cls, runtime: Runtime, history: ibis.Table, *, today: int) -> Self:
        """Read them as the history says, up to and including ``today``."""
        with reading(runtime.engine) as connection:
            homes = read_homes(connection)
        found = days_of_homes(history, homes)
        days = pd.DataFrame(
            {
                "customer": found["home_key"],
                "type": found["type_key"],
                "day": found["day"].to_numpy("datetime64[D]").astype("int32"),
            }
        )
        return cls(
            homes.set_index("customer_key")["home_key"],
            rhythm(days, today=today),
            rhythm(days.assign(type=0), today=today),
        )

    def last_days(self, pairs: pd.DataFrame) -> NDArray[np.int32]:
        """The last day on which anybody of her household bought of the type, row for row.

        ``pairs``: ``customer, type, last_day``, the latter her own.
        """
        known = self.pairs.set_index(["customer", "type"])["last_day"]
        hers = pairs["last_day"].to_numpy("int32")
        at = pd.MultiIndex.from_arrays([self._home_of(pairs["customer"]), pairs["type"]])
        theirs = known.reindex(at).to_numpy("float64")
        last_days: NDArray[np.int32] = np.fmax(hers, theirs).astype("int32")
        return last_days

    def visits_of(self, own: pd.DataFrame) -> pd.DataFrame:
        """The same rows, each with the rhythm of her household in the place of her own.

        ``own``: rows of ``recommender.columns.PAIRS``, one a customer.
        """
        home = self._home_of(own["customer"])
        shared = pd.Index(self.visits["customer"]).get_indexer(home)
        known = shared >= 0
        rows = self.visits.iloc[shared[known]].set_axis(own.index[known])
        theirs = rows.assign(customer=own["customer"].to_numpy()[known])
        together: pd.DataFrame = pd.concat([own[~known], theirs]).sort_index()
        return together

    def _home_of(self, customers: pd.Series) -> NDArray[np.int64]:
        home = self.home.reindex(customers).to_numpy("float64")
        return np.where(np.isnan(home), -1, home).astype("int64")
