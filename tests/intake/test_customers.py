"""A bad field never costs a customer; a bad key does; and everyone read is accounted for."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from care.domain.customer import CUSTOMERS
from care.domain.setaside import SET_ASIDE
from care.intake.taken import Taken
from tests.intake.builders import customers_of, issues_of, wall


def the_rows(cases: Sequence[tuple[Any, ...]]) -> dict[str, list[Any]]:
    """Make one customer of each case, whose first part is what she says, all of it as text."""
    said = [{"name": "Ann"} | case[0] for case in cases]
    columns = sorted({column for one in said for column in one})
    rows = {column: [_written(one.get(column)) for one in said] for column in columns}
    return {"customer_id": [f"c{n}" for n in range(len(cases))]} | rows


def _written(value: Any) -> str | None:
    return None if value is None else str(value)


class Read:
    """What came of the customers of all cases, read together, by the number of the case."""

    def __init__(self, taken: Taken) -> None:
        self.taken = taken
        self.customers = taken.kept.set_index("customer_id")

    def case(self, number: int) -> tuple[pd.Series, list[tuple[str, str]]]:
        """Give the customer of one case, and what was noted of her as (field, reason)."""
        issues = self.taken.set_aside
        hers = issues[issues["key"] == f"c{number}"]
        return self.customers.loc[f"c{number}"], list(
            zip(hers["field"], hers["reason"], strict=True)
        )


def numbered(cases: Sequence[tuple[Any, ...]]) -> list[Any]:
    return [pytest.param(n, *case[1:], id=str(case[0])[:60]) for n, case in enumerate(cases)]


BIRTHDAYS = [
    ({"birthday": "1987-03-05"}, (1987, 3, 5), None),
    ({"birthday": "1987-3-5"}, (1987, 3, 5), None),
    ({"birthday": "1987-03-05 00:00:00"}, (1987, 3, 5), None),
    ({"birthday": "1987-03-05T08:00:00Z"}, (1987, 3, 5), None),
    ({"birthday": "--03-05"}, (None, 3, 5), None),
    ({"birthday": "03-05"}, (None, 3, 5), None),
    ({"birthday": "--02-29"}, (None, 2, 29), None),
    ({"birthday": "1988-02-29"}, (1988, 2, 29), None),
    ({"birthday": "1987-03-30", "birth_calendar": "lunar"}, (1987, 3, 30), None),
    ({"birthday": "--02-30", "birth_calendar": "lunar"}, (None, 2, 30), None),
    (
        {"birthday": "1987-06-15", "birth_calendar": "lunar", "birth_leap": "true"},
        (1987, 6, 15),
        None,
    ),
    ({"birthday": "2017-12-01"}, (2017, 12, 1), None),  # born on the night itself
    ({"birth_year": 1987, "birth_month": 3, "birth_day": 5}, (1987, 3, 5), None),
    ({"birth_month": "03", "birth_day": "05"}, (None, 3, 5), None),
    ({"birth_year": 1987}, (1987, None, None), None),
    ({"birth_year": 0, "birth_month": 0, "birth_day": 0}, (None, None, None), None),
    ({"birthday": "1987-03-05", "birth_year": 1990}, (1987, 3, 5), None),
    ({"birthday": ""}, (None, None, None), None),
    ({"birthday": "1987-02-31"}, (None, None, None), "bad_date"),
    ({"birthday": "1987-02-29"}, (None, None, None), "bad_date"),
    ({"birthday": "1900-02-29"}, (None, None, None), "bad_date"),
    ({"birthday": "--04-31"}, (None, None, None), "bad_date"),
    ({"birthday": "1987-13-01"}, (None, None, None), "bad_date"),
    ({"birthday": "1987-00-10"}, (None, None, None), "incomplete_date"),
    ({"birthday": "5 March 1987"}, (None, None, None), "bad_date"),
    ({"birthday": "NaN-NaN-NaN"}, (None, None, None), "bad_date"),
    ({"birthday": "05/03/1987"}, (None, None, None), "bad_date"),
    ({"birthday": "1887-03-05"}, (None, None, None), "bad_date"),
    ({"birthday": "1987-02-31", "birth_calendar": "lunar"}, (None, None, None), "bad_date"),
    # that month had 29 days, and that year no leap fifth month
    ({"birthday": "1987-02-30", "birth_calendar": "lunar"}, (None, None, None), "bad_date"),
    (
        {"birthday": "1987-05-15", "birth_calendar": "lunar", "birth_leap": "true"},
        (None, None, None),
        "bad_date",
    ),
    (
        {"birthday": "1970-01-01", "birth_calendar": "lunar"},
        (None, None, None),
        "sentinel_date",
    ),
    ({"birthday": "1900-01-01"}, (None, None, None), "sentinel_date"),
    ({"birthday": "1970-01-01"}, (None, None, None), "sentinel_date"),
    ({"birthday": "0001-01-01"}, (None, None, None), "sentinel_date"),
    ({"birth_year": 1900, "birth_month": 1, "birth_day": 1}, (None, None, None), "sentinel_date"),
    ({"birthday": "2017-12-02"}, (None, None, None), "future_date"),
    ({"birth_year": 2018}, (None, None, None), "future_date"),
    ({"birth_month": 3}, (None, None, None), "incomplete_date"),
    ({"birth_year": 1987, "birth_day": 3}, (None, None, None), "incomplete_date"),
    ({"birth_month": "March", "birth_day": 3}, (None, None, None), "bad_date"),
    ({"birth_year": -1987, "birth_month": 3, "birth_day": 5}, (None, None, None), "bad_date"),
]


@pytest.fixture(scope="module")
def birthdays(tmp_path_factory: pytest.TempPathFactory) -> Read:
    return Read(customers_of(tmp_path_factory.mktemp("b"), customers=the_rows(BIRTHDAYS)))


@pytest.mark.parametrize(("number", "expected", "reason"), numbered(BIRTHDAYS))
def test_a_birthday_is_read_in_any_form_or_emptied_as_a_whole(
    birthdays: Read, number: int, expected, reason
):
    customer, issues = birthdays.case(number)
    parts = (customer["birth_year"], customer["birth_month"], customer["birth_day"])
    assert tuple(None if pd.isna(part) else int(part) for part in parts) == expected
    assert issues == ([("birthday", reason)] if reason else [])


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("date", pa.array([date(1987, 3, 5), None])),
        ("timestamp", pa.array([wall("1987-03-05 23:59"), None])),
        ("text", pa.array(["1987-03-05", None])),
    ],
)
def test_a_day_may_be_a_date_a_timestamp_or_a_text(tmp_path: Path, kind, said):
    rows = pa.table(
        {"customer_id": ["c1", "c2"], "name": ["A", "B"], "birthday": said, "joined_on": said}
    )
    kept = customers_of(tmp_path, customers=rows).kept
    assert kept["birth_day"].tolist()[0] == 5
    assert kept["joined_on"].tolist()[0] == pd.Timestamp("1987-03-05")
    assert kept[["birth_year", "birth_month", "birth_day", "joined_on"]].isna().all(
        axis=1
    ).tolist() == [
        False,
        True,
    ]


def test_parts_that_became_floats_beside_a_gap_are_read(tmp_path: Path):
    parts = {"birth_year": [1987.0, None], "birth_month": [3.0, None], "birth_day": [5.0, None]}
    rows = {"customer_id": ["c1", "c2"], "name": ["A", "B"]} | parts
    taken = customers_of(tmp_path, customers=rows)
    assert taken.kept["birth_month"].tolist()[0] == 3
    assert taken.set_aside.empty


def test_the_day_of_an_instant_is_the_one_on_the_tables_clock(tmp_path: Path):
    instants = pa.array([wall("2015-06-01 03:00")], pa.timestamp("us", "UTC"))
    rows = pa.table({"customer_id": ["c1"], "joined_on": instants})
    taken = customers_of(
        tmp_path, customers=rows, say={"customers": {"timezone": "America/New_York"}}
    )
    assert taken.kept["joined_on"].tolist() == [pd.Timestamp("2015-05-31")]


FIELDS = [
    ({"wedding_on": "2015-06-01"}, pd.Timestamp("2015-06-01"), None),
    ({"wedding_on": "--06-01"}, None, "bad_date"),
    ({"joined_on": "2015-06-31"}, None, "bad_date"),
    ({"joined_on": "1970-01-01"}, None, "sentinel_date"),
    ({"joined_on": "2018-01-01"}, None, "future_date"),
    ({"joined_on": None}, None, None),
    ({"email": "jane.doe+shop@example.com"}, "jane.doe+shop@example.com", None),
    ({"email": "Jane@Example.COM"}, "Jane@example.com", None),
    ({"email": "o'brien@example.com"}, "o'brien@example.com", None),
    ({"email": "小芳@例子.中国"}, "小芳@例子.中国", None),
    ({"email": "jane@"}, None, "bad_email"),
    ({"email": "jane@example"}, None, "bad_email"),
    ({"email": "jane@@example.com"}, None, "bad_email"),
    ({"email": "jane doe@example.com"}, None, "bad_email"),
    ({"email": "jane@example.com\r\nBcc: all@example.com"}, None, "bad_email"),
    ({"email": "jane@nowhere.invalid"}, None, "bad_email"),
    ({"email": "jane@ab--cd.com"}, None, "bad_email"),
    ({"email": "=cmd()"}, None, "bad_email"),
    ({"email": f"jane@{'a' * 250}.com"}, None, "bad_email"),
    ({"email": "NULL"}, None, None),
    ({"email": " "}, None, None),
    ({"phone": "+1 (212) 555-0143"}, "+12125550143", None),
    ({"phone": "+8615400001234"}, "+8615400001234", None),
    ({"phone": "13800138000"}, "+8613800138000", None),
    ({"phone": "8613800138000"}, "+8613800138000", None),
    ({"phone": "0086 138 0013 8000"}, "+8613800138000", None),
    ({"phone": "+44 7700 900123"}, "+447700900123", None),
    ({"phone": "+44 20 7946 0000"}, None, "not_mobile"),
    ({"phone": "010 1234 5678"}, None, "not_mobile"),
    ({"phone": "+1 800 555 1234"}, None, "not_mobile"),
    ({"phone": "+1 212 555 0143 ext. 7"}, None, "bad_phone"),
    ({"phone": "+1 555 0143"}, None, "bad_phone"),
    ({"phone": "+123"}, None, "bad_phone"),
    ({"phone": "call me"}, None, "bad_phone"),
    ({"phone": "nan"}, None, None),
    ({"name": "  Ann \t Lee "}, "Ann Lee", None),
    ({"name": "A\x00n\x07n"}, "Ann", "unprintable"),
    ({"name": "\u202eevil\u202c"}, "evil", "unprintable"),
    ({"name": "\ufeffAnn"}, "Ann", "unprintable"),
    ({"name": "עדי כהן"}, "עדי כהן", None),
    ({"name": "👩\u200d🚀 Ann"}, "👩\u200d🚀 Ann", None),
    ({"name": "می\u200cخواهم"}, "می\u200cخواهم", None),
    ({"name": "{{7*7}}"}, "{{7*7}}", None),
    ({"name": "=cmd()"}, "=cmd()", None),
    ({"name": "x" * 10_000}, "x" * 120, "too_long"),
    ({"name": "x" * 119 + "\u200d🚀"}, "x" * 119, "too_long"),
    ({"name": "NaN", "gender": "male"}, "", None),
    ({"name": "Null"}, "Null", None),
    ({"name": "王\u3000芳"}, "王 芳", None),
    ({"name": None, "family_name": "王", "given_name": "芳"}, "王芳", None),
    ({"name": None, "family_name": "Doe", "given_name": "Jane"}, "Jane Doe", None),
    ({"name": None, "given_name": "Jane"}, "Jane", None),
    ({"name": "JD", "family_name": "Doe", "given_name": "Jane"}, "JD", None),
    ({"locale": "zh-CN"}, "zh-CN", None),
    ({"locale": "zh_CN"}, "zh-CN", None),
    ({"locale": "en-GB"}, "en", None),
    ({"locale": None}, "en", None),
    ({"locale": "fr"}, "en", "unknown_locale"),
    ({"locale": "english"}, "en", "unknown_locale"),
    ({"timezone": "Asia/Shanghai"}, "Asia/Shanghai", None),
    ({"timezone": None}, "UTC", None),
    ({"timezone": "Mars/Olympus"}, "UTC", "unknown_timezone"),
    ({"timezone": "../etc/passwd"}, "UTC", "unknown_timezone"),
    ({"gender": "Female"}, "female", None),
    ({"gender": "f"}, None, "unknown_value"),
    ({"birth_calendar": None}, "gregorian", None),
    ({"birth_calendar": "mayan"}, "gregorian", "unknown_value"),
    ({"birth_leap": "true"}, True, None),
    ({"preferred_channel": "SMS"}, "sms", None),
    ({"preferred_channel": "pigeon"}, None, "unknown_value"),
    ({"region": None}, "", None),
    ({"email_consent": "true"}, True, None),
    ({"email_consent": "1"}, True, None),
    ({"email_consent": "0"}, False, None),
    ({"sms_consent": None}, False, None),
    ({"sms_consent": "maybe"}, False, "unknown_value"),
    ({"sms_consent": "yes"}, False, "unknown_value"),
]


@pytest.fixture(scope="module")
def fields(tmp_path_factory: pytest.TempPathFactory) -> Read:
    return Read(
        customers_of(
            tmp_path_factory.mktemp("f"),
            customers=the_rows(FIELDS),
            say={"customers": {"phone_region": "CN"}},
        )
    )


@pytest.mark.parametrize(("number", "expected", "reason"), numbered(FIELDS))
def test_a_field_holds_or_is_emptied_or_takes_its_default(
    fields: Read, number: int, expected, reason
):
    customer, issues = fields.case(number)
    field = next(iter(FIELDS[number][0]))
    assert (None if pd.isna(customer[field]) else customer[field]) == expected
    assert issues == ([(field, reason)] if reason else [])


def test_a_consent_may_be_a_truth_value(tmp_path: Path):
    rows = {"customer_id": ["c1", "c2"], "name": ["A", "B"], "sms_consent": [True, None]}
    assert customers_of(tmp_path, customers=rows).kept["sms_consent"].tolist() == [True, False]


def test_a_phone_number_without_a_country_needs_one_from_the_mapping(tmp_path: Path):
    taken = customers_of(
        tmp_path, customers={"customer_id": ["c1"], "name": ["A"], "phone": ["13800138000"]}
    )
    assert issues_of(taken) == [("phone", "bad_phone", "field")]
    assert "customers.phone_region" in taken.set_aside["remedy"].iloc[0]


def test_the_shops_words_are_translated_and_its_defaults_taken(tmp_path: Path):
    taken = customers_of(
        tmp_path,
        customers={
            "customer_id": ["c1", "c2", "c3"],
            "name": ["A", "B", "C"],
            "optin": ["Y", "N", None],
            "sex": ["1", "2", "9"],
        },
        say={
            "customers": {
                "columns": {"email_consent": "optin", "gender": "sex"},
                "values": {
                    "email_consent": {"Y": True, "N": False},
                    "gender": {"1": "male", "2": "female"},
                },
                "defaults": {"locale": "zh-CN", "timezone": "Asia/Shanghai", "email_consent": True},
            }
        },
    )
    assert taken.kept["email_consent"].tolist() == [True, False, True]
    assert taken.kept["gender"].tolist()[:2] == ["male", "female"]
    assert taken.kept["locale"].unique().tolist() == ["zh-CN"]
    assert taken.kept["timezone"].unique().tolist() == ["Asia/Shanghai"]
    assert issues_of(taken) == [("gender", "unknown_value", "field")]


def test_a_customer_is_set_aside_only_for_her_key_or_for_telling_nothing(tmp_path: Path):
    taken = customers_of(
        tmp_path,
        customers={
            "customer_id": ["c1", None, "c2", "bad\x00key", "k" * 201, "c1", "c3"],
            "name": ["old", "keyless", "Bea", "x", "y", "new", None],
            "email": ["a@example.com", None, None, None, None, None, "nonsense"],
        },
    )
    assert taken.kept[["customer_id", "name"]].to_numpy().tolist() == [["c2", "Bea"], ["c1", "new"]]
    assert taken.rows_set_aside == {
        "missing_key": 1,
        "bad_key": 2,
        "duplicate_key": 1,
        "nothing_usable": 1,
    }
    assert taken.fields_set_aside == {"bad_email": 1}
    assert taken.read == len(taken.kept) + sum(taken.rows_set_aside.values())
    rows = taken.set_aside[taken.set_aside["scope"] == "row"]
    assert rows["row"].tolist() == [1, 2, 4, 5, 7]


def test_a_shop_that_tells_only_keys_keeps_them(tmp_path: Path):
    taken = customers_of(tmp_path, customers={"customer_id": ["c1", "c2"]})
    assert len(taken.kept) == 2
    assert taken.set_aside.empty


def test_the_frames_are_as_declared_however_little_there_is(tmp_path: Path):
    for customers in ({"customer_id": ["c1"]}, {"customer_id": pa.array([], pa.string())}):
        taken = customers_of(tmp_path, customers=customers)
        CUSTOMERS.check(taken.kept)
        SET_ASIDE.check(taken.set_aside)
        assert taken.read == len(taken.kept)


def test_what_is_set_aside_shows_the_fault_but_not_the_person(tmp_path: Path):
    taken = customers_of(
        tmp_path,
        customers={
            "customer_id": ["c1"],
            "name": ["Ann\x00 Lee " + "x" * 200],
            "email": ["ann.lee@@example"],
            "phone": ["+1 (212) 12"],
            "timezone": ["Mars/Olympus"],
        },
    )
    values = taken.set_aside.set_index("field")["value"]
    assert values["email"] == "xxx.xxx@@xxxxxxx"
    assert values["phone"] == "+x (xxx) xx"
    assert values["timezone"] == "Mars/Olympus"
    assert values["name"].iloc[0] == "xxx xxx " + "x" * 51 + "…"
    assert (taken.set_aside["remedy"].str.len() > 10).all()


def test_one_poison_row_in_a_hundred_leaves_the_others_as_they_were(tmp_path: Path):
    sound = {
        "customer_id": [f"c{n}" for n in range(99)],
        "name": ["Ann"] * 99,
        "email": [f"ann{n}@example.com" for n in range(99)],
        "birthday": ["1987-03-05"] * 99,
    }
    poison = {
        "customer_id": "\x00",
        "name": "\u202e" * 10_000,
        "email": "=cmd()",
        "birthday": "NaN",
    }
    both = {name: [*values, poison[name]] for name, values in sound.items()}
    alone = customers_of(tmp_path, customers=sound)
    beside = customers_of(tmp_path, customers=both)
    pd.testing.assert_frame_equal(alone.kept, beside.kept)
    assert beside.read == 100
