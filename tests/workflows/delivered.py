"""What the shop delivers beyond its usual files, or says otherwise in one of them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

Rows = Sequence[Mapping[str, Any]]


def deliver(home: Path, **tables: Rows) -> None:
    """Write tables into the shop by name, and describe those that its shop.toml does not know.

    A row need not have every column of its table.
    """
    shop = home / "shop"
    mapping = (shop / "shop.toml").read_text("utf-8")
    for name, rows in tables.items():
        columns = dict.fromkeys(column for row in rows for column in row)
        told = {column: [row.get(column) for row in rows] for column in columns}
        parquet.write_table(pa.table(told), shop / f"{name}.parquet")
        if f"[{name}]" not in mapping:
            mapping += f'\n[{name}]\npath = "{name}.parquet"\n'
    (shop / "shop.toml").write_text(mapping, "utf-8")
