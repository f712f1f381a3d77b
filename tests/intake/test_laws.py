"""Laws of the small functions: calendars, money, time, text, addresses and numbers."""

import calendar
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

import ibis
import numpy as np
import pandas as pd
import phonenumbers
import pyarrow as pa
import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import example, given, settings
from hypothesis import strategies as st

from care.domain.setaside import REMEDIES, SET_ASIDE, Flaw, UnableToUseFrame
from care.intake import dates
from care.intake.email import check_emails
from care.intake.localday import INSTANT, instants, local_day, night_begins
from care.intake.money import minor_units
from care.intake.phone import _judge, check_phones
from care.intake.table import connect
from care.intake.text import LONGEST, cut, is_odd, is_unprintable, tidy
from tests.intake.builders import wall

ZONES = [
    "America/New_York",
    "America/St_Johns",
    "Asia/Kathmandu",
    "Asia/Shanghai",
    "Australia/Lord_Howe",
    "Europe/London",
    "Pacific/Apia",
    "UTC",
]


@pytest.fixture(scope="module")
def duckdb() -> ibis.BaseBackend:
    return connect()


def column(connection: ibis.BaseBackend, values: pa.Array) -> ibis.Value:
    rows = ibis.memtable(pa.table({"place": range(len(values)), "value": values}))
    return connection.create_table(ibis.util.gen_name("t"), rows, temp=True)["value"]


def fetch(value: ibis.Value) -> list[object]:
    found: list[object] = value.as_table().to_pyarrow().column(0).to_pylist()
    return found


# ── Calendars ───────────────────────────────────────────────────────────────────────────────────
@settings(max_examples=50)
@given(
    year=st.integers(1, 2200), month=st.integers(0, 13), day=st.integers(0, 32), known=st.booleans()
)
def test_a_day_exists_if_the_calendar_has_it(year: int, month: int, day: int, known: bool):
    asked = year if known else 2000  # a leap year: 29 February without a year is a birthday
    expected = 1 <= month <= 12 and 1 <= day <= calendar.monthrange(asked, month)[1]
    parts = dates.Parts(*(np.array([n]) for n in (year if known else dates.UNKNOWN, month, day)))
    assert dates.exists(parts)[0] == expected


@settings(max_examples=30)
@given(st.lists(st.dates(date(1900, 1, 2), date(2100, 1, 1)), min_size=1))
def test_a_written_day_is_read_as_it_was(days: list[date]):
    texts = pd.Series([day.isoformat() for day in days], dtype="str")
    parts, malformed = dates.read_days(texts, year_needed=True)
    assert not malformed.any()
    assert dates.to_dates(parts).astype("datetime64[D]").tolist() == days


# ── Money ───────────────────────────────────────────────────────────────────────────────────────
cents = st.decimals(0, 10**11, places=4, allow_nan=False)


@settings(max_examples=6)
@given(st.lists(cents, min_size=20, max_size=200))
@example(
    [Decimal("0.005"), Decimal("0.015"), Decimal("1.115"), Decimal("2.675"), Decimal("1.0051")]
)
def test_money_is_rounded_half_to_even_whatever_type_it_has(duckdb, amounts: list[Decimal]):
    expected = [int((a * 100).quantize(Decimal(1), ROUND_HALF_EVEN)) for a in amounts]
    for values in (
        pa.array([str(a) for a in amounts]),
        pa.array(amounts, pa.decimal128(20, 4)),
    ):
        assert fetch(minor_units(column(duckdb, values), money="major")) == expected


@settings(max_examples=6)
@given(st.lists(st.decimals(0, 10**8, places=3), min_size=20, max_size=200))
@example([Decimal("1.115"), Decimal("1.005"), Decimal("0.145"), Decimal("19.99"), Decimal("8.325")])
def test_a_float_means_the_decimal_it_was_written_as(duckdb, amounts: list[Decimal]):
    expected = [int((a * 100).quantize(Decimal(1), ROUND_HALF_EVEN)) for a in amounts]
    floats = column(duckdb, pa.array([float(a) for a in amounts]))
    assert fetch(minor_units(floats, money="major")) == expected


