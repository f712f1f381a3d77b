"""Dense keys for products and product types, given once and never changed."""

import numpy as np
import pandas as pd
from sqlalchemy import Connection, Table, func, select

from care.storage.bulk import insert_frame, read_frame
from care.storage.database import lock_table
from care.storage.tables import product_types, products


def sync_catalogue(connection: Connection, catalogue: pd.DataFrame) -> pd.DataFrame:
    """Give new products and types a key; return the catalogue with both keys.

    ``catalogue``: canonical product columns. Products are keyed in the order of their id; where
    ``successor`` is among the columns, ``successor_key`` is its key.
    """
    types = _keys(connection, product_types, "product_type", "type_key", catalogue["product_type"])
    numbers = _keys(connection, products, "product_id", "product_key", catalogue["product_id"])
    keyed = catalogue.assign(
        product_key=catalogue["product_id"].map(numbers).astype("int64"),
        type_key=catalogue["product_type"].map(types).astype("int64"),
    )
    if "successor" not in keyed:
        return keyed
    return keyed.assign(successor_key=keyed["successor"].map(numbers).astype("Int64"))


def _keys(
    connection: Connection, table: Table, name: str, key: str, wanted: pd.Series
) -> pd.Series:
    lock_table(connection, table)
    known: pd.Series = read_frame(connection, select(table)).set_index(name)[key].astype("int64")
    fresh = wanted[~wanted.isin(known.index)].dropna().drop_duplicates().sort_values()
    start = (connection.scalar(select(func.max(table.c[key]))) or 0) + 1
    added = pd.Series(np.arange(start, start + len(fresh)), index=fresh, dtype="int64")
    insert_frame(connection, table, pd.DataFrame({key: added.to_numpy(), name: added.index}))
    keys: pd.Series = pd.concat([known, added])
    return keys
