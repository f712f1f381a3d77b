"""What a source delivers: its rows, each with its place, and the rows that came torn."""

import shutil
import tempfile
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import ibis
import numpy as np
import pandas as pd
import pyarrow as pa

from care.domain.setaside import Flaw
from care.intake.csvfile import (
    UNCLOSED,
    UNDECODABLE,
    Torn,
    UnableToReadCsv,
    detect_dialect,
    transcribe,
)
from care.intake.database import UnableToAsk, fetch
from care.intake.parquet import FILE, ROW, scan, undecodable
from care.intake.source import Answer, CsvFiles, ParquetFiles, Source, files_of

Unable = Callable[[str, str], Exception]
"""Makes the error for a key of a table in ``shop.toml`` and what is wrong with it."""

_TORN = {FILE: "int32", ROW: "int64", "flaw": "str", "value": "str"}


@dataclass(frozen=True, slots=True)
class Delivery:
    """``rows`` has ``FILE``, ``ROW`` and the shop's own columns: those of text files are all text.

    ``names``: of the files, as people know them. ``torn``: one row each, ``FILE``, ``ROW``,
    ``flaw`` and ``value``; they are not among ``rows``.
    """

    names: tuple[str, ...]
    rows: ibis.Table
    torn: pd.DataFrame


def deliver(
    connection: ibis.BaseBackend,
    source: Source,
    unable: Unable,
    *,
    folder: Path,
    columns: Sequence[str] | None = None,
    timezone: str = "UTC",
) -> Delivery:
    """Bring the rows of a source within reach of DuckDB.

    Parquet files are read where they lie. CSV files and a database's answer are first written to
    Parquet, in a folder that is gone with the connection; each in one pass and bounded memory.
    ``folder``: what file names are shortened by. ``columns``: those of the shop's that will be
    read, else all. ``timezone``: in which a database's moments are written.

    Raises:
        UnableToReadSources: made by ``unable``; no such file or table, or not what it should be.
    """
    match source:
        case ParquetFiles(pattern):
            files = _files(pattern, unable)
            return _parquet(connection, files, _shortened(files, folder), columns, unable)
        case CsvFiles(pattern) as csv:
            files = _files(pattern, unable)
            return _csv(connection, csv, files, _shortened(files, folder), unable)
        case Answer() as answer:
            return _answer(connection, answer, timezone, unable)


def _files(pattern: str, unable: Unable) -> list[str]:
    if files := files_of(pattern):
        return files
    raise unable("path", f"there is no file {pattern}. Correct the path or deliver it.")


def _shortened(files: Sequence[str], folder: Path) -> tuple[str, ...]:
    return tuple(file.removeprefix(f"{folder}/") for file in files)


def _parquet(
    connection: ibis.BaseBackend,
    files: Sequence[str],
    names: tuple[str, ...],
    columns: Sequence[str] | None,
    unable: Unable,
) -> Delivery:
    try:
        rows = scan(connection, files)
        read = [name for name in rows.columns if columns is None or name in columns]
        torn = undecodable(connection, files, read)
    except (duckdb.Error, OSError) as error:
        reason = str(error).splitlines()[0]
        raise unable(
            "path", f"{', '.join(names)} is no Parquet: {reason}. Deliver it again."
        ) from None
    if len(torn):
        mended = scan(connection, files, utf8_validation="replace")
        places = ibis.memtable(pa.Table.from_pandas(torn, preserve_index=False))
        rows = mended.anti_join(places, [FILE, ROW]).order_by(FILE, ROW)
    return Delivery(names, rows, torn.assign(flaw=str(Flaw.UNDECODABLE), value="").astype(_TORN))


def _csv(
    connection: ibis.BaseBackend,
    csv: CsvFiles,
    files: Sequence[str],
    names: tuple[str, ...],
    unable: Unable,
) -> Delivery:
    drafts = _drafts(connection)
    written, torn = [], []
    for place, file in enumerate(files):
        plain, parquet = drafts / f"{place:05}.csv", drafts / f"{place:05}.parquet"
        try:
            dialect = detect_dialect(Path(file), csv.encoding, csv.delimiter)
            found = transcribe(Path(file), dialect, plain)
        except UnableToReadCsv as error:
            raise unable(error.key, str(error)) from None
        except OSError as error:
            raise unable("path", f"{names[place]}: {error.strerror}. Check the file.") from None
        _to_parquet(connection, plain, dialect.header, dialect.delimiter, parquet)
        plain.unlink()
        written.append(parquet)
        torn.append(_torn(place, found))
    return Delivery(names, scan(connection, written), pd.concat(torn, ignore_index=True))


def _to_parquet(
    connection: ibis.BaseBackend, plain: Path, header: Sequence[str], delimiter: str, into: Path
) -> None:
    """Let DuckDB cut plain rows into columns, all of them text; columns without a name are left."""
    cells = [ROW, *(f"cell_{place}" for place in range(len(header)))]
    rows = connection.read_csv(
        str(plain),
        columns=dict.fromkeys(cells, "VARCHAR"),
        auto_detect=False,
        header=False,
        delim=delimiter,
        quote='"',
        escape='"',
        new_line="\\n",
    )
    named = {name: rows[f"cell_{place}"] for place, name in enumerate(header) if name}
    rows.select(**{ROW: rows[ROW].cast("int64")}, **named).to_parquet(into)


def _answer(
    connection: ibis.BaseBackend, answer: Answer, timezone: str, unable: Unable
) -> Delivery:
    parquet = _drafts(connection) / "answer.parquet"
    try:
        found = fetch(answer, parquet, timezone=timezone)
    except UnableToAsk as error:
        raise unable(error.key, str(error)) from None
    return Delivery((answer.place,), scan(connection, [parquet]), _torn(0, found))


def _drafts(connection: ibis.BaseBackend) -> Path:
    """Make a folder that only this user can enter, and that is gone with the connection."""
    folder = Path(tempfile.mkdtemp(prefix="nightcare-"))
    weakref.finalize(connection, shutil.rmtree, folder, ignore_errors=True)
    return folder


def _torn(place: int, torn: Torn) -> pd.DataFrame:
    found = np.frombuffer(torn.found, dtype="int64")
    cells = pd.Series(found).astype("str") + " cells"
    return pd.DataFrame(
        {
            FILE: place,
            ROW: np.frombuffer(torn.rows, dtype="int64"),
            "flaw": np.where(found == UNDECODABLE, Flaw.UNDECODABLE.value, Flaw.TORN_ROW.value),
            "value": cells.mask(found == UNCLOSED, "a quote is not closed").mask(
                found == UNDECODABLE, ""
            ),
        }
    ).astype(_TORN)
