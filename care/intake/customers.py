"""Customers as the shop delivers them → customers as the house knows them."""

from collections.abc import Collection
from datetime import date

import pandas as pd

from care.domain.consent import COLUMN_OF
from care.domain.customer import CALENDARS, CUSTOMERS, GENDERS
from care.domain.setaside import Flaw
from care.intake.birthday import PARTS, read_birthdays, read_dates
from care.intake.email import check_emails
from care.intake.festivals import KNOWN, read_festivals
from care.intake.keys import LONGEST_KEY, screen_keys
from care.intake.phone import check_desk_phones, check_phones
from care.intake.sources import Customers, Sources, known_timezones
from care.intake.table import PLACE, connect, open_table
from care.intake.taken import Issues, Taken, read_text
from care.intake.text import is_odd

_TEXTS = ("name", "family_name", "given_name", "honorific", "spouse_name", "region", "advisor")
_CHANNELS = ("email", "sms")
_CHINESE = ("zh", "zh-cn", "zh-hans", "zh-hans-cn", "zh-sg")
_YES, _NO = ("true", "1"), ("false", "0")


def read_customers(sources: Sources, *, night: date, festivals: Collection[str] = KNOWN) -> Taken:
    """Read every customer, as of a night; ``festivals``: the names that her wishes may hold.

    A bad field is emptied, or takes its default, and the customer stays; she is set aside only
    when her key is missing, unusable or given again further down, or when every field is empty.
    ``kept`` has the columns of ``CUSTOMERS``, in the order of the shop's files.

    Raises:
        UnableToReadSources: a file or a required column is not there.
    """
    table = sources.customers
    opened = open_table(connect(), sources, table)
    everyone = opened.read(customer_id=opened.key("customer_id"))
    issues = Issues.of(opened, everyone, key="customer_id")
    said = screen_keys(everyone, "customer_id", issues)
    customers = _checked(said, table, issues, night, festivals)
    empty = _nothing_usable(said, customers)
    issues.note_rows(empty, "customer_id", said["customer_id"], Flaw.NOTHING_USABLE)
    kept = CUSTOMERS.check(customers[~empty].reset_index(drop=True))
    return Taken(kept, issues.frame(), read=len(everyone) + len(opened.torn))


def _checked(
    said: pd.DataFrame, table: Customers, issues: Issues, night: date, festivals: Collection[str]
) -> pd.DataFrame:
    found = {"customer_id": said["customer_id"]}
    found |= {name: read_text(said, name, issues) for name in _TEXTS}
    found["name"] = found["name"].fillna(_full_name(found["family_name"], found["given_name"]))
    found["gender"] = _word(said, "gender", GENDERS, issues)
    calendar = _word(said, "birth_calendar", CALENDARS, issues).fillna("gregorian")
    found["birth_calendar"] = calendar
    found["birth_leap"] = _flag(said, "birth_leap", issues)
    lunar = (calendar == "lunar").to_numpy()
    leap = found["birth_leap"].to_numpy(bool)
    born = read_birthdays(said, lunar=lunar, leap=leap, issues=issues, night=night)
    found |= {name: born[name] for name in PARTS}
    for name in ("wedding_on", "joined_on"):
        found[name] = read_dates(said, name, issues=issues, night=night)
    found["locale"] = _locale(said, table, issues)
    found["timezone"] = _timezone(said, table, issues)
    for name in ("email", "advisor_email"):
        found[name], bad = check_emails(said[name])
        issues.note_fields(bad, name, said[name], Flaw.BAD_EMAIL)
    found["phone"], flaws = check_phones(said["phone"], table.phone_region)
    for flaw, where in flaws.items():
        issues.note_fields(where, "phone", said["phone"], flaw)
    found["advisor_phone"], bad = check_desk_phones(said["advisor_phone"])
    issues.note_fields(bad, "advisor_phone", said["advisor_phone"], Flaw.BAD_PHONE)
    found["household_id"] = _household(said["household_id"], issues)
    found["festivals"] = read_festivals(said, issues, known=festivals)
    found["dislikes"] = _kinds(read_text(said, "dislikes", issues))
    found["preferred_channel"] = _word(said, "preferred_channel", _CHANNELS, issues)
    for name in COLUMN_OF:
        found[name] = _flag(said, name, issues)
    found |= {name: found[name].fillna("") for name in ("name", "region")}
    return pd.DataFrame(found)[list(CUSTOMERS.dtypes)].astype(dict(CUSTOMERS.dtypes))


def _nothing_usable(said: pd.DataFrame, customers: pd.DataFrame) -> pd.Series:
    """Where the shop tells more than keys, and nothing it told of this customer is left."""
    told = said.drop(columns=[*PLACE, "customer_id"]).notna()
    if not told.any(axis=None):
        return pd.Series(False, index=said.index)
    optional = [name for name in CUSTOMERS.dtypes if name in told or name in PARTS]
    settled = ["locale", "timezone", "birth_calendar", "birth_leap", *COLUMN_OF]
    left = customers[[name for name in optional if name not in settled]]
    return (left.isna() | (left == "")).all(axis=1)


def _full_name(family: pd.Series, given: pd.Series) -> pd.Series:
    """Join a name from its parts: family name first and no space where it is written in Han."""
    han = family.fillna(given).str.contains("[\u3400-\u9fff]")
    family, given = family.fillna(""), given.fillna("")
    return (given + " " + family).str.strip().mask(han, family + given)


def _household(keys: pd.Series, issues: Issues) -> pd.Series:
    bad = is_odd(keys) | (keys.str.len() > LONGEST_KEY)
    issues.note_fields(bad, "household_id", keys, Flaw.BAD_KEY)
    return keys.mask(bad)


def _kinds(told: pd.Series) -> pd.Series:
    """Words as people list them, in small letters with ``;`` between."""
    words = told.str.lower().str.replace(r"\s*[;,；，、]+\s*", ";", regex=True).str.strip("; ")
    return words.mask(words == "")


def _word(said: pd.DataFrame, name: str, known: tuple[str, ...], issues: Issues) -> pd.Series:
    words = said[name].str.lower()
    strange = words.notna() & ~words.isin(known)
    issues.note_fields(strange, name, said[name], Flaw.UNKNOWN_VALUE)
    return words.mask(strange)


def _flag(said: pd.DataFrame, name: str, issues: Issues) -> pd.Series:
    """Say yes only where the shop says so: silence and riddles are no consent."""
    return _word(said, name, _YES + _NO, issues).isin(_YES)


def _locale(said: pd.DataFrame, table: Customers, issues: Issues) -> pd.Series:
    words = said["locale"].str.lower().str.replace("_", "-")
    known = pd.Series(table.default("locale") or "en", index=said.index, dtype="str")
    known = known.mask((words == "en") | words.str.startswith("en-"), "en")
    known = known.mask(words.isin(_CHINESE), "zh-CN")
    strange = words.notna() & ~words.isin(_CHINESE) & ~words.str.fullmatch("en(-.+)?")
    issues.note_fields(strange, "locale", said["locale"], Flaw.UNKNOWN_LOCALE)
    return known


def _timezone(said: pd.DataFrame, table: Customers, issues: Issues) -> pd.Series:
    strange = said["timezone"].notna() & ~said["timezone"].isin(known_timezones())
    issues.note_fields(strange, "timezone", said["timezone"], Flaw.UNKNOWN_TIMEZONE)
    return said["timezone"].mask(strange).fillna(table.default("timezone") or table.timezone)
