"""What the console says: its catalogues, and dates, money and counts as each language has them."""

import re
import tomllib
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import cache
from importlib.resources import files
from itertools import chain
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime, format_skeleton, format_time
from babel.numbers import (
    format_currency,
    format_decimal,
    format_percent,
    get_currency_precision,
)

from care.domain.decision import BY_POLICY
from care.domain.exclusion import IN_WORDS, Reason
from care.domain.recommendation import SOURCES
from care.rendering.problem import Problem

LANGUAGES = {"en": "en_GB", "zh-CN": "zh_Hans_CN"}
"""What the console speaks, and the locale that its dates and money follow."""
NATIVE = {"en": "English", "zh-CN": "中文"}
NAMED = frozenset(
    {"campaign", "tier", "channel", "locale", "purpose", "festival", "casekind", "source"}
    | {"state", "reason", "verdict", "itemreason"}
)
"""Groups of a pattern that hold a code, which has a name."""
OCCASIONS = {"festival": "festival", "birthday": "birth_calendar"}
"""Campaigns whose occasions have names of their own, and the kind of those names."""
LEDGER, TEMPLATES = ("told",), ("template", "told")
"""Where the patterns are for what the ledger keeps, and for what is wrong with a template."""
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAY = re.compile(rf"(\d\d?) ({'|'.join(_MONTHS)})[a-z]*(?: (\d{{4}}))?( \d\d:\d\d)?")
_REASONS = {words: str(code) for code, words in IN_WORDS.items()}
LEAST_SHARE = 0.001
_IN_REVIEW = f"{IN_WORDS[Reason.EXCLUDED_BY_REVIEWER]}: "
PLURALS = frozenset({"one", "other"})
Words = Mapping[str, str | Mapping[str, str]]


class UnableToSay(Exception):
    """A catalogue lacks a sentence."""


@cache
def catalogue(language: str) -> Words:
    """Every sentence of a language by its key; one that counts has a form for each plural."""
    text = files("care.console").joinpath("words", f"{language}.toml").read_text("utf-8")
    found: dict[str, str | Mapping[str, str]] = {}

    def flatten(table: Mapping[str, Any], prefix: str) -> None:
        for name, value in table.items():
            key = f"{prefix}{name}"
            if isinstance(value, str) or set(value) <= PLURALS:
                found[key] = value
            else:
                flatten(value, f"{key}.")

    flatten(tomllib.loads(text), "")
    return found


@cache
def sentences(language: str, *, of: str = "told") -> tuple[tuple[re.Pattern[str], str], ...]:
    """What the house says in English, as patterns, and how a language says it.

    ``of``: ``told``, what the ledger keeps and what is refused, or ``template``, what is wrong with
    one.
    """
    path = files("care.console").joinpath("words", f"{of}.{language}.toml")
    if not path.is_file():
        return ()
    told = tomllib.loads(path.read_text("utf-8"))["told"]
    return tuple((re.compile(one["english"], re.DOTALL), one["say"]) for one in told)


def negotiate(wanted: str | None, accepted: str | None) -> str:
    """The language somebody chose, else the first of her browser's that the console speaks."""
    if wanted in LANGUAGES:
        return str(wanted)
    for part in (accepted or "").split(","):
        tag = part.split(";")[0].strip().lower()
        if tag.startswith("zh"):
            return "zh-CN"
        if tag.startswith("en"):
            return "en"
    return "en"


