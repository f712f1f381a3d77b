"""One row in a hundred broken, each in another way, written in every form a shop delivers."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from care.intake.sources import Sources, read_sources
from tests.intake.builders import write_toml

NIGHT = date(2017, 12, 1)
SOUND_FOR_EACH = 99

Row = dict[str, str | None]

NO_TEXT = "\ud800"
"""Half a surrogate pair: written as bytes that are no text, where a format lets them through."""


@dataclass(frozen=True, slots=True)
class Poison:
    """What one row says, the reason it is listed for (none: it is sound), and if it is kept."""

    says: Mapping[str, str | None]
    reason: str | None
    kept: bool = True


NAMES = (
    "👩\u200d🚀 Ann",
    "עדי כהן",
    "{{7*7}}",
    "{% raw %}",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(1)",
    '<script>alert("x")</script>',
    'Ann "Bea", Lee; 5|6',
    "Ann\r\nBcc: all@example.com",
    "\tAnn\rLee\n",
)
"""Names that are strange and none the less somebody's."""

CUSTOMERS: Sequence[Poison] = (
    *(Poison({"name": name}, None) for name in NAMES),
    Poison({"name": "x" * 10_000}, "too_long"),
    Poison({"name": "A\x00nn"}, "unprintable"),
    Poison({"name": "\u202eevil\u202c"}, "unprintable"),
    Poison({"name": NO_TEXT}, "undecodable", kept=False),
    Poison({"email": NO_TEXT + "@example.com"}, "undecodable", kept=False),
    *(
        Poison({"email": email}, "bad_email")
        for email in (
            "nobody",
            "a@@example.com",
            "ann@example.com\r\nBcc: all@example.com",
            "ann@exam\nple.com",
            "{{7*7}}@",
            "=cmd@",
            "a\x00@example.com",
        )
    ),
    *(Poison({"birthday": day}, "sentinel_date") for day in ("1900-01-01", "1970-01-01")),
    *(
        Poison({"birthday": day}, "bad_date")
        for day in ("1987-02-29", "--02-30", "NaT", "99999-01-01", "=TODAY()")
    ),
    Poison({"birthday": "--02-29"}, None),
    Poison({"birthday": "2999-01-01"}, "future_date"),
    Poison({"phone": "+1+1"}, "bad_phone"),
    Poison({"phone": "NaN"}, None),
    Poison({"gender": "Attack helicopter"}, "unknown_value"),
    Poison({"email_consent": "perhaps"}, "unknown_value"),
    Poison({"customer_id": None}, "missing_key", kept=False),
    Poison({"customer_id": "NaN"}, "missing_key", kept=False),
    Poison({"customer_id": "c\x00d"}, "bad_key", kept=False),
    Poison({"customer_id": "k" * 201}, "bad_key", kept=False),
    Poison({"customer_id": "s0"}, None),  # the later of two: the earlier one is set aside
)

ORDERS: Sequence[Poison] = (
    *(
        Poison({"quantity": quantity}, "bad_quantity", kept=False)
        for quantity in ("-1", "0", "NaN", "inf", "1e300", "1000000", "+1+1", "two", None)
    ),
    *(
        Poison({"amount": amount}, "bad_amount", kept=False)
        for amount in ("-0.01", "NaN", "9" * 40, "1,50", "=1+1", None)
    ),
    *(
        Poison({"ordered_at": when}, "bad_time", kept=False)
        for when in ("0001-01-01", "1970-01-01", "infinity", "2017-02-29 10:00", "soon", None)
    ),
    *(
        Poison({"customer_id": customer}, "unknown_customer", kept=False)
        for customer in ("nobody", "{{7*7}}", "s1\x00", "S1")
    ),
    *(Poison({"product_id": name}, "unknown_product", kept=False) for name in ("p9", "=p1")),
    Poison({"order_id": None}, "missing_key", kept=False),
    Poison({"customer_id": ""}, "missing_key", kept=False),
    Poison({"product_id": NO_TEXT}, "undecodable", kept=False),
    Poison({"order_id": "t0"}, None),  # the later of two lines of one product in one order
)


def sound_customer(number: int) -> Row:
    return {
        "customer_id": f"s{number}",
        "name": f"王芳 {number}",
        "gender": "female",
        "birthday": "1987-03-05",
        "email": f"s{number}@example.com",
        "phone": f"+8613800{number:06}",
        "email_consent": "true",
    }


def sound_order(number: int) -> Row:
    return {
        "order_id": f"t{number}",
        "customer_id": f"s{number % 50}",
        "product_id": "p1",
        "quantity": "1",
        "amount": "9.99",
        "ordered_at": "2017-11-05 12:00:00",
    }


def poisoned(cases: Sequence[Poison], sound: Callable[[int], Row]) -> list[Row]:
    """Sound rows with every case among them, a hundred rows apart."""
    rows: list[Row] = []
    for place, case in enumerate(cases):
        rows += [sound(place * SOUND_FOR_EACH + number) for number in range(SOUND_FOR_EACH)]
        key = next(iter(sound(0)))
        rows.append(sound(0) | {key: f"x{place}"} | dict(case.says))
    return rows


def as_parquet(folder: Path, name: str, rows: Sequence[Row]) -> str:
    """Write text as bytes: as Parquet that nobody checked comes."""
    columns = {
        column: pa.array(
            [None if row[column] is None else _bytes(str(row[column]), "utf-8") for row in rows],
            pa.binary(),
        )
        for column in rows[0]
    }
    parquet.write_table(pa.table(columns), folder / f"{name}.parquet", row_group_size=1_000)
    return f'path = "{name}.parquet"\n'


def as_csv(folder: Path, name: str, rows: Sequence[Row], encoding: str = "utf-8") -> str:
    """Write a file as a careful exporter would, in any encoding."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    (folder / f"{name}.csv").write_bytes(_bytes(text.getvalue(), encoding))
    return f'path = "{name}.csv"\n'


def as_gb18030(folder: Path, name: str, rows: Sequence[Row]) -> str:
    """Write a file as Chinese programs do."""
    return as_csv(folder, name, rows, "gb18030")


FORMS: Mapping[str, Callable[[Path, str, Sequence[Row]], str]] = {
    "Parquet": as_parquet,
    "UTF-8": as_csv,
    "GB18030": as_gb18030,
}


def _bytes(text: str, encoding: str) -> bytes:
    broken = b"\xed\xa0\x80" if encoding == "utf-8" else b"\xff"
    return broken.join(part.encode(encoding) for part in text.split(NO_TEXT))


def a_poisoned_shop(folder: Path, form: str) -> Sources:
    """Write all tables of the poisoned shop in one form."""
    write = FORMS[form]
    tables: dict[str, list[Any]] = {
        "customers": poisoned(CUSTOMERS, sound_customer),
        "products": [{"product_id": "p1", "name": "茶", "product_type": "tea"}],
        "orders": poisoned(ORDERS, sound_order),
    }
    text = ""
    for name, rows in tables.items():
        text += f"[{name}]\n{write(folder, name, rows)}"
        text += "" if name == "customers" else 'money = "major"\n'
    return read_sources(write_toml(folder, text))
