"""What came in from one table, and what was set aside: together, everything that was read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from care.domain.setaside import REMEDIES, SET_ASIDE, Flaw
from care.intake.table import PLACE, OpenTable
from care.intake.text import cut, is_unprintable, tidy

LONGEST_VALUE = 60
PERSONAL = frozenset(
    {"name", "family_name", "given_name", "spouse_name", "email", "phone"}
    | {"advisor", "advisor_phone", "advisor_email"}
)

_REACHES_SOMEBODY = r"@|^\+[0-9]{8,15}$|^1[3-9][0-9]{9}$|^\(?[0-9]{3}\)?[ .-][0-9]{3}[ .-][0-9]{4}$"


@dataclass(frozen=True, slots=True)
class Taken:
    """``read = rows_kept + rows_set_aside``; ``set_aside`` also lists single fields left empty."""

    kept: pd.DataFrame
    set_aside: pd.DataFrame
    read: int

    @property
    def rows_kept(self) -> int:
        """How many rows were taken."""
        return len(self.kept)

    @property
    def rows_set_aside(self) -> dict[str, int]:
        """How many rows were not taken, by reason."""
        return _count(self.set_aside.loc[self.set_aside["scope"] == "row", "reason"])

    @property
    def fields_set_aside(self) -> dict[str, int]:
        """How many fields of rows that were taken are empty or mended, by reason."""
        return _count(self.set_aside.loc[self.set_aside["scope"] == "field", "reason"])


@dataclass(frozen=True, slots=True)
class Summed(Taken):
    """What came from a table of too many rows to hold: ``kept`` has their sums.

    ``rows``: how many of them are in the sums. ``reasons``: how many were set aside, by reason, of
    which ``set_aside`` lists the first.
    """

    rows: int
    reasons: Mapping[str, int]

    @property
    def rows_kept(self) -> int:
        """How many rows were taken."""
        return self.rows

    @property
    def rows_set_aside(self) -> dict[str, int]:
        """How many rows were not taken, by reason."""
        return dict(self.reasons)


@dataclass(slots=True)
class Issues:
    """Collects what is wrong with the rows of one table, whole columns at a time.

    ``places``: frame with ``file``, ``row`` and ``key``, on an index that holds those of the masks
    and values in the notes.
    """

    opened: OpenTable[Any]
    places: pd.DataFrame
    _notes: list[pd.DataFrame] = field(default_factory=list)

    @classmethod
    def of(cls, opened: OpenTable[Any], rows: pd.DataFrame, *, key: str) -> "Issues":
        """For the rows of a table that were just read."""
        return cls(opened, rows[[*PLACE]].assign(key=rows[key]))

    def note_rows(self, bad: pd.Series, name: str, values: pd.Series, flaw: Flaw) -> None:
        """Note rows that are not taken."""
        self._note(bad, name, values, flaw, "row")

    def note_fields(self, bad: pd.Series, name: str, values: pd.Series, flaw: Flaw) -> None:
        """Note a field that is emptied, mended or replaced by its default."""
        self._note(bad, name, values, flaw, "field")

    def frame(self) -> pd.DataFrame:
        """Everything noted, in the order of the files and rows; columns ``SET_ASIDE``.

        Rows that came torn are among it.
        """
        return in_order([*self._notes, *torn_rows(self.opened)])

    def _note(self, bad: pd.Series, name: str, values: pd.Series, flaw: Flaw, scope: str) -> None:
        if not bad.any():
            return
        rows = bad.index[bad.to_numpy(dtype=bool)]
        self._notes.append(
            set_aside(
                self.opened,
                self.places.loc[rows],
                field=name,
                values=values.loc[rows],
                flaw=flaw,
                scope=scope,
            )
        )


def read_text(said: pd.DataFrame, name: str, issues: Issues) -> pd.Series:
    """Tidy and cut a column of people's text, with a note where that changed what it says."""
    issues.note_fields(is_unprintable(said[name]), name, said[name], Flaw.UNPRINTABLE)
    tidied = tidy(said[name])
    short = cut(tidied)
    issues.note_fields(short.str.len() < tidied.str.len(), name, said[name], Flaw.TOO_LONG)
    return short


def torn_rows(opened: OpenTable[Any], *, most: int | None = None) -> list[pd.DataFrame]:
    """List the rows of a table that could not be told into columns, or the first of each flaw."""
    return [
        set_aside(
            opened,
            rows.head(most or len(rows)).assign(key=pd.Series(dtype="str")),
            field="row",
            values=rows["value"].head(most or len(rows)),
            flaw=Flaw(str(flaw)),
            scope="row",
        )
        for flaw, rows in opened.torn.groupby("flaw")
    ]


def in_order(notes: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """What was set aside, in the order of the files and rows; columns ``SET_ASIDE``."""
    if not notes:
        return SET_ASIDE.empty()
    return pd.concat(notes).sort_values([*PLACE], kind="stable", ignore_index=True)


def set_aside(
    opened: OpenTable[Any],
    places: pd.DataFrame,
    *,
    field: str,
    values: pd.Series,
    flaw: Flaw,
    scope: str,
) -> pd.DataFrame:
    """Rows with the same flaw in the same field, as ``SET_ASIDE`` declares them.

    ``places`` (``file``, ``row``, ``key``) and ``values`` share an index, which the result keeps.
    """
    files = pd.Series(opened.files, dtype="str")
    frame = pd.DataFrame(
        {
            "source": opened.table.NAME,
            "file": files.loc[places["file"]].array,
            "row": places["row"],
            "key": discreet(places["key"]).fillna(""),
            "field": field,
            "value": (masked(values) if field in PERSONAL else discreet(values)).fillna(""),
            "reason": str(flaw),
            "scope": scope,
            "remedy": REMEDIES[flaw],
        },
        index=places.index,
    )
    return SET_ASIDE.check(frame.astype(dict(SET_ASIDE.dtypes)))


def shortened(values: pd.Series) -> pd.Series:
    """Texts short and printable enough for a list of faults."""
    printable = tidy(values.astype("str"))
    return printable.str.slice(0, LONGEST_VALUE).where(
        printable.str.len().fillna(0) <= LONGEST_VALUE,
        printable.str.slice(0, LONGEST_VALUE - 1) + "…",
    )


def masked(values: pd.Series) -> pd.Series:
    """Show the shape of a personal text, and so the fault but not the person: ``xxx.xxx@@xxx``."""
    return shortened(values).str.replace(r"[^ -/:-@\[-`{-~…]", "x", regex=True)


def discreet(values: pd.Series) -> pd.Series:
    """Texts of a list of faults; masked where they look like somebody's address or number.

    Shops use those as keys, and a mapping can name the wrong column.
    """
    short = shortened(values)
    return short.mask(short.str.contains(_REACHES_SOMEBODY), masked(values))


def _count(reasons: pd.Series) -> dict[str, int]:
    names, counts = np.unique(reasons.to_numpy(dtype=object).astype(str), return_counts=True)
    return dict(zip(names.tolist(), counts.tolist(), strict=True))
