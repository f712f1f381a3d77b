"""A key that a person may set: its type, its default and what it means."""

import types
from collections.abc import Iterable
from datetime import date, time
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Le, MaxLen, MinLen
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from writing.meaning import meaning
from writing.table import table

PLAIN = {
    bool: "`true` or `false`",
    int: "whole number",
    float: "number",
    str: "text",
    time: "time of day",
    date: "day",
    Path: "path",
    SecretStr: "secret text",
}


def keys(name: str, model: type[BaseModel], without: Iterable[str] = ()) -> str:
    """Every key of a model with its type, default and meaning."""
    left_out = set(without)
    return table(
        ("Key", "Type", "Default", "Meaning"),
        (
            (f"`{key}`", kind_of(field), default_of(field), explanation(name, key, field))
            for key, field in model.model_fields.items()
            if key not in left_out
        ),
    )


def explanation(name: str, key: str, field: FieldInfo) -> str:
    """What a key means: as its field is described, else by the line under ``name``."""
    return field.description or meaning(name, key)


def kind_of(field: FieldInfo) -> str:
    """The type of a field and its bounds, as a person who edits a file would say it."""
    return _kind(field.annotation) + _bounds(field.metadata)


def _kind(annotation: Any) -> str:
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _kind(parts[0])
    if origin in (Union, types.UnionType):
        return " or ".join(_kind(part) for part in parts if part is not type(None))
    if origin is Literal:
        return " or ".join(f"`{part}`" for part in parts)
    if origin is tuple:
        return f"list of {_kind(parts[0])}"
    if origin is dict:
        kind = _kind(parts[1])
        return (
            f"{kind} for each {'locale' if 'text' in kind else 'name'}"
            if parts[0] is str
            else f"a {kind} for each `{parts[0].__name__.lower()}`"
        )
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return " or ".join(f"`{member}`" for member in annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "table"
    return PLAIN[annotation]


def _bounds(metadata: Iterable[Any]) -> str:
    low = high = None
    said = []
    for bound in metadata:
        match bound:
            case Ge():
                low = bound.ge
            case Le():
                high = bound.le
            case MinLen():
                said.append(f"at least {bound.min_length}")
            case MaxLen():
                said.append(f"at most {bound.max_length}")
            case _ if pattern := getattr(bound, "pattern", None):
                said.append(f"`{pattern}`")
            case _:
                pass
    if low is not None and high is not None:
        said.append(f"{low} to {high}")
    elif low is not None:
        said.append(f"{low} or more")
    return f", {', '.join(said)}" if said else ""


def default_of(field: FieldInfo) -> str:
    """What stands in where a file says nothing, or that the file must say something."""
    value = field.get_default(call_default_factory=True, validated_data={})
    if value is PydanticUndefined:
        return "**required**"
    if value is None or value in ((), {}):
        return "none"
    if isinstance(value, bool):
        return "`true`" if value else "`false`"
    if isinstance(value, BaseModel):
        return "none"
    return f"`{value}`"
