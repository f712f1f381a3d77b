"""How values are said in a locale: dates, money, counts and names. Templates use these as filters.

Babel parses a pattern on every call, and a night says few different dates and names very often, so
each wording is remembered.
"""

import re
import unicodedata
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import lru_cache
from string import capwords
from typing import Any

from babel import Locale
from babel.dates import format_date, format_interval, format_skeleton
from babel.numbers import format_currency, get_currency_precision
from jinja2 import pass_context
from jinja2.runtime import Context

from care.rendering.vocabulary import Window

_CHINESE_DIGITS = "零一二三四五六七八九"
_ENGLISH_COUNTS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
# A bracket or comma opens a qualifier (`汽水（大包装）`), unless what follows makes it a list.
_QUALIFIER = re.compile(r"\s*(?:[（(\[|]| [-–] |[,，](?!.* (?:and|or) )).*")


@lru_cache(maxsize=4096)
def say_day(day: date, locale: str, *, with_year: bool = False) -> str:
    """`5月20日` or `May 20`, with the year where asked."""
    spoken = Locale.parse(locale, sep="-")
    if with_year:
        return format_date(day, "long", locale=spoken)
    return format_skeleton("MMMMd", day, locale=spoken)


@lru_cache(maxsize=4096)
def say_span(start: date, end: date, locale: str) -> str:
    """`5月21日至27日` or `May 21–27`."""
    span = format_interval(start, end, "MMMMd", locale=Locale.parse(locale, sep="-"))
    return span.replace("\u2009", "")


@lru_cache(maxsize=4096)
def say_money(minor: int, currency: str, locale: str) -> str:
    """Minor units of an ISO 4217 currency as its readers write them."""
    amount = Decimal(minor).scaleb(-get_currency_precision(currency))
    return format_currency(amount, currency, locale=Locale.parse(locale, sep="-"))


def say_count(number: int, locale: str) -> str:
    """Say a small count in words: 两, 十二; two, and digits above ten."""
    if locale.startswith("zh"):
        return _chinese_count(number)
    return _ENGLISH_COUNTS[number - 1] if 1 <= number <= len(_ENGLISH_COUNTS) else str(number)


def plural(number: int, one: str, many: str) -> str:
    """Choose the English word that agrees with the number."""
    return one if number == 1 else many


@lru_cache(maxsize=16_384)
def short(name: str, columns: int = 32) -> str:
    """Shorten a product name for a sentence; a Chinese character takes two columns.

    Leaves qualifiers out, then cuts between words, and only then inside a word. A name in
    capitals is calmed down.
    """
    calm = capwords(name) if name.isupper() and len(name) > 4 else name
    calm = _QUALIFIER.sub("", calm) or calm
    if _columns(calm) <= columns:
        return calm
    whole_words = _fitting(f"{calm} ", columns + 1).rpartition(" ")[0]
    return whole_words or f"{_fitting(calm, columns - 1)}…"


def first_up(text: str) -> str:
    """Begin with a capital letter, as a line of its own does."""
    return text[:1].upper() + text[1:]


def _chinese_count(number: int) -> str:
    if number == 2:
        return "两"
    tens, ones = divmod(number, 10)
    if not 0 < number < 100:
        return str(number)
    head = "" if tens == 0 else "十" if tens == 1 else f"{_CHINESE_DIGITS[tens]}十"
    return head + (_CHINESE_DIGITS[ones] if ones else "")


def _columns(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _fitting(text: str, columns: int) -> str:
    for end, character in enumerate(text):
        columns -= _columns(character)
        if columns < 0:
            return text[:end]
    return text


@pass_context
def _day(context: Context, day: date) -> str:
    # A voucher that outlives the year must say which January it means.
    arrives_on: date = context["arrives_on"]
    return say_day(day, context["locale"], with_year=day.year != arrives_on.year)


@pass_context
def _span(context: Context, window: Window) -> str:
    return say_span(window.start, window.end, context["locale"])


@pass_context
def _money(context: Context, minor: int, currency: str) -> str:
    return say_money(minor, currency, context["locale"])


@pass_context
def _count(context: Context, number: int) -> str:
    return say_count(number, context["locale"])


FILTERS: dict[str, Callable[..., Any]] = {
    "day": _day,
    "span": _span,
    "money": _money,
    "count": _count,
    "plural": plural,
    "short": short,
    "first_up": first_up,
}
