"""A check, and files looked at, in words for people and in numbers for programs; no names."""

from collections.abc import Iterator, Sequence
from typing import Any

from care.domain.setaside import REMEDIES, Flaw
from care.intake.check import Checked
from care.intake.profile import Profile
from care.intake.proposal import Proposal, table_of

FIRST = 5
"""Rows that are shown of each reason."""

_FORM = {"parquet": "Parquet", "csv": "CSV"}
_DELIMITER = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}


def tell_checked(found: Sequence[Checked]) -> Iterator[str]:
    """Tell line by line what a night would make of the shop's tables."""
    for one in found:
        yield f"{one.table}: {one.place}"
        if one.stops is not None:
            yield f"  stops every night: {one.stops}"
            continue
        aside = sum(one.rows_set_aside.values())
        later = f", {one.later:,} more are not read before their night" if one.later else ""
        yield f"  {one.read:,} read, {one.kept:,} kept, {aside:,} set aside{later}"
        yield from _faults(one, "row", one.rows_set_aside)
        if one.fields_set_aside:
            yield f"  {sum(one.fields_set_aside.values()):,} fields of rows that were kept:"
            yield from _faults(one, "field", one.fields_set_aside)
        for columns, off in one.without.items():
            yield f"  nothing in {columns}: {off}"


def _faults(one: Checked, scope: str, counts: Any) -> Iterator[str]:
    for reason, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        yield f"    {count:,} {reason}: {REMEDIES[Flaw(reason)]}"
        for row in _first(one, reason, scope):
            said = f" {row['value']!r}" if row["value"] else ""
            yield f"      {row['file']} row {row['row']}, {row['field']}{said}"


def _first(one: Checked, reason: str, scope: str) -> list[dict[str, Any]]:
    listed = one.set_aside
    rows = listed[(listed["reason"] == reason) & (listed["scope"] == scope)].head(FIRST)
    return [{str(name): value for name, value in row.items()} for row in rows.to_dict("records")]


def checked_numbers(found: Sequence[Checked]) -> dict[str, Any]:
    """Say the same in plain values for a program."""
    return {
        "stops": any(one.stops is not None for one in found),
        "tables": [
            {
                "table": one.table,
                "place": one.place,
                "stops": one.stops,
                "read": one.read,
                "kept": one.kept,
                "later": one.later,
                "rows_set_aside": dict(one.rows_set_aside),
                "fields_set_aside": dict(one.fields_set_aside),
                "without": dict(one.without),
                "first": [
                    row
                    for scope, counts in _scopes(one)
                    for reason in sorted(counts)
                    for row in _first(one, reason, scope)
                ],
            }
            for one in found
        ],
    }


def _scopes(one: Checked) -> list[tuple[str, Any]]:
    return [("row", one.rows_set_aside), ("field", one.fields_set_aside)]


def tell_files(
    profiles: Sequence[Profile], proposals: Sequence[Proposal], found: Sequence[Checked]
) -> Iterator[str]:
    """Tell what files hold, a mapping to paste, and what a night would make of it."""
    for one in profiles:
        yield from tell_profile(one)
    if proposals:
        yield "\nPut this into shop.toml, once you have looked at every line marked check:"
    yield from tell_proposals(proposals)
    if found:
        yield "\nMapped that way, a night would read:"
    yield from tell_checked(found)


def tell_profile(one: Profile) -> Iterator[str]:
    """Tell what a file holds: its form, its columns, and the table it looks like."""
    form = [_FORM[one.format], *([one.encoding.upper()] if one.encoding else [])]
    if one.delimiter:
        form.append(_DELIMITER[one.delimiter])
    table = table_of(one) or "no table that the house knows"
    torn = f", {one.torn:,} torn" if one.torn else ""
    yield f"{one.path}: {', '.join(form)}; {one.rows:,} rows{torn}; looks like {table}"
    width = max((len(column.name) for column in one.columns), default=0)
    for column in one.columns:
        empty = f", {column.empty:,} empty" if column.empty else ""
        yield f"  {column.name:<{width}}  {column.kind}, {column.distinct:,} different{empty}"


def tell_proposals(proposals: Sequence[Proposal]) -> Iterator[str]:
    """Tell the mapping as it can be pasted, and what it still needs."""
    for one in proposals:
        yield ""
        yield from one.toml.splitlines()
        for name in one.lacking:
            yield f"# {name} is required, and no column looks like it."
            yield f"# Name the column under [{one.table}.columns]."


def profiled_numbers(
    profiles: Sequence[Profile], proposals: Sequence[Proposal], found: Sequence[Checked]
) -> dict[str, Any]:
    """Say the same in plain values for a program."""
    return {
        "files": [
            {
                "file": str(one.path),
                "format": one.format,
                "encoding": one.encoding,
                "delimiter": one.delimiter,
                "rows": one.rows,
                "torn": one.torn,
                "table": table_of(one),
                "columns": [
                    {
                        "name": column.name,
                        "kind": column.kind,
                        "empty": column.empty,
                        "distinct": column.distinct,
                    }
                    for column in one.columns
                ],
            }
            for one in profiles
        ],
        "shop_toml": "\n".join(one.toml for one in proposals),
        "lacking": {one.table: list(one.lacking) for one in proposals if one.lacking},
        **checked_numbers(found),
    }
