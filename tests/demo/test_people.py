"""The people of the demo shop: nobody real, awkward where real exports are, true to the data."""

import re

import numpy as np
import pandas as pd
import phonenumbers
import pytest

from care.demo.dates import BROKEN, SENTINELS, SHOP_YEAR
from care.demo.people import AGE_BANDS, DUPLICATED_ROWS, make_people

HOUSEHOLDS = 2469
NIGHTS_OF_A_WEEKEND = {"11-10", "11-11", "11-12"}


def some_households(count: int = HOUSEHOLDS) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    described = rng.random(count) < 0.32
    first_day = np.datetime64("2017-01-01") + rng.integers(0, 200, count)
    age = pd.Series(rng.choice(list(AGE_BANDS), count), dtype="str")
    status = pd.Series(rng.choice(["Married", "Unmarried"], count), dtype="str")
    return pd.DataFrame(
        {
            "household_id": rng.permutation(np.arange(1, count + 1)),
            "first_day": first_day.astype("datetime64[s]"),
            "age": age.where(described),
            "marital_status": status.where(described & (rng.random(count) < 0.8)),
        }
    )


@pytest.fixture(scope="module")
def households() -> pd.DataFrame:
    return some_households()


@pytest.fixture(scope="module")
def export(households: pd.DataFrame) -> pd.DataFrame:
    return make_people(households, seed=2017)


@pytest.fixture(scope="module")
def people(export: pd.DataFrame) -> pd.DataFrame:
    """One row a household, the untidy rows set apart."""
    return export.dropna(subset="household_id").drop_duplicates("household_id")


@pytest.fixture(scope="module")
def told(people: pd.DataFrame) -> pd.DataFrame:
    """Birthdays that name a day, in parts; the year is NA where it is not told."""
    birthday = people["birthday"].dropna()
    birthday = birthday[~birthday.isin([*SENTINELS, *BROKEN])]
    parts = birthday.str.extract(r"^(?:(\d{4})|-)-(\d\d)-(\d\d)$")
    return parts.set_axis(["year", "month", "day"], axis=1).astype("Int64")


def share(rows: pd.Series) -> float:
    return float(rows.mean())


def test_the_same_seed_gives_the_same_people(households: pd.DataFrame, export: pd.DataFrame):
    pd.testing.assert_frame_equal(make_people(households, seed=2017), export)


def test_another_seed_gives_other_people(households: pd.DataFrame, export: pd.DataFrame):
    others = make_people(households, seed=7)
    assert share(others["full_name"].ne(export["full_name"])) > 0.9
    assert share(others["birthday"].fillna("").ne(export["birthday"].fillna(""))) > 0.9


def test_every_household_has_one_person_and_a_few_rows_are_untidy(
    households: pd.DataFrame, export: pd.DataFrame
):
    assert set(export["household_id"].dropna()) == set(households["household_id"])
    assert export["household_id"].isna().sum() == 1
    assert export["household_id"].dropna().duplicated().sum() == DUPLICATED_ROWS
    assert len(export) == len(households) + DUPLICATED_ROWS + 1


def test_about_a_third_speaks_chinese_and_is_named_so(people: pd.DataFrame):
    chinese = people["language"].eq("zh")
    assert share(chinese) == pytest.approx(0.35, abs=0.03)
    han = people["full_name"].str.fullmatch(r"[\u4e00-\u9fff]{2,4}")
    assert han.equals(chinese)
    eastern = people[chinese]
    assert (eastern["last_name"] + eastern["first_name"]).eq(eastern["full_name"]).all()
    western = people[~chinese]
    assert (western["first_name"] + " " + western["last_name"]).eq(western["full_name"]).all()


def test_a_title_fits_sex_and_language(people: pd.DataFrame):
    titles = people.groupby(["language", "sex"])["title"].agg(lambda title: set(title.dropna()))
    assert titles["zh", "F"] == {"女士"}
    assert titles["zh", "M"] == {"先生"}
    assert titles["en", "F"] == {"Ms", "Mrs", "Dr"}
    assert titles["en", "M"] == {"Mr", "Dr"}
    assert share(people["title"].isna()) == pytest.approx(0.29, abs=0.05)


def test_a_given_name_belongs_to_one_sex(people: pd.DataFrame):
    assert people.groupby("first_name")["sex"].nunique().max() == 1


def test_nobody_called_mrs_is_known_to_be_unmarried(people: pd.DataFrame):
    assert "Unmarried" not in set(people.loc[people["title"].eq("Mrs"), "marital_status"])


def test_birthdays_are_as_awkward_as_in_a_real_export(people: pd.DataFrame, told: pd.DataFrame):
    birthday = people["birthday"]
    assert share(birthday.isna()) == pytest.approx(0.03, abs=0.001)
    assert share(birthday.isin(SENTINELS)) == pytest.approx(0.01, abs=0.001)
    assert share(birthday.isin(BROKEN)) == pytest.approx(0.005, abs=0.001)
    assert told["year"].isna().sum() / len(people) == pytest.approx(0.12, abs=0.001)
    assert told["month"].notna().all(), "a birthday is of a shape that nobody counted on"


def test_solar_birthdays_exist_in_the_calendar(people: pd.DataFrame, told: pd.DataFrame):
    solar = told[people["birthday_calendar"].reindex(told.index).eq("solar")]
    # 2000 stands in for the year nobody told: it has every day
    days = pd.to_datetime(solar.fillna({"year": 2000}).astype("int64"), errors="coerce")
    assert days.notna().all()
    leap_days = solar["month"].eq(2) & solar["day"].eq(29)
    assert 8 <= leap_days.sum() <= 25


