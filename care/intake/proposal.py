"""A mapping proposed for files that have none: ``shop.toml``, as it can be pasted."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from glob import escape
from itertools import takewhile
from pathlib import Path

from care.intake.profile import Column, Profile
from care.intake.sources import TABLES
from care.intake.synonyms import COLUMNS, FILE_NAMES, WORDS, plain, without_unit

_REGIONS = {"Chinese mobile": "CN", "American phone": "US"}
_MONEY = ("amount", "price")
_MOMENTS = ("ordered_at", "happened_at")
_LACKING, _FITTING_NAME = 3, 2  # points off for a required column, and on for the file's name


@dataclass(frozen=True, slots=True)
class Proposal:
    """One table: the files that hold it, the columns found (canonical → the shop's), what lacks.

    ``toml``: the table as ``shop.toml`` may say it, unless a required column is lacking.
    """

    table: str
    profiles: tuple[Profile, ...]
    columns: Mapping[str, str]
    lacking: tuple[str, ...]
    toml: str


def propose(profiles: Sequence[Profile]) -> list[Proposal]:
    """Propose a mapping for every table that some of the files look like.

    Files of one table share its mapping, which is made of the last one by name; of files that lie
    in several folders only that one's folder counts.
    """
    found: dict[str, list[Profile]] = {}
    for one in sorted(profiles, key=lambda profile: profile.path):
        if (table := table_of(one)) is not None:
            found.setdefault(table, []).append(one)
    return [_propose(name, _beside_the_last(found[name])) for name in TABLES if name in found]


def _beside_the_last(profiles: Sequence[Profile]) -> list[Profile]:
    folder = profiles[-1].path.parent
    return [profile for profile in profiles if profile.path.parent == folder]


def table_of(profile: Profile) -> str | None:
    """Name the table that a file looks like, by its columns and then by its own name."""
    points = {name: _points(profile, name) for name in TABLES}
    best = max(points.values())
    leading = [name for name, reached in points.items() if reached == best]
    return leading[0] if best >= 2 and len(leading) == 1 else None


def _points(profile: Profile, table: str) -> int:
    columns = match(profile, table)
    lacks = len(_lacking(table, columns)) + all(name.endswith("_id") for name in columns)
    words = FILE_NAMES.get(table, table.removesuffix("s"))
    named = re.search(words, profile.path.stem.casefold()) is not None
    return len(columns) - _LACKING * lacks + _FITTING_NAME * named


def match(profile: Profile, table: str) -> dict[str, str]:
    """Find the shop's column of each canonical one: by name, and an e-mail or phone by its look."""
    free = {plain(column.name): column.name for column in reversed(profile.columns)}
    found: dict[str, str] = {}
    known = COLUMNS.get(table, {})
    for canonical in dict.fromkeys([*known, *TABLES[table].COLUMNS]):
        for name in (canonical, *filter(None, known.get(canonical, "").split("|"))):
            spelled = next((one for one in free if _same(one, plain(name), canonical)), None)
            if spelled is not None:
                found[canonical] = free.pop(spelled)
                break
    if table == "customers":
        for canonical, kinds in (("email", {"e-mail"}), ("phone", {*_REGIONS, "phone"})):
            looks = [name for name in free.values() if profile.column(name).kind in kinds]
            if canonical not in found and len(looks) == 1:
                found[canonical] = looks[0]
    return found


def _same(said: str, known: str, canonical: str) -> bool:
    return known in ((said, without_unit(said)) if canonical in _MONEY else (said,))


def _lacking(table: str, columns: Iterable[str]) -> tuple[str, ...]:
    required = (*TABLES[table].KEYS, *TABLES[table].REQUIRED)
    return tuple(name for name in required if name not in set(columns))


def _propose(name: str, profiles: Sequence[Profile]) -> Proposal:
    last = profiles[-1]
    columns = match(last, name)
    lacking = _lacking(name, columns)
    if name == "orders" and "quantity" in lacking:  # one of each is a fair reading; a price is not
        lacking = tuple(column for column in lacking if column != "quantity")
    lines = [f"[{name}]", *_keys(name, profiles, columns), *_sections(name, last, columns)]
    return Proposal(name, tuple(profiles), columns, lacking, "\n".join(lines) + "\n")


def _keys(name: str, profiles: Sequence[Profile], columns: Mapping[str, str]) -> Iterator[str]:
    last = profiles[-1]
    yield f"path = {_quoted(_pattern([profile.path for profile in profiles]))}"
    yield f"format = {_quoted(last.format)}"
    for key in ("encoding", "delimiter"):
        said = {getattr(profile, key) for profile in profiles}
        if len(said) == 1 and None not in said:  # else each file is looked at for itself
            yield f"{key} = {_quoted(said.pop())}"
    if "money" in TABLES[name].model_fields:
        yield _money(last, columns)
    if any(column in columns for column in _MOMENTS):
        zone = "Asia/Shanghai" if last.encoding == "gb18030" else "UTC"
        yield f"timezone = {_quoted(zone)}  # check: of times that name no zone"
    elif (region := _REGIONS.get(_kind(last, columns, "phone"))) is not None:
        yield f"phone_region = {_quoted(region)}"


def _money(profile: Profile, columns: Mapping[str, str]) -> str:
    said = next((columns[name] for name in _MONEY if name in columns), "")
    if without_unit(plain(said)) != plain(said):
        return 'money = "minor"'
    if said and profile.column(said).kind == "whole number":
        return 'money = "major"  # check: minor, if 1234 means 12.34'
    return 'money = "major"'


def _sections(name: str, profile: Profile, columns: Mapping[str, str]) -> Iterator[str]:
    renamed = {canonical: said for canonical, said in columns.items() if canonical != said}
    if renamed:
        yield from ("", f"[{name}.columns]")
        yield from (f"{canonical} = {_quoted(said)}" for canonical, said in renamed.items())
    if defaults := _defaults(name, profile, columns):
        yield from ("", f"[{name}.defaults]", *defaults)
    for canonical, said in columns.items():
        if words := _words(canonical, profile.column(said)):
            yield from ("", f"[{name}.values.{canonical}]  # check")
            yield from (f"{_quoted(word)} = {_quoted(meant)}" for word, meant in words.items())


def _defaults(name: str, profile: Profile, columns: Mapping[str, str]) -> list[str]:
    if name == "orders" and "quantity" not in columns:
        return ["quantity = 1  # check: no column of the file holds it"]
    named = columns.get("name") or columns.get("given_name")
    if name == "customers" and named and "locale" not in columns and profile.column(named).han:
        return ['locale = "zh-CN"  # check: most names are Chinese']
    return []


def _words(canonical: str, column: Column) -> dict[str, str]:
    """Translate the words of a column that the house would not know by themselves."""
    meanings = {
        plain(word): meant
        for meant, words in WORDS.get(canonical, {}).items()
        for word in words.split("|")
    }
    return {word: meanings[plain(word)] for word in column.words if plain(word) in meanings}


def _kind(profile: Profile, columns: Mapping[str, str], name: str) -> str:
    return profile.column(columns[name]).kind if name in columns else ""


def _pattern(paths: Sequence[Path]) -> str:
    """One path, or the glob that the names of several in one folder have in common."""
    if len(paths) == 1:
        return escape(str(paths[0]))
    names = [path.name for path in paths]
    begins = _common(names)
    ends = _common([name[len(begins) :][::-1] for name in names])[::-1]
    return f"{escape(str(paths[0].parent))}/{escape(begins)}*{escape(ends)}"


def _common(names: Iterable[str]) -> str:
    alike = takewhile(lambda letters: len(set(letters)) == 1, zip(*names, strict=False))
    return "".join(letters[0] for letters in alike)


def _quoted(text: str) -> str:
    """Write a TOML string; those of JSON are, but for one character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
