"""Campaigns of the calendar, case by case: birthdays of two calendars, weddings, festivals."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from care.domain.campaigns.birthday import BirthdaySettings, find_birthdays
from care.domain.campaigns.festival import Culture, FestivalSettings, ShopDay
from care.domain.campaigns.wedding_anniversary import WeddingAnniversarySettings
from care.domain.candidate import IDENTITY
from care.domain.due import find_due
from care.domain.festival import FESTIVALS, next_festival
from tests.builders import a_customer, a_policy, customers, tables
from tests.domain.test_anniversary import every_gregorian_date, every_lunar_date

PLAIN = {"priority": 1, "channels": ("email",)}


def found(campaign, settings, people, night):
    return find_due(tables(people), {campaign: settings}, night=night)


def nights_of(campaign, settings, people, first, last):
    """Every night on which somebody is found, with the key."""
    nights = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return [
        (night.isoformat(), key)
        for night in nights
        for key in found(campaign, settings, people, night)["occasion_key"]
    ]


def a_lunar(month, day, *, year=None, leap=False):
    return customers(
        a_customer(
            birth_year=year,
            birth_month=month,
            birth_day=day,
            birth_leap=leap,
            birth_calendar="lunar",
        )
    )


def a_gregorian(month, day, *, year=None):
    return customers(a_customer(birth_year=year, birth_month=month, birth_day=day))


# ── Birthdays ───────────────────────────────────────────────────────────────────────────────────

BORN = {
    "a lunar birthday": (a_lunar(8, 15), "2026-09-25", "birthday-lunar-2026"),
    "born on the 30th of the 12th month, which has 29 days that year": (
        a_lunar(12, 30),
        "2026-02-16",
        "birthday-lunar-2025",
    ),
    "of a lunar year that ends in the next Gregorian one": (
        a_lunar(12, 1, year=1990),
        "2027-01-08",
        "birthday-lunar-2026",
    ),
    "born in a leap sixth month, in a year that has one": (
        a_lunar(6, 15, year=1987, leap=True),
        "2025-08-08",
        "birthday-lunar-2025",
    ),
    "born in a leap sixth month, in a year without": (
        a_lunar(6, 15, year=1987, leap=True),
        "2026-07-28",
        "birthday-lunar-2026",
    ),
    "born in a leap month, the year unknown": (
        a_lunar(6, 15, leap=True),
        "2026-07-28",
        "birthday-lunar-2026",
    ),
    "29 February in a leap year": (a_gregorian(2, 29, year=1988), "2028-02-29", "birthday-2028"),
    "29 February in a common year": (a_gregorian(2, 29), "2026-02-28", "birthday-2026"),
    "the year unknown": (a_gregorian(5, 6), "2026-05-06", "birthday-2026"),
}


@pytest.mark.parametrize(("people", "day", "key"), BORN.values(), ids=BORN)
def test_a_birthday_is_found_on_its_day_and_on_no_other(people, day, key):
    on = date.fromisoformat(day)
    around = nights_of(
        "birthday",
        BirthdaySettings(**PLAIN),
        people,
        on - timedelta(days=3),
        on + timedelta(days=3),
    )
    assert around == [(day, key)]


def test_a_leap_month_may_always_be_kept_in_its_regular_month():
    people = a_lunar(6, 15, year=1987, leap=True)
    settings = BirthdaySettings(**PLAIN, leap_month="regular-month")
    assert nights_of("birthday", settings, people, date(2025, 7, 1), date(2025, 8, 10)) == [
        ("2025-07-09", "birthday-lunar-2025")
    ]


NEVER = {
    "lunar, in a leap month that her year did not have": a_lunar(6, 15, year=1988, leap=True),
    "lunar, on the 30th of a month that had 29 days": a_lunar(12, 30, year=2024),
    "lunar, in a thirteenth month": a_lunar(13, 1),
    "lunar, on the 31st": a_lunar(1, 31),
    "Gregorian, 30 February": a_gregorian(2, 30),
    "Gregorian, 30 February of a year": a_gregorian(2, 30, year=1985),
    "nothing known": a_gregorian(None, None),
    "the year alone": a_gregorian(None, None, year=1980),
}


@pytest.mark.parametrize("calendars", ["hers", "gregorian", "lunar", "both"])
def test_a_birthday_that_never_was_is_never_found(calendars):
    people = pd.concat(NEVER.values(), ignore_index=True)
    people["customer_key"] = range(len(people))
    settings = BirthdaySettings(**PLAIN, lead_days=30, calendars=calendars)
    for month in range(1, 13):
        due = found("birthday", settings, people, date(2026, month, 1))
        assert [list(NEVER)[key] for key in due["customer_key"]] == []


@pytest.mark.parametrize(
    ("calendars", "hers_gregorian", "hers_lunar"),
    [
        ("hers", ["birthday-2026"], ["birthday-lunar-2026"]),
        ("gregorian", ["birthday-2026"], ["birthday-2026"]),
        ("lunar", ["birthday-lunar-2026"], ["birthday-lunar-2026"]),
        (
            "both",
            ["birthday-2026", "birthday-lunar-2026"],
            ["birthday-2026", "birthday-lunar-2026"],
        ),
    ],
)
def test_a_full_date_is_known_in_both_calendars(calendars, hers_gregorian, hers_lunar):
    settings = BirthdaySettings(**PLAIN, calendars=calendars)
    autumn = date(2026, 9, 24), date(2026, 9, 30)
    # one and the same day: the 15th of the 8th lunar month of 1985
    for people, expected in (
        (a_gregorian(9, 29, year=1985), hers_gregorian),
        (a_lunar(8, 15, year=1985), hers_lunar),
    ):
        keys = [key for _, key in nights_of("birthday", settings, people, *autumn)]
        assert sorted(keys) == expected


def test_without_its_year_a_birthday_is_known_in_one_calendar_only():
    both = BirthdaySettings(**PLAIN, calendars="both")
    autumn = date(2026, 9, 24), date(2026, 9, 30)
    assert [key for _, key in nights_of("birthday", both, a_gregorian(9, 29), *autumn)] == [
        "birthday-2026"
    ]
    assert [key for _, key in nights_of("birthday", both, a_lunar(8, 15), *autumn)] == [
        "birthday-lunar-2026"
    ]


def test_a_birthday_on_sunday_may_be_wished_from_friday_on_but_never_after():
    people = a_gregorian(11, 22)  # a Sunday in 2026
    settings = BirthdaySettings(**PLAIN, move_to_weekday="before")
    nights = nights_of("birthday", settings, people, date(2026, 11, 15), date(2026, 11, 30))
    assert [night for night, _ in nights] == ["2026-11-20", "2026-11-21", "2026-11-22"]
    assert len({key for _, key in nights}) == 1
    one = found("birthday", settings, people, date(2026, 11, 20)).iloc[0]
    assert one["send_from"] == pd.Timestamp("2026-11-20")
    assert one["send_until"] == one["occasion_on"] == pd.Timestamp("2026-11-22")


@pytest.mark.parametrize(
    ("first", "last"),
    [
        pytest.param(2032, 2034, id="a leap day and the leap eleventh month"),
        pytest.param(2010, 2040, id="thirty years", marks=pytest.mark.slow),
    ],
)
def test_every_date_there_is_fires_once_in_every_year_of_its_calendar(first, last):
    gregorian = [
        (*parts, False, "gregorian") for parts in zip(*every_gregorian_date(), strict=True)
    ]
    chinese = [(*parts, "lunar") for parts in zip(*every_lunar_date(), strict=True)]
    people = customers(
        *(
            a_customer(
                key,
                birth_year=None,
                birth_month=month,
                birth_day=day,
                birth_leap=leap,
                birth_calendar=calendar,
            )
            for key, (month, day, leap, calendar) in enumerate([*gregorian, *chinese])
        )
    )
    settings = BirthdaySettings(**PLAIN, lead_days=3)
    # Found on each of the four nights up to its day, so on one of every four.
    nights = np.arange(f"{first - 1}-11-01", f"{last + 1}-03-05", 4, dtype="datetime64[D]")
    due = pd.concat(
        find_birthdays(tables(people), settings, night=night) for night in nights.astype(object)
    )
    assert not due.duplicated(["customer_key", "occasion_key"]).any()
    often = due["occasion_key"].value_counts()
    for year in range(first, last + 1):
        assert often[f"birthday-{year}"] == 366
        assert often[f"birthday-lunar-{year}"] == 12 * 2 * 30


# ── Weddings ────────────────────────────────────────────────────────────────────────────────────

WEDDINGS = {
    "today, sixteen years ago": ("2010-03-14", [16]),
    "within the lead days": ("2010-03-16", [16]),
    "beyond the lead days": ("2010-03-17", []),
    "yesterday, sixteen years ago": ("2010-03-13", []),
    "yesterday, the wedding itself": ("2026-03-13", []),
    "today, the wedding itself": ("2026-03-14", []),
    "a year ago": ("2025-03-15", [1]),
    "yet to come": ("2027-03-14", []),
    "unknown": (None, []),
}


@pytest.mark.parametrize(("day", "years"), WEDDINGS.values(), ids=WEDDINGS)
def test_a_wedding_is_congratulated_once_a_full_year_has_gone_by(day, years):
    people = customers(a_customer(wedding_on=pd.Timestamp(day)))
    settings = WeddingAnniversarySettings(**PLAIN, lead_days=2)
    due = found("wedding_anniversary", settings, people, date(2026, 3, 14))
    assert due["years"].tolist() == years
    assert due["occasion_key"].tolist() == ["wedding-anniversary-2026"] * len(years)
    assert (due["send_until"] == due["occasion_on"]).all()


@pytest.mark.parametrize(
    ("rule", "night"), [("28-february", "2026-02-28"), ("1-march", "2026-03-01")]
)
def test_a_wedding_on_leap_day_is_kept_on_the_day_the_merchant_chose(rule, night):
    people = customers(a_customer(wedding_on=pd.Timestamp("2012-02-29")))
    settings = WeddingAnniversarySettings(**PLAIN, leap_day=rule)
    assert nights_of(
        "wedding_anniversary", settings, people, date(2026, 2, 20), date(2026, 3, 5)
    ) == [(night, "wedding-anniversary-2026")]


def test_the_spouses_name_stays_with_the_identity():
    people = customers(a_customer(wedding_on=pd.Timestamp("2010-03-14"), spouse_name="Daniel"))
    due = found(
        "wedding_anniversary", WeddingAnniversarySettings(**PLAIN), people, date(2026, 3, 14)
    )
    assert "Daniel" not in due.to_csv()


# ── Festivals ───────────────────────────────────────────────────────────────────────────────────

CHINESE = Culture(locales=("zh-CN",), festivals=("mid-autumn", "double-eleven"))
AMERICAN = Culture(
    regions=("US",), country="US", festivals=("thanksgiving", "mothers-day", "christmas")
)
ELEVEN = ShopDay(name="double-eleven", on="11-11", label={"en": "Double Eleven", "zh-CN": "双十一"})
SETTINGS = FestivalSettings(**PLAIN, cultures=(CHINESE, AMERICAN), shop_days=(ELEVEN,))

KNOWN_DAYS = {
    ("new-year", None): "2027-01-01",
    ("spring-festival", None): "2027-02-06",
    ("lantern", None): "2026-03-03",
    ("qixi", None): "2026-08-19",
    ("mid-autumn", None): "2026-09-25",
    ("double-ninth", None): "2026-10-18",
    ("christmas", "US"): "2026-12-25",
    ("thanksgiving", "US"): "2026-11-26",
    ("thanksgiving", "CA"): "2026-10-12",
    ("mothers-day", None): "2026-05-10",
    ("mothers-day", "US"): "2026-05-10",
    ("mothers-day", "GB"): "2026-03-15",
    ("mothers-day", "FR"): "2026-05-31",
    ("mothers-day", "SE"): "2026-05-31",
    ("mothers-day", "ES"): "2026-05-03",
    ("mothers-day", "PL"): "2026-05-26",
}


@pytest.mark.parametrize(("festival", "day"), KNOWN_DAYS.items(), ids=str)
def test_a_festival_is_on_its_known_day(festival, day):
    assert str(next_festival(*festival, on_or_after=date(2026, 3, 1))) == day


def test_french_mothers_day_gives_way_to_pentecost():
    assert str(next_festival("mothers-day", "FR", on_or_after=date(2023, 1, 1))) == "2023-06-04"


def test_every_festival_comes_once_in_every_year():
    for countries in FESTIVALS.values():
        for day_of in countries.values():
            days = [day_of(year) for year in range(1990, 2090)]
            assert [day.astype(object).year for day in days] == list(range(1990, 2090))


def test_a_festival_is_for_those_who_keep_it():
    people = customers(
        a_customer(1, locale="zh-CN", region="CN-33"),
        a_customer(2, locale="en", region="US-NY"),
        a_customer(3, locale="zh-CN", region="US-CA"),
        a_customer(4, locale="en", region="GB"),
        a_customer(5, locale="en", region=""),
        a_customer(6, locale="en", region="USX"),
    )

    def who(night):
        return found("festival", SETTINGS, people, night)["customer_key"].tolist()

    assert who(date(2026, 9, 25)) == [1, 3]  # Mid-Autumn
    assert who(date(2026, 11, 26)) == [2, 3]  # Thanksgiving
    assert who(date(2026, 9, 24)) == []


def test_a_festival_is_found_ahead_sent_on_the_day_and_never_after():
    people = customers(a_customer(locale="zh-CN", region=""))
    settings = SETTINGS.model_copy(update={"lead_days": 2})
    assert nights_of("festival", settings, people, date(2026, 9, 20), date(2026, 10, 1)) == [
        (night, "festival-mid-autumn-2026") for night in ("2026-09-23", "2026-09-24", "2026-09-25")
    ]
    due = found("festival", settings, people, date(2026, 9, 23)).iloc[0]
    assert due["send_from"] == due["send_until"] == due["occasion_on"] == pd.Timestamp("2026-09-25")


def test_of_two_festivals_on_one_day_the_first_named_is_wished():
    october_first = ShopDay(name="shop-birthday", on="10-01", label={"en": "our birthday"})
    people = customers(a_customer(1, locale="zh-CN"), a_customer(2, locale="en"))
    night = date(2020, 10, 1)  # Mid-Autumn that year
    for order, expected in (
        (("mid-autumn", "shop-birthday"), ["mid-autumn", "shop-birthday"]),
        (("shop-birthday", "mid-autumn"), ["shop-birthday", "shop-birthday"]),
    ):
        cultures = [
            Culture(locales=("zh-CN", "en")[: 2 - (name == "mid-autumn")], festivals=(name,))
            for name in order
        ]
        settings = FestivalSettings(**PLAIN, cultures=tuple(cultures), shop_days=(october_first,))
        due = found("festival", settings, people, night)
        assert due["occasion_key"].tolist() == [f"festival-{name}-2020" for name in expected]


def test_a_festival_that_two_cultures_date_differently_is_one_occasion():
    cultures = tuple(
        Culture(country=country, festivals=("mothers-day",)) for country in ("PL", "US")
    )
    settings = FestivalSettings(**PLAIN, cultures=cultures, lead_days=30)
    due = found("festival", settings, customers(a_customer()), date(2026, 5, 1))
    assert not due.duplicated(IDENTITY).any()
    assert len(due) == 1


def test_a_shop_day_is_named_in_her_language():
    people = customers(a_customer(1, locale="zh-CN"), a_customer(2, locale="en"))
    everybody = Culture(festivals=("double-eleven",))
    settings = SETTINGS.model_copy(update={"cultures": (everybody,)})
    told = found("festival", settings, people, date(2026, 11, 11))["facts"].tolist()
    assert told == [
        '{"festival":"double-eleven","label":"双十一"}',
        '{"festival":"double-eleven","label":"Double Eleven"}',
    ]


def test_what_she_said_herself_comes_first():
    said = ["none", "christmas, mid-autumn", None, "", "christmas"]
    people = customers(*(a_customer(key, locale="zh-CN", region="") for key in range(1, 6)))
    people = people.assign(festivals=pd.array(said, dtype="str"))
    due = found("festival", SETTINGS, people, date(2026, 9, 25))
    assert due["customer_key"].tolist() == [2, 3, 4]
    due = found("festival", SETTINGS, people, date(2026, 12, 25))
    assert due["customer_key"].tolist() == [2, 5]  # though no Chinese culture names it


def test_the_festivals_of_the_policy_come_once_a_year_to_those_who_keep_them():
    people = customers(
        a_customer(1, locale="zh-CN", region="US-NY"), a_customer(2, locale="en", region="US-NY")
    )
    settings = a_policy().campaigns["festival"].model_copy(update={"lead_days": 30})
    year = [found("festival", settings, people, date(2026, month, 1)) for month in range(1, 13)]
    wished = pd.concat(year).drop_duplicates([*IDENTITY, "occasion_on"])
    assert not wished.duplicated(IDENTITY).any()
    of_2026 = wished[wished["occasion_on"].dt.year == 2026]
    assert of_2026["customer_key"].value_counts().to_dict() == {1: 7, 2: 4}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"festivals": ("easter",)}, "'easter' has no day; there are new-year"),
        ({"festivals": ("thanksgiving",)}, "'thanksgiving' has no day; set country to US or CA"),
        ({"festivals": ("christmas",), "locales": ("zh",)}, "locale 'zh'"),
        ({"festivals": ()}, "at least 1"),
    ],
)
def test_a_culture_that_cannot_be_kept_is_refused_with_the_remedy(wrong, said):
    with pytest.raises(ValidationError, match=said):
        FestivalSettings(**PLAIN, cultures=[wrong])


@pytest.mark.parametrize("on", ["02-29", "13-01", "04-31", "00-10", "W05-1"])
def test_a_shop_day_must_be_in_every_year(on):
    with pytest.raises(ValidationError, match=f"not every year has a {on}"):
        ShopDay(name="ours", on=on, label={"en": "our day"})
