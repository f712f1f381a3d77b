"""A file of voucher codes, told into codes that a letter can carry and rows set aside."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import ibis
import pandas as pd
from pyarrow.parquet import ParquetFile

from care.intake.csvfile import UNDECODABLE, UnableToReadCsv, detect_dialect, transcribe
from care.intake.table import connect

LONGEST_CODE = 40
"""Characters; a letter carries no more."""

_SOUND = f"^[!-~]{{1,{LONGEST_CODE}}}$"
CHUNK = 50_000


class UnableToReadCodes(Exception):
    """A file that no codes can be read from; the message says what to do."""


class CodeFlaw(StrEnum):
    """Why a row of a file of codes was set aside."""

    TORN_ROW = "torn_row"
    UNDECODABLE = "undecodable"
    MISSING_CODE = "missing_code"
    BAD_CODE = "bad_code"
    DUPLICATE_CODE = "duplicate_code"
    OTHER_POOL = "other_pool"


CODE_REMEDIES = {
    CodeFlaw.TORN_ROW: "give every row as many cells as the header",
    CodeFlaw.UNDECODABLE: "save the file as UTF-8",
    CodeFlaw.MISSING_CODE: "write a code, or take the row out",
    CodeFlaw.BAD_CODE: f"use at most {LONGEST_CODE} letters, digits and signs of ASCII, no blanks",
    CodeFlaw.DUPLICATE_CODE: "nothing to do: a code is given once, and the first row was taken",
    CodeFlaw.OTHER_POOL: "ask for other codes: this one is in another gift's pool",
}


@dataclass(frozen=True, slots=True)
class CodeChunk:
    """Some rows of the file: ``codes`` has ``row, code``, ``set_aside`` has ``row, reason``."""

    codes: pd.DataFrame
    set_aside: pd.DataFrame


@contextmanager
def open_codes(path: Path, *, column: str = "code") -> Iterator[Iterator[CodeChunk]]:
    """Read a CSV file of codes in chunks, sorted by code, each code once; rows count from 1.

    Sorted, because an index that is added to in its own order is written once and not all over.
    Memory is bounded: what does not fit is sorted in the temporary folder.

    Raises:
        UnableToReadCodes: the file is no CSV file, or has no such column.
    """
    try:
        dialect = detect_dialect(path)
    except UnableToReadCsv as error:
        raise UnableToReadCodes(str(error)) from None
    except OSError as error:
        raise UnableToReadCodes(f"{path}: {error.strerror}. Name a file that is there.") from None
    if column not in dialect.header:
        raise UnableToReadCodes(
            f"{path.name} has no column {column!r} in its first line. Put the word {column} above "
            "the codes, or name the column that holds them there."
        )
    with tempfile.TemporaryDirectory(prefix="nightcare-codes-") as folder:
        plain = Path(folder) / "codes.csv"
        torn = transcribe(path, dialect, plain)
        yield _chunks(
            plain,
            delimiter=dialect.delimiter,
            width=len(dialect.header),
            place=dialect.header.index(column),
            torn=pd.DataFrame(
                {
                    "row": torn.rows,
                    "reason": [
                        CodeFlaw.UNDECODABLE if found == UNDECODABLE else CodeFlaw.TORN_ROW
                        for found in torn.found
                    ],
                }
            ),
        )


def _chunks(
    plain: Path, *, delimiter: str, width: int, place: int, torn: pd.DataFrame
) -> Iterator[CodeChunk]:
    none = pd.DataFrame({"row": [], "code": []}).astype({"row": "int64", "code": "str"})
    yield CodeChunk(none, torn.astype({"row": "int64", "reason": "str"}))
    rows = _rows(plain, delimiter, width).select("row", code=ibis._[f"cell{place}"].strip())
    in_order = plain.with_suffix(".parquet")
    rows.order_by("code", "row").to_parquet(in_order)
    last = None
    for batch in ParquetFile(in_order).iter_batches(CHUNK):
        read = batch.to_pandas().astype({"code": "str"})
        code = read["code"]
        again = code.eq(code.shift()) & code.notna()
        if len(read):
            again.iloc[0] = last is not None and code.iloc[0] == last
            last = code.iloc[-1]
        missing = code.isna() | (code == "")
        bad = ~missing & ~code.fillna("").str.fullmatch(_SOUND)
        why = pd.Series("", index=read.index, dtype="str")
        for flaw, where in (
            (CodeFlaw.DUPLICATE_CODE, again),
            (CodeFlaw.BAD_CODE, bad),
            (CodeFlaw.MISSING_CODE, missing),
        ):
            why = why.mask(where, str(flaw))
        aside = why != ""
        yield CodeChunk(
            read[~aside], pd.DataFrame({"row": read["row"][aside], "reason": why[aside]})
        )


def _rows(plain: Path, delimiter: str, width: int) -> ibis.Table:
    cells = {"row": "BIGINT"} | {f"cell{place}": "VARCHAR" for place in range(width)}
    return connect(memory="1GB").read_csv(
        str(plain),
        columns=cells,
        auto_detect=False,
        header=False,
        delim=delimiter,
        quote='"',
        escape='"',
        new_line="\\n",
    )
