"""Which product follows another one, where the next in line may itself have been followed."""

import pandas as pd

from care.domain.product import LEAVING, offered

_NOBODY = -1

LONGEST_LINE = 8
"""Steps from a product to the one that follows it; a longer line goes round in a circle."""


def living_successors(products: pd.DataFrame) -> pd.Series:
    """The first product down the line that stays, by ``product_key``; Int64, missing where none is.

    ``products``: columns of ``CATALOGUE``. A successor that is itself in decline or retired leads
    on to its own; one that is out of stock, or may not be named, leads nowhere.
    """
    keys = products["product_key"].to_numpy("int64")
    wanted = products["successor_key"].fillna(_NOBODY).astype("int64")
    follows = pd.Index(keys).get_indexer(wanted)  # places; _NOBODY where there is none
    leaving = products["stage"].isin(LEAVING).to_numpy(bool)
    found = follows.copy()
    for _ in range(LONGEST_LINE):
        going = (found != _NOBODY) & leaving[found]
        found[going] = follows[found[going]]
    stays = ~leaving & products["sayable"].to_numpy(bool) & offered(products).to_numpy(bool)
    nobody = (found == _NOBODY) | ~stays[found]
    return pd.Series(pd.arrays.IntegerArray(keys[found], nobody), index=keys)