def test_a_few_chinese_speakers_keep_the_lunar_calendar(people: pd.DataFrame, told: pd.DataFrame):
    lunar = people[people["birthday_calendar"].eq("lunar")]
    assert set(lunar["language"]) == {"zh"}
    assert 30 <= len(lunar) <= 110
    assert people["birthday_leap_month"].eq("Y").sum() == 4
    assert set(people.loc[people["birthday_leap_month"].eq("Y"), "birthday_calendar"]) == {"lunar"}
    parts = told.loc[lunar.index]
    assert parts["day"].eq(30).any()
    assert parts.loc[parts["day"].eq(30), "year"].isna().all(), "the month may be short"


def test_birthdays_are_spread_over_the_year(told: pd.DataFrame):
    per_month = told["month"].value_counts(normalize=True)
    assert per_month.between(0.06, 0.11).all()
    month_day = told["month"].astype("str").str.zfill(2) + "-" + told["day"].astype("str")
    assert 8 <= month_day.isin(NIGHTS_OF_A_WEEKEND).sum() <= 40


def test_a_birth_year_never_contradicts_the_age_band(people: pd.DataFrame, told: pd.DataFrame):
    banded = told.join(people[["age"]]).dropna(subset=["year", "age"])
    turns = SHOP_YEAR - banded["year"]
    assert len(banded) > 500
    assert turns.ge(banded["age"].map({band: low for band, (low, _) in AGE_BANDS.items()})).all()
    assert turns.le(banded["age"].map({band: high for band, (_, high) in AGE_BANDS.items()})).all()


def test_only_the_married_have_a_wedding_day(people: pd.DataFrame):
    status, wedding = people["marital_status"], people["wedding_date"]
    assert wedding[status.eq("Unmarried")].isna().all()
    assert share(wedding[status.eq("Married")].notna()) == pytest.approx(0.8, abs=0.06)
    assert wedding.max() < pd.Timestamp("2017-01-01")
    assert people["spouse_name"][wedding.isna()].isna().all()
    assert share(people["spouse_name"][wedding.notna()].notna()) == pytest.approx(0.85, abs=0.05)


def test_nobody_married_or_joined_as_a_child(people: pd.DataFrame, told: pd.DataFrame):
    year = told["year"].dropna()
    wedding = people["wedding_date"].reindex(year.index).dropna().dt.year
    assert (wedding - year[wedding.index]).min() >= 18
    assert (people["member_since"].reindex(year.index).dt.year - year).min() >= 16


def test_most_joined_before_their_first_purchase(people: pd.DataFrame, households: pd.DataFrame):
    first_day = people["household_id"].map(households.set_index("household_id")["first_day"])
    assert share(people["member_since"] <= first_day) == pytest.approx(0.97, abs=0.01)
    assert people["member_since"].min() >= pd.Timestamp("2009-03-01")
    assert people["member_since"].dt.year.nunique() == 9


def test_addresses_lie_at_example_com_and_belong_to_one_person(people: pd.DataFrame):
    email = people["email"]
    assert share(email.eq("")) == pytest.approx(0.04, abs=0.015)
    written = email[email.ne("")]
    assert written.str.endswith("example.com").all()
    assert written.is_unique
    without_at, with_space = ~written.str.contains("@"), written.str.contains(" ")
    assert 5 <= without_at.sum() <= 30
    assert 5 <= with_space.sum() <= 30
    sound = written[~without_at & ~with_space]
    assert sound.str.fullmatch(r"[a-z]+\.[a-z]+\.\d+@example\.com").all()


def test_phone_numbers_come_from_ranges_that_belong_to_nobody(people: pd.DataFrame):
    phone = people["mobile"].dropna()
    assert share(people["mobile"].isna()) == pytest.approx(0.08, abs=0.02)
    fiction = re.compile(r"\+1 [2-9]\d\d-555-01\d\d|\+86 134 9500 \d{4}")
    assert phone.map(lambda number: fiction.fullmatch(number) is not None).all()
    assert phone.is_unique


def test_a_phone_number_is_well_formed_for_number_libraries(people: pd.DataFrame):
    parsed = [phonenumbers.parse(number) for number in people["mobile"].dropna().head(500)]
    assert all(phonenumbers.is_valid_number(number) for number in parsed)


def test_a_phone_number_lies_where_its_owner_lives(people: pd.DataFrame):
    abroad = people["time_zone"].eq("Asia/Shanghai")
    assert people["mobile"].dropna().str.startswith("+86").equals(abroad[people["mobile"].notna()])
    assert people["state"].str.startswith("CN-").equals(abroad)
    assert set(people.loc[abroad, "language"]) == {"zh"}
    assert share(people["time_zone"].eq("America/New_York")) > 0.7
    assert people["time_zone"].nunique() == 5


def test_most_agree_to_mail_and_half_to_text_messages(people: pd.DataFrame):
    assert share(people["email_opt_in"].eq("Y")) == pytest.approx(0.88, abs=0.025)
    assert share(people["sms_opt_in"].eq("Y")) == pytest.approx(0.55, abs=0.035)
    assert set(people["contact_by"].dropna()) == {"E", "S"}
