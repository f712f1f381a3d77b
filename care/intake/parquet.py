"""Parquet files, the shop's own or those that other sources were written to."""

from collections.abc import Sequence
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Any

import duckdb
import ibis
import ibis.expr.datatypes as dt
import pandas as pd

FILE, ROW = "care_file", "care_row"
"""Where a row stands: which of the files, from 0, and its number in it, from 1."""

_NAME, _POSITION = "care_name", "file_row_number"  # as DuckDB is asked to add them

_place_in = ibis.udf.scalar.builtin(
    lambda _names, _name: None,
    name="list_position",
    signature=((dt.Array(dt.string), dt.string), dt.int32),
)


def scan(connection: ibis.BaseBackend, files: Sequence[str | Path], **more: Any) -> ibis.Table:
    """Rows of files with ``FILE``, ``ROW`` (where the files themselves do not say) and all columns.

    Files of one table may lack columns; they are missing there.
    """
    names = [str(file) for file in files]
    rows = connection.read_parquet(
        names,
        filename=_NAME,
        file_row_number=True,
        union_by_name=len(names) > 1,
        hive_partitioning=False,
        binary_as_string=True,
        **more,
    )
    file = _place_in(names, rows[_NAME]) - 1 if len(names) > 1 else ibis.literal(0)
    row = rows[ROW] if ROW in rows.columns else rows[_POSITION] + 1
    placed = rows.mutate(**{FILE: file.cast("int32"), ROW: row.cast("int64")})
    return placed.drop(_NAME, _POSITION)


def undecodable(
    connection: ibis.BaseBackend, files: Sequence[str], columns: Sequence[str]
) -> pd.DataFrame:
    """Find rows (``FILE``, ``ROW``) in which one of some columns holds bytes that are no UTF-8.

    A writer that does not look lets them through, and DuckDB then refuses the whole file.
    """
    rows = scan(connection, files)
    texts = [name for name in columns if rows[name].type().is_string()]
    if not texts:
        return _NOWHERE
    try:  # a length is cheap, and asks for every character
        rows.aggregate([rows[name].length().max() for name in texts]).to_pyarrow()
    except duckdb.InvalidInputException:
        return _damaged(connection, files, texts)
    return _NOWHERE


_NOWHERE = pd.DataFrame({FILE: pd.Series(dtype="int32"), ROW: pd.Series(dtype="int64")})


def _damaged(
    connection: ibis.BaseBackend, files: Sequence[str], texts: Sequence[str]
) -> pd.DataFrame:
    """Rows whose texts are longer with a stand-in for every bad byte than without them."""
    with_, without = (scan(connection, files, utf8_validation=how) for how in ("replace", "ignore"))
    lengths = without.select(FILE, ROW, **{f"{name}_": without[name].length() for name in texts})
    both = with_.inner_join(lengths, [FILE, ROW])
    differs = reduce(or_, [both[name].length() != both[f"{name}_"] for name in texts])
    frame: pd.DataFrame = both.filter(differs).select(FILE, ROW).to_pyarrow().to_pandas()
    return frame.sort_values([FILE, ROW], ignore_index=True)
