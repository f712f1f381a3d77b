"""Why a product is recommended, as a customer reads it: the phrases of ``reasons.toml``."""

import tomllib
from collections.abc import Collection, Iterator, Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path
from string import Formatter

from babel import Locale
from babel.dates import format_date, format_skeleton

from care.configuration import line_of
from care.domain.recommendation import RESTS_ON
from care.rendering.filters import short
from care.rendering.problem import Problem

REASONS = "reasons.toml"

Phrases = Mapping[str, Mapping[str, str]]
"""Reason → locale → phrase."""


def read_phrases(templates: Path) -> Phrases:
    """The phrases of a folder of templates, which ``check_phrases`` has looked at."""
    return tomllib.loads((templates / REASONS).read_text(encoding="utf-8"))


def check_phrases(templates: Path, locales: Collection[str]) -> Iterator[Problem]:
    """Every reason that could not be said in one of the locales, or would say too little."""
    try:
        text = (templates / REASONS).read_text(encoding="utf-8")
        phrases = tomllib.loads(text)
    except FileNotFoundError:
        yield Problem(REASONS, 1, "the file is missing", "write why products are recommended")
        return
    except UnicodeDecodeError:
        yield Problem(REASONS, 1, "the file is not UTF-8", "save it as UTF-8")
        return
    except tomllib.TOMLDecodeError as error:
        yield Problem(REASONS, 1, f"not TOML: {error}", "mend the line")
        return
    for code in phrases.keys() - RESTS_ON.keys():
        there_are = f"there are {', '.join(RESTS_ON)}"
        yield Problem(REASONS, line_of(text, [code]), f"{code}: no such reason", there_are)
    for code, needs in RESTS_ON.items():
        said = phrases.get(code)
        for locale in sorted(locales):
            phrase = said.get(locale) if isinstance(said, dict) else None
            line = line_of(text, [code, locale])
            if not isinstance(phrase, str) or not phrase.strip():
                yield Problem(REASONS, line, f"{code}.{locale} is missing", "write the phrase")
                continue
            for what, remedy in _faults(phrase, needs):
                yield Problem(REASONS, line, f"{code}.{locale} {what}", remedy)


def _faults(phrase: str, needs: frozenset[str]) -> Iterator[tuple[str, str]]:
    named = " and ".join(f"{{{name}}}" for name in sorted(needs)) or "no placeholder"
    try:
        found = {
            name if not spec and conversion is None else f"{name}…"
            for _, name, spec, conversion in Formatter().parse(phrase)
            if name is not None
        }
    except ValueError as error:
        yield f"has a brace too many or too few: {error}", f"it may hold {named}"
        return
    for name in sorted(found - needs):
        yield f"asks for {{{name}}}, which it does not rest on", f"it may hold {named}"
    for name in sorted(needs - found):
        yield f"does not say {{{name}}}", f"a phrase of this reason names {named}"


def say(phrase: str, locale: str, *, name: str, on: date, arrives_on: date) -> str:
    """A phrase with the product of hers and the month in which she last had it.

    A month of another year than the one in which the letter is read is said with its year.
    """
    return phrase.format(
        name=short(name), month=say_month(on, locale, with_year=on.year != arrives_on.year)
    )


@lru_cache(maxsize=512)
def say_month(day: date, locale: str, *, with_year: bool) -> str:
    """`三月`, `March`; with its year `2016年3月`, `March 2016`."""
    spoken = Locale.parse(locale, sep="-")
    if with_year:
        return format_skeleton("yMMMM", day, locale=spoken)
    return format_date(day, "LLLL", locale=spoken)
