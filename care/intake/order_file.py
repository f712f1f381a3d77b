"""Order lines in one file, told into a history by numbers; what cannot be told is counted."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds

from care.intake.csvfile import UnableToReadCsv, detect_dialect, transcribe
from care.intake.source import format_of
from care.intake.text import tidy

IDS = ("customer_id", "order_id", "product_id")
MOMENT, PLACE, QUANTITY = "ordered_at", "basket_index", "quantity"
PRODUCT, TYPE = "product_id", "product_type"
_OFFSET = r"(?:Z|[+-][0-9]{2}:?[0-9]{2})$"
_WHOLE = r"0|-?[1-9][0-9]{0,17}"
_NO_DATE = r"[0-9]{1,7}|[0-9]{9,}"
_MISSING = {"customer_id": "no_customer", "order_id": "no_order", "product_id": "no_product"}


class UnableToReadOrderFile(Exception):
    """A file of order lines cannot be used as a whole; the message says what to correct."""


@dataclass(frozen=True, slots=True, eq=False)
class OrderFile:
    """A history, and what became of the file's rows: ``read = history's rows + set aside``."""

    history: pd.DataFrame
    """``customer, order, item, day`` and, if asked for, ``type``; keys count from 0. Orders of a
    customer are numbered in the order of their moments, and of one moment in the order of their
    ids."""
    customers: pd.Index
    """The id of each customer key, as text."""
    read: int
    set_aside: Mapping[str, int]
    """Reason -> rows."""


def read_order_file(
    path: Path,
    *,
    zone: ZoneInfo,
    by_place: bool = False,
    typed: bool = False,
    products: Path | None = None,
) -> OrderFile:
    """Read ``customer_id, order_id, ordered_at, product_id`` and, if it is there, ``quantity``.

    Ids are text or whole numbers; ids of orders need be unique within a customer only. A row leaves
    whose quantity is not above zero, and one that lacks something, under the first reason found.

    Args:
        path: a Parquet file or a folder of them, or a CSV file with a header.
        zone: where moments with an offset become days; those without are taken as they stand.
        by_place: no dates: ``basket_index``, or else ``ordered_at``, holds the whole-numbered place
            of a basket, and that place is its day.
        typed: each line needs its ``product_type`` too, here or in ``products``.
        products: a file with ``product_id`` and ``product_type``, as ``path`` may be.

    Raises:
        UnableToReadOrderFile: no such file, neither Parquet nor CSV, a column is missing, or no row
            can be used.
    """
    if not path.exists():
        raise UnableToReadOrderFile(f"{path}: there is no such file; name one with --orders.")
    wanted = [*IDS, *([PLACE] if by_place else []), MOMENT, QUANTITY]
    if typed and products is None:
        wanted.append(TYPE)
    rows, torn = _read(path, wanted)
    when = PLACE if by_place and PLACE in rows else MOMENT
    lacking = [name for name in (*IDS, when) if name not in rows]
    if lacking:
        raise UnableToReadOrderFile(
            f"{path} has no column {', '.join(lacking)}; it needs {', '.join((*IDS, MOMENT))}. "
            "Rename its columns, or add what is missing."
        )
    if typed and products is None and TYPE not in rows:
        raise UnableToReadOrderFile(
            f"{path} has no column {TYPE}; add it, or name a file of {PRODUCT} and {TYPE} "
            "with --products."
        )
    read, counted = len(rows) + torn, {"torn_row": torn} if torn else {}
    for name in IDS:
        rows[name] = _ids(rows[name])
    moment = _places(rows[when]) if by_place else _moments(rows[when], zone)
    flaws = {_MISSING[name]: rows[name].isna() for name in IDS}
    if typed:
        types = _types(rows, products)
        rows[TYPE] = types
        flaws["no_product_type"] = types.isna()
    flaws["unreadable_place" if by_place else "unreadable_date"] = moment.isna()
    if QUANTITY in rows:
        quantity = pd.to_numeric(rows[QUANTITY], errors="coerce").astype("Float64")
        flaws["unreadable_quantity"] = quantity.isna()
        flaws["quantity_not_positive"] = (quantity <= 0).fillna(False)
    left = np.ones(len(rows), dtype=np.bool_)
    for reason, found in flaws.items():
        bad = left & found.to_numpy(dtype=np.bool_)
        if bad.any():
            counted[reason] = int(bad.sum())
            left &= ~bad
    if not left.any():
        most = max(counted, key=lambda reason: counted[reason], default="")
        why = f": {counted[most]} are set aside as {most}" if most else ""
        hint = "Write dates as 2017-11-14, or say --basket-index if they are places of baskets."
        raise UnableToReadOrderFile(
            f"{path} has no row that can be used{why}. "
            + (hint if most == "unreadable_date" else "Correct the file.")
        )
    history, customers = _history(rows[left], moment[left], by_place=by_place)
    return OrderFile(history, customers, read, counted)


def _read(path: Path, wanted: list[str]) -> tuple[pd.DataFrame, int]:
    """The wanted columns as far as they are there, and how many rows were torn."""
    is_csv = path.is_file() and format_of(str(path)) == "csv"
    return _from_csv(path, wanted) if is_csv else (_from_parquet(path, wanted), 0)


def _types(rows: pd.DataFrame, products: Path | None) -> pd.Series:
    """The type of each line's product as text; missing where nobody tells it."""
    if products is None:
        return _text(rows[TYPE])
    if not products.exists():
        raise UnableToReadOrderFile(f"{products}: there is no such file; name one with --products.")
    told, _ = _read(products, [PRODUCT, TYPE])
    lacking = [name for name in (PRODUCT, TYPE) if name not in told]
    if lacking:
        raise UnableToReadOrderFile(
            f"{products} has no column {', '.join(lacking)}; it needs {PRODUCT} and {TYPE}."
        )
    of = pd.Series(_text(told[TYPE]).to_numpy(), index=_ids(told[PRODUCT]).astype("str"))
    found: pd.Series = rows[PRODUCT].astype("str").map(of[~of.index.duplicated()])
    return found


