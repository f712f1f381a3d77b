"""A TOML file of the merchant's, checked against its model; errors name file, line and remedy."""

import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

M = TypeVar("M", bound=BaseModel)


class UnableToReadConfiguration(Exception):
    """A configuration file is missing, is not TOML, or says something that cannot be."""


def read_toml(path: Path, model: type[M]) -> M:
    """Read ``path`` as ``model``; every problem is named at once, each with its line."""
    try:
        text = path.read_text(encoding="utf-8-sig")  # some editors begin a file with a mark
    except FileNotFoundError:
        raise UnableToReadConfiguration(
            f"{path}: there is no such file. Write it, or tell where it is: CARE_POLICY_PATH for "
            "the policy, CARE_SOURCES_PATH for shop.toml."
        ) from None
    except OSError as error:
        raise UnableToReadConfiguration(f"{path}: {error.strerror}. Check the path.") from None
    except UnicodeDecodeError:
        raise UnableToReadConfiguration(f"{path}: not UTF-8. Save it as UTF-8.") from None
    try:
        said = json.dumps(tomllib.loads(text), default=str)
        # By way of JSON a strict model still takes lists for tuples and words for what they name,
        # but no longer "24.00" or true for a number.
        return model.model_validate_json(said, strict=True)
    except tomllib.TOMLDecodeError as error:
        raise UnableToReadConfiguration(_describe_syntax(path, text, str(error))) from None
    except ValidationError as error:
        problems = [_describe(path, text, problem) for problem in error.errors()]
        raise UnableToReadConfiguration("\n".join(problems)) from None


def _describe_syntax(path: Path, text: str, problem: str) -> str:
    found = re.search(r" \(at line (\d+), column (\d+)\)$", problem)
    line, column = (int(found[1]), found[2]) if found else (len(text.splitlines()), "end")
    what = problem[: found.start()] if found else problem.removesuffix(" (at end of document)")
    return (
        f"{path}:{line}: not TOML at column {column}: {what}. Correct the line, or the one above."
    )


def _describe(path: Path, text: str, problem: ErrorDetails) -> str:
    names, message = [str(part) for part in problem["loc"] if part != "[key]"], _in_words(problem)
    if not names and ": " in message:  # a check across keys names its own place first
        place, message = message.split(": ", 1)
        names = place.split(".")
    return f"{path}:{line_of(text, names)}: {'.'.join(names) or 'file'}: {message}"


def _in_words(problem: ErrorDetails) -> str:
    kind, message, value = problem["type"], str(problem["msg"]), problem["input"]
    if kind == "extra_forbidden":
        return "there is no such key. Remove it or correct its name."
    if kind == "missing":
        return "this key is missing. Add it."
    message = message.removeprefix("Value error, ")
    if isinstance(value, (str, int, float, bool)):
        return f"{value!r} cannot be: {message}"
    return message


def line_of(text: str, names: Sequence[str]) -> int:
    """The line (from 1) on which a key, or else the nearest table that holds it, is written.

    ``text`` is valid TOML. ``names`` leads to the key; tables of an array are numbered from 0.
    """
    best, best_depth = 1, 0
    for line, path in _places(text, names):
        depth = _common(path, names)
        if depth > best_depth:
            best, best_depth = line, depth
    return best


def _places(text: str, names: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """Each statement's line and path; of an assignment, as far as its value follows ``names``."""
    table, count = list[str](), Counter[tuple[str, ...]]()
    for line, statement in _statements(text):
        said = tomllib.loads(statement)
        if not statement.lstrip().startswith("["):
            yield line, [*table, *_walk(said, names[len(table) :])]
            continue
        table = []
        while isinstance(said, dict) and said:
            ((name, said),) = said.items()
            table.append(name)
            if isinstance(said, list):
                count[tuple(table)] += 1
            if arrayed := count[tuple(table)]:  # the table that was begun last is meant
                table.append(str(arrayed - 1))
        yield line, table


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """The headers and assignments of a TOML text, each with its first line.

    One ends where it can be read by itself, so that whatever stands in strings, arrays and comments
    misleads nobody.
    """
    begun, lines = 1, list[str]()
    plain = text.removeprefix("\ufeff").replace("\r\n", "\n")
    for number, line in enumerate(plain.split("\n"), start=1):
        lines.append(line)
        try:
            said = tomllib.loads("\n".join(lines))
        except tomllib.TOMLDecodeError:
            continue
        if said:
            yield begun, "\n".join(lines)
        begun, lines = number + 1, []


def _walk(said: Any, names: Sequence[str]) -> Iterator[str]:
    """Follow names into a value as far as they lead."""
    for name in names:
        if not isinstance(said, dict) or name not in said:
            return
        yield name
        said = said[name]


def _common(path: Sequence[str], names: Sequence[str]) -> int:
    depth = 0
    while depth < min(len(path), len(names)) and path[depth] == names[depth]:
        depth += 1
    return depth