@pytest.mark.parametrize(
    ("values", "money", "expected"),
    [
        (pa.array([1.0, None, float("nan"), float("inf"), 1e30]), "major", [100] + [None] * 4),
        (
            pa.array(["1.5", " 2 ", "", "free", "1,50", "¥3", "NaN", "9" * 40]),
            "major",
            [150, 200] + [None] * 6,
        ),
        (pa.array([0, 12, 2**62]), "major", [0, 1200, None]),
        (pa.array([0, 12]), "minor", [0, 12]),
        (pa.array([12.0, 12.5, 13.5]), "minor", [12, 12, 14]),
        (pa.array([-1.5]), "major", [-150]),
        (pa.array([2**63], pa.uint64()), "minor", [None]),
    ],
)
def test_what_is_no_amount_is_missing(duckdb, values, money, expected):
    assert fetch(minor_units(column(duckdb, values), money=money)) == expected


# ── Time ────────────────────────────────────────────────────────────────────────────────────────
moments = st.datetimes(wall("1995-01-01"), wall("2037-01-01"))


@settings(max_examples=12)
@given(st.lists(moments, min_size=20, max_size=100), st.sampled_from(ZONES))
def test_the_local_day_is_the_one_pandas_finds(duckdb, times: list[datetime], zone: str):
    stamps = column(duckdb, pa.array(times, pa.timestamp("us", "UTC")))
    expected = pd.DatetimeIndex(times, tz="UTC").tz_convert(zone).date
    assert fetch(local_day(stamps, zone)) == list(expected)


@pytest.mark.parametrize(
    ("utc", "day"),
    [
        ("2017-03-12 04:59:59", date(2017, 3, 11)),  # still winter time: UTC-5
        ("2017-03-12 05:00:00", date(2017, 3, 12)),
        ("2017-03-13 03:59:59", date(2017, 3, 12)),  # summer time began at 2: UTC-4
        ("2017-03-13 04:00:00", date(2017, 3, 13)),
        ("2017-11-05 03:59:59", date(2017, 11, 4)),
        ("2017-11-06 04:59:59", date(2017, 11, 5)),  # a day of 25 hours
        ("2017-11-06 05:00:00", date(2017, 11, 6)),
    ],
)
def test_a_day_is_longer_or_shorter_when_the_clocks_move(duckdb, utc: str, day: date):
    stamps = column(duckdb, pa.array([datetime.fromisoformat(utc)], pa.timestamp("us", "UTC")))
    assert fetch(local_day(stamps, "America/New_York")) == [day]
    # what a cast to the zone gives instead, without a word
    assert fetch(stamps.cast("timestamp('America/New_York')").date()) == [
        datetime.fromisoformat(utc).date()
    ]


@settings(max_examples=12)
@given(st.lists(moments, min_size=20, max_size=100), st.sampled_from(ZONES))
def test_a_naive_time_becomes_the_instant_pandas_finds(duckdb, times: list[datetime], zone: str):
    walls = column(duckdb, pa.array(times, pa.timestamp("us")))
    found = pd.DatetimeIndex(fetch(instants(walls, zone)))
    expected = pd.DatetimeIndex(times).tz_localize(zone, ambiguous="NaT", nonexistent="NaT")
    plain = expected.notna()
    assert (found[plain] == expected[plain].tz_convert("UTC")).all()


def test_times_skipped_or_repeated_by_the_clocks_have_one_reading(duckdb):
    walls = [wall("2017-03-12 02:30"), wall("2017-11-05 01:30")]
    found = fetch(instants(column(duckdb, pa.array(walls, pa.timestamp("us"))), "America/New_York"))
    assert found == [
        datetime(2017, 3, 12, 7, 30, tzinfo=UTC),
        datetime(2017, 11, 5, 6, 30, tzinfo=UTC),
    ]


@given(st.dates(date(1995, 1, 1), date(2037, 1, 1)), st.sampled_from([*ZONES, "America/Havana"]))
@example(date(2018, 3, 25), "Asia/Beirut")  # midnight was skipped
@example(date(2017, 11, 5), "America/Havana")  # midnight came twice
def test_a_night_begins_with_the_first_instant_of_its_local_day(night: date, zone: str):
    begins = night_begins(night, zone)
    local = pd.Timestamp(begins).tz_convert(zone)
    assert local.date() == night or zone == "Pacific/Apia"  # Samoa skipped 30 December 2011 whole
    assert (local - timedelta(microseconds=1)).date() < night
    assert begins.tzinfo is UTC