def _text(column: pd.Series) -> pd.Series:
    texts = tidy(column.astype("str"))
    found: pd.Series = texts.mask((texts == "") | column.isna())
    return found


def _from_parquet(path: Path, wanted: list[str]) -> pd.DataFrame:
    try:
        found = ds.dataset(path, format="parquet")
        table = found.to_table(columns=[name for name in wanted if name in found.schema.names])
    except (pa.ArrowException, OSError) as error:
        first = str(error).splitlines()[0].rstrip(".")
        raise UnableToReadOrderFile(
            f"{path} cannot be read as Parquet ({first}); write it again, or name a CSV file."
        ) from error
    # Day-only dates come as Python objects otherwise, dictionaries as categories.
    for at, field in enumerate(table.schema):
        kind = field.type
        if pa.types.is_dictionary(kind):
            table = table.set_column(at, field.name, table.column(at).cast(kind.value_type))
        elif pa.types.is_date(kind):
            whole = table.column(at).cast(pa.date32()).cast(pa.timestamp("s"))
            table = table.set_column(at, field.name, whole)
    integers = {
        kind: pd.Int64Dtype()
        for kind in (pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(),
                     pa.uint32())
    }  # fmt: skip
    frame: pd.DataFrame = table.to_pandas(types_mapper=integers.get)
    return frame


def _from_csv(path: Path, wanted: list[str]) -> tuple[pd.DataFrame, int]:
    try:
        dialect = detect_dialect(path)
    except UnableToReadCsv as error:
        raise UnableToReadOrderFile(str(error)) from None
    header = [column.casefold() for column in dialect.header]
    with tempfile.TemporaryDirectory() as folder:
        into = Path(folder) / "rows.csv"
        torn = transcribe(path, dialect, into)
        rows = pd.read_csv(
            into, sep=dialect.delimiter, header=None, names=["row", *header], dtype="str",
            keep_default_na=False, na_values=[""],
            usecols=[name for name in header if name in wanted],
        )  # fmt: skip
    return rows, len(torn.rows)


def _ids(column: pd.Series) -> pd.Series:
    """Whole numbers where all ids are such, so that 9 comes before 10; else text."""
    if pd.api.types.is_integer_dtype(column):
        return column.astype("Int64")
    if pd.api.types.is_float_dtype(column) and (column.dropna() % 1 == 0).all():
        return column.astype("Int64")  # whole numbers, some of which are missing
    texts = tidy(column.astype("str"))
    texts = texts.mask(texts == "")
    known = texts.dropna()
    if len(known) and known.str.fullmatch(_WHOLE).all():
        return texts.astype("Int64")
    return texts


def _places(column: pd.Series) -> pd.Series:
    found = pd.to_numeric(column, errors="coerce").astype("Float64")
    whole = found.between(-(2**31), 2**31 - 1) & (found % 1 == 0)
    return found.where(whole.fillna(False)).astype("Int64")


def _moments(column: pd.Series, zone: ZoneInfo) -> pd.Series:
    """Local wall-clock time; missing where it is none."""
    told: pd.Series
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        told = column.dt.tz_convert(zone).dt.tz_localize(None)
        return told
    if pd.api.types.is_datetime64_dtype(column):
        return column
    texts = tidy(column.astype("str"))
    # A bare number would be read as a year; eight digits are a date.
    texts = texts.mask(texts.str.fullmatch(_NO_DATE).fillna(True).astype(bool))
    offset = texts.str.contains(_OFFSET, regex=True).fillna(False).astype(bool)
    offset &= texts.str.len() > len("2017-11-14")
    fixed = pd.to_datetime(texts.where(offset), format="ISO8601", errors="coerce", utc=True)
    local = pd.to_datetime(texts.mask(offset), format="ISO8601", errors="coerce")
    here = fixed.dt.tz_convert(zone).dt.tz_localize(None).astype("datetime64[us]")
    told = here.fillna(local.astype("datetime64[us]"))
    return told


def _history(
    rows: pd.DataFrame, moment: pd.Series, *, by_place: bool
) -> tuple[pd.DataFrame, pd.Index]:
    customer, customers = pd.factorize(rows["customer_id"], sort=True)
    order, orders = pd.factorize(rows["order_id"], sort=True)
    item, _ = pd.factorize(rows["product_id"], sort=True)
    trip, trips = pd.factorize(customer.astype(np.int64) * len(orders) + order)
    if by_place:
        instant = moment.to_numpy(dtype=np.int64)
    else:
        instant = moment.astype("datetime64[us]").to_numpy().astype(np.int64)
    # An order whose lines have several moments was placed at the first of them.
    placed = pd.Series(instant).groupby(trip).min().to_numpy()
    ranking = np.lexsort((trips % len(orders), placed, trips // len(orders)))
    key = np.empty(len(trips), dtype=np.int64)
    key[ranking] = np.arange(len(trips))
    day = placed if by_place else placed // 86_400_000_000
    history = pd.DataFrame(
        {
            "customer": customer.astype(np.int64),
            "order": key[trip],
            "item": item.astype(np.int64),
            "day": day[trip].astype(np.int32),
        }
    )
    if TYPE in rows:
        kind, _ = pd.factorize(rows[TYPE], sort=True)
        history["type"] = kind.astype(np.int64)
    return history, pd.Index(customers).astype("str")