class Speech:
    """Speaks one language, in the shop's money and time. ``gifts``: their labels by locale."""

    def __init__(
        self,
        language: str,
        *,
        currency: str,
        zone: ZoneInfo,
        gifts: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
    ) -> None:
        self.language = language
        self.locale = Locale.parse(LANGUAGES[language])
        self.currency, self.zone = currency, zone
        self._words = catalogue(language)
        # A sentence of the house has a gift's id or, where it is told to people, a label.
        self._gifts = {
            name: labels[language]
            for gift_id, labels in gifts.items()
            if language in labels
            for name in (gift_id, *labels.values())
        }

    def __call__(self, key: str, **values: Any) -> str:
        """A sentence of the catalogue; ``n`` chooses its plural.

        Raises:
            UnableToSay: there is no such sentence.
        """
        found = self._words.get(key)
        if found is None:
            raise UnableToSay(f"words/{self.language}.toml has no {key!r}")
        if not isinstance(found, str):
            form = self.locale.plural_form(values["n"])
            found = found.get(form, found["other"])
            values["n"] = self.number(values["n"])
        return found.format(**values) if values else found

    def name(self, kind: str, code: str) -> str:
        """A name for a code; one that no catalogue knows is shown as words.

        A campaign may have one of its occasions behind it: ``festival:qixi``, ``birthday:lunar``.
        """
        campaign, _, occasion = code.partition(":")
        if kind == "campaign" and campaign in OCCASIONS and occasion:
            return f"{self.name(kind, campaign)} · {self.name(OCCASIONS[campaign], occasion)}"
        found = self._words.get(f"{kind}.{code}")
        return found if isinstance(found, str) else code.replace("_", " ")

    def gift(self, named: str) -> str:
        """A gift by its id or a label of it; one that is gone from the policy keeps its name."""
        return self._gifts.get(named, named)

    def told(self, sentence: str) -> str:
        """A sentence that the house wrote in English, in this language where it is known."""
        if sentence.startswith(_IN_REVIEW):  # what follows is a reviewer's own
            code = str(Reason.EXCLUDED_BY_REVIEWER)
            return f"{self.name('reason', code)}: {sentence.removeprefix(_IN_REVIEW)}"
        return self._told(sentence, LEDGER)

    def reason(self, words: str, *, by: str) -> str:
        """Why somebody decided something: a person's words as they are, the policy's as told."""
        return self.told(words) if by == BY_POLICY else words

    def problem(self, found: Problem) -> str:
        """What is wrong with a template, where, and what to do about it."""
        what, remedy = (self._told(one, TEMPLATES) for one in (found.what, found.remedy))
        return self("wording.problem", file=found.file, line=found.line, what=what, remedy=remedy)

    def _told(self, sentence: str, catalogues: tuple[str, ...]) -> str:
        for pattern, said in chain(*(sentences(self.language, of=one) for one in catalogues)):
            if found := pattern.fullmatch(sentence):
                gaps = found.groupdict(default="")
                named = {name: self._part(name, text, catalogues) for name, text in gaps.items()}
                return said.format(**named).strip()
        plain, _, more = sentence.partition(": ")
        if code := _REASONS.get(plain):
            return self.name("reason", code) + (f": {more}" if more else "")
        several = sentence.split("; ")
        return (
            "; ".join(self._told(one, catalogues) for one in several) if several[1:] else sentence
        )

    def _part(self, name: str, text: str, catalogues: tuple[str, ...]) -> str:
        """A word within a sentence: codes by their names, days and sentences as they are said."""
        kind = name.rstrip("0123456789")
        if kind in ("gift", "gifts"):
            return ", ".join(map(self.gift, text.split(", ")))
        if kind in NAMED:
            return self.name(kind, text.replace(" ", "_"))
        if kind == "sourcewords":
            codes = [code for code, words in SOURCES.items() if words == text]
            return self.name("source", codes[0]) if codes else text
        if kind == "day":
            return self._day(text)
        return self._told(text, catalogues) if kind == "rest" else text

    def _day(self, text: str) -> str:
        """``14 Nov``, with its year or hour if it has them, as it is said; other words stay."""
        found = _DAY.fullmatch(text)
        if found is None:
            return text
        day, month, year, clock = found.groups(default="")
        try:
            told = date(int(year or 2000), _MONTHS.index(month) + 1, int(day))
        except ValueError:  # somebody's own words
            return text
        form = "yMMMd" if year else "MMMd"
        return str(format_skeleton(form, told, locale=self.locale)) + clock

    def number(self, value: float) -> str:
        """A count."""
        return str(format_decimal(value, locale=self.locale))

    def signed(self, value: int) -> str:
        """A change, with its sign."""
        if value == 0:
            return "±0"
        return ("+" if value > 0 else "−") + self.number(abs(value))

    def percent(self, share: float) -> str:
        """A share."""
        return str(format_percent(share, locale=self.locale))

    def share(self, share: float) -> str:
        """A share that may be small, to a tenth of a per cent; less is not called nothing."""
        if 0 < share < LEAST_SHARE:
            return f"< {self.share(LEAST_SHARE)}"
        return str(format_percent(share, "0.#%", locale=self.locale))

    def money(self, minor: int) -> str:
        """Minor units of the shop's currency."""
        amount = minor / 10 ** get_currency_precision(self.currency)
        return str(format_currency(amount, self.currency, locale=self.locale))

    def day(self, value: date) -> str:
        """A date with its weekday; of a moment the shop's day."""
        told = value.astimezone(self.zone).date() if isinstance(value, datetime) else value
        return str(format_skeleton("yMMMEd", told, locale=self.locale))

    def short_day(self, value: date) -> str:
        """A date within a year."""
        return str(format_skeleton("MMMd", value, locale=self.locale))

    def month(self, number: int) -> str:
        """A month of the year by its number."""
        return str(self.locale.months["stand-alone"]["wide"][number])

    def long_day(self, value: date) -> str:
        """A date for a title."""
        return str(format_date(value, "full", locale=self.locale))

    def moment(self, value: datetime) -> str:
        """A moment in the shop's time."""
        return str(
            format_datetime(value, "EEE d MMM HH:mm", tzinfo=self.zone, locale=self.locale)
            if self.language == "en"
            else format_datetime(value, "MMMd日 EEE HH:mm", tzinfo=self.zone, locale=self.locale)
        )

    def clock(self, value: datetime) -> str:
        """A time of day in the shop's time."""
        return str(format_time(value, "HH:mm", tzinfo=self.zone, locale=self.locale))

    def span(self, left: timedelta) -> str:
        """How long, to the minute."""
        minutes = max(int(abs(left).total_seconds() // 60), 0)
        days, rest = divmod(minutes, 24 * 60)
        hours, minutes = divmod(rest, 60)
        if days:
            return self("span.days", days=days, hours=hours)
        return self("span.hours", hours=hours, minutes=minutes)
