"""Letters opened for a reviewer, whoever they are to hidden unless she asked."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from markupsafe import escape

from care.runtime import Runtime
from care.storage import letters
from care.storage.database import reading

HIDDEN = "•••"
_IDEOGRAPH = re.compile(r"[\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class OpenLetter:
    """One message as it was written. ``content``: its fields, names hidden unless ``revealed``."""

    message_id: str
    customer_ref: str
    channel: str
    revealed: bool
    content: Mapping[str, Any]


def open_letters(
    runtime: Runtime, message_ids: Sequence[str], *, revealed: Collection[str] = ()
) -> dict[str, OpenLetter]:
    """Open messages by their ids; one that is not there, or whose key is gone, is left out.

    ``revealed``: pseudonyms of the customers whose names are shown; that somebody asked for them is
    written down by whoever gave her leave.
    """
    with reading(runtime.engine) as connection:
        rows = letters.read_letters(connection, message_ids)
    found = {}
    for row in rows:
        content = orjson.loads(
            runtime.vault.open(row["data_key"], row["body"], bound_to=row["message_id"])
        )
        shown = row["customer_ref"] in revealed
        found[row["message_id"]] = OpenLetter(
            row["message_id"],
            row["customer_ref"],
            row["channel"],
            shown,
            content if shown else hide(content, names_in(row)),
        )
    return found


def names_in(row: Mapping[str, Any]) -> list[str]:
    """What of an identity would tell who it is, the longest first."""
    told = ("name", "family_name", "given_name", "spouse_name", "email", "phone")
    names = {str(row[one]) for one in told if row[one]}
    return sorted(names | {str(escape(name)) for name in names}, key=len, reverse=True)


def hide(content: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """The same content without names: whole words, or anywhere in a script without spaces."""
    if not names:
        return dict(content)
    pattern = re.compile("|".join(map(_found_whole, names)))
    return {
        # A short message keeps its length and alphabet, so that its parts are those it will have.
        field: pattern.sub(_as_long if field == "body" else HIDDEN, value)
        if isinstance(value, str)
        else value
        for field, value in content.items()
    }


def _as_long(name: re.Match[str]) -> str:
    return "*" * len(name.group())


def _found_whole(name: str) -> str:
    text = re.escape(name)
    return text if _IDEOGRAPH.search(name) else rf"(?<!\w){text}(?!\w)"


def hide_for(
    runtime: Runtime, message_ids: Sequence[str]
) -> Callable[[str, Mapping[str, Any]], dict[str, Any]]:
    """How to hide names in what these messages would say: by message id and content."""
    with reading(runtime.engine) as connection:
        rows = letters.read_letters(connection, message_ids)
    names = {row["message_id"]: names_in(row) for row in rows}

    def hidden(message_id: str, content: Mapping[str, Any]) -> dict[str, Any]:
        return hide(content, names[message_id])

    return hidden
