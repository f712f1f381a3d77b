"""The API's document in the reader's language; English is what the code itself says."""

import tomllib
from collections.abc import Mapping
from copy import deepcopy
from functools import cache
from importlib.resources import files
from typing import Any

from care.console.access import HEADER


@cache
def words_for(language: str) -> Mapping[str, Any]:
    """What a language calls ``operations``, ``answers``, ``schemas`` and ``fields``, if it does."""
    path = files("care.console").joinpath("words", f"manual.{language}.toml")
    return tomllib.loads(path.read_text("utf-8")) if path.is_file() else {}


def translated(document: dict[str, Any], language: str) -> dict[str, Any]:
    """A copy that describes its operations, answers, schemas and their fields in a language.

    Names stay as they are, and so does what the language has no words for.
    """
    said, words = deepcopy(document), words_for(language)
    if not words:
        return said
    said["info"]["description"] = words["about"].format(header=HEADER)
    for methods in said["paths"].values():
        for operation in methods.values():
            name = operation["operationId"]
            if summary := words["operations"].get(name):
                operation |= {"summary": summary, "description": summary}
            for one in operation.get("parameters", ()):
                _describe(one, name, one["name"], words["fields"])
            for answer in operation["responses"].values():
                english = answer["description"]
                answer["description"] = words["answers"].get(english, english)
    for name, schema in said["components"]["schemas"].items():
        if description := words["schemas"].get(name):
            schema["description"] = description
        for field, one in schema.get("properties", {}).items():
            _describe(one, name, field, words["fields"])
    return said


def _describe(one: dict[str, Any], owner: str, name: str, fields: Mapping[str, str]) -> None:
    if found := fields.get(f"{owner}.{name}") or fields.get(name):
        one["description"] = found