def test_an_instant_is_a_type_of_its_own():
    assert INSTANT.timezone == "UTC"


# ── Text ────────────────────────────────────────────────────────────────────────────────────────
@settings(max_examples=40)
@given(st.lists(st.text(max_size=300), min_size=1))
@example(["\u202ea\u2066b\x00", " \u3000 ", "a\u200db", "\ud7ff\ue000"])
def test_tidy_text_is_printable_and_stays_as_it_is(texts: list[str]):
    tidied = tidy(pd.Series(texts, dtype="str"))
    assert not is_odd(tidied).any()
    assert not is_unprintable(tidied).any()
    pd.testing.assert_series_equal(tidy(tidied), tidied)
    short = cut(tidied).dropna()
    assert short.str.len().max() <= LONGEST or short.empty
    for before, after in zip(texts, tidied.fillna(""), strict=True):
        joiners = "\u200c\u200d"
        assert sum(map(after.count, joiners)) == sum(map(before.count, joiners))


# ── Addresses and numbers ───────────────────────────────────────────────────────────────────────
part = st.text("abzAZ09._+-'@ ", min_size=1, max_size=20)
tops = st.sampled_from(["com", "example", "test", "invalid", "co.uk", "c", "1", "localhost", "cn"])


@settings(max_examples=60)
@given(st.lists(st.builds("{}@{}.{}".format, part, part, tops), min_size=1, max_size=40))
def test_addresses_are_judged_as_the_library_judges_them(texts: list[str]):
    def alone(text: str) -> str | None:
        try:
            return validate_email(text, check_deliverability=False).normalized
        except EmailNotValidError:
            return None

    checked, bad = check_emails(pd.Series(texts, dtype="str"))
    expected = [alone(text) for text in texts]
    assert [None if pd.isna(found) else found for found in checked] == expected
    assert bad.tolist() == [found is None for found in expected]


CODES = ["1", "7", "33", "34", "39", "44", "49", "52", "54", "55", "61", "81", "86", "852", "999"]
digits = st.text("0123456789", min_size=5, max_size=12)


@settings(max_examples=15)
@given(
    st.lists(st.builds("+{}{}".format, st.sampled_from(CODES), digits), min_size=1, max_size=60),
    st.sampled_from([None, "US", "CN", "DE"]),
)
def test_numbers_are_judged_as_the_library_judges_them(texts: list[str], region: str | None):
    national = [text.removeprefix("+") for text in texts]
    for written in (texts, national):
        numbers, flaws = check_phones(pd.Series(written, dtype="str"), region)
        for place, text in enumerate(written):
            judged = _judge(text, region)
            flaw = judged if isinstance(judged, Flaw) else None
            assert pd.isna(numbers[place]) if flaw else numbers[place] == judged
            assert [name for name, where in flaws.items() if where[place]] == (
                [flaw] if flaw else []
            )


def test_numbers_for_fiction_are_taken_though_the_library_calls_them_invalid():
    fiction = ["+12125550143", "+8615400001234", "+447700900123"]
    assert not phonenumbers.is_valid_number(phonenumbers.parse(fiction[1]))
    assert check_phones(pd.Series(fiction, dtype="str"), None)[0].tolist() == fiction


# ── What is set aside ───────────────────────────────────────────────────────────────────────────
def test_every_flaw_has_a_remedy():
    assert set(REMEDIES) == set(Flaw)
    assert all(len(remedy) > 10 for remedy in REMEDIES.values())


def test_a_frame_with_other_columns_is_refused_with_each_difference():
    frame = SET_ASIDE.empty().astype({"row": "int32"}).drop(columns="key").assign(extra=1)
    with pytest.raises(UnableToUseFrame) as refused:
        SET_ASIDE.check(frame)
    message = str(refused.value)
    assert "set aside: key is missing; extra is unknown; row is int32, not int64" in message


def test_a_frame_in_another_order_is_refused():
    with pytest.raises(UnableToUseFrame, match="the order is"):
        SET_ASIDE.check(SET_ASIDE.empty()[list(reversed(list(SET_ASIDE.dtypes)))])
