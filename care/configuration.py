"""A TOML file of the merchant's, checked against its model; errors name file, line and remedy."""

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

M = TypeVar("M", bound=BaseModel)


class UnableToReadConfiguration(Exception):
    """A configuration file is missing, is not TOML, or says something that cannot be."""


def read_toml(path: Path, model: type[M]) -> M:
    """Read ``path`` as ``model``; every problem is named at once, each with its line."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UnableToReadConfiguration(f"{path}: {error.strerror}. Check the path.") from None
    except UnicodeDecodeError:
        raise UnableToReadConfiguration(f"{path}: not UTF-8. Save it as UTF-8.") from None
    try:
        return model.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise UnableToReadConfiguration(f"{path}: not TOML: {error}") from None
    except ValidationError as error:
        problems = [_describe(path, text, problem) for problem in error.errors()]
        raise UnableToReadConfiguration("\n".join(problems)) from None


def _describe(path: Path, text: str, problem: ErrorDetails) -> str:
    place, message = ".".join(map(str, problem["loc"])), _in_words(problem)
    if not place and ": " in message:  # a check across keys names its own place first
        place, message = message.split(": ", 1)
    return f"{path}:{line_of(text, place.split('.'))}: {place or 'file'}: {message}"


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
    """The line (from 1) on which a key, or else the nearest table that holds it, is written."""
    best, best_depth, table = 1, 0, list[str]()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*\[\[?\s*([^\]]+?)\s*\]\]?", line):
            table = _split(header[1])
            here = table
        elif assignment := re.match(r"""\s*((?:"[^"]*"|'[^']*'|[\w.-])+)\s*=""", line):
            here = table + _split(assignment[1])
        else:
            continue
        depth = len(here)
        if depth > best_depth and here == list(names[:depth]):
            best, best_depth = number, depth
    return best


def _split(dotted: str) -> list[str]:
    return [part.strip("\"' ") for part in re.findall(r"""\"[^\"]*\"|'[^']*'|[^.]+""", dotted)]
