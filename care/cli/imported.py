"""What became of the rows of a file that a person brought in."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from care.cli.option import print_json

if TYPE_CHECKING:
    import pandas as pd


def print_imported(found: Any, out: Path | None, as_json: bool) -> None:
    """Tell what became of an import's rows."""
    reasons = found.set_aside["reason"].value_counts().sort_index().to_dict()
    if out is not None:
        from care.intake.export import write_set_aside

        write_set_aside(found.set_aside, out)
    if as_json:
        print_json({"read": found.read, "kept": found.kept, "set_aside": reasons})
        return
    print(f"{found.read} rows read, {found.kept} kept, {found.read - found.kept} set aside")
    print_set_aside(found.set_aside)


def print_set_aside(rows: "pd.DataFrame") -> None:
    """Name the first rows that were set aside (``SET_ASIDE``), each with its reason."""
    for row in rows.head(20).itertuples():
        print(f"  row {row.row}: {row.field} {row.value!r}: {row.reason}; {row.remedy}")
