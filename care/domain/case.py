"""A case: something a customer brought to the shop, and whether it is settled."""

from collections.abc import Collection

import pandas as pd

from care.domain.setaside import Columns

KINDS = ("complaint", "repair", "return", "inquiry")

CASES = Columns(
    "cases",
    {
        "case_id": "str",  # the shop's own key
        "customer_key": "int64",
        "product_key": "Int64",  # missing where it is about none, or none the house knows
        "kind": "str",  # one of KINDS
        "opened_on": "datetime64[s]",  # before the night
        "closed_on": "datetime64[s]",  # before the night; missing while it is open
        "satisfaction": "Int64",  # 1 to 5
    },
)
"""One row a case, as the night begins: what happened since then is not yet known."""


def waiting(cases: pd.DataFrame | None, *, kinds: Collection[str] = KINDS) -> pd.Index:
    """Keys of the customers with an open case, of some kinds or of any."""
    if cases is None:
        return pd.Index([], dtype="int64")
    still_open = cases["kind"].isin(list(kinds)) & cases["closed_on"].isna()
    found: pd.Index = pd.Index(cases.loc[still_open, "customer_key"].unique())
    return found


def complaining(cases: pd.DataFrame | None) -> pd.Index:
    """Keys of the customers with an open complaint."""
    return waiting(cases, kinds=("complaint",))


def last_of(cases: pd.DataFrame, kind: str, day: str) -> pd.DataFrame:
    """The last day of a kind of case per ``customer_key, product_key``, in the column ``day``."""
    told = cases[(cases["kind"] == kind) & cases[day].notna() & cases["product_key"].notna()]
    pairs = told.astype({"product_key": "int64"}).groupby(["customer_key", "product_key"])
    return pairs[[day]].max().reset_index()
