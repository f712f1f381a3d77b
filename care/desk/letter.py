"""Letters opened for a reviewer: who they are to, and what works for who has it, hidden."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from markupsafe import escape
from sqlalchemy import Connection

from care.domain.mask import IDEOGRAPH
from care.letters import unsubscribe_tokens
from care.runtime import Runtime
from care.storage import codes, letters
from care.storage.database import reading

HIDDEN = "•••"
_DOT, _PLAIN_DOT = "•", "*"
_SIGNATURE = r"\.[\w-]+"
"""What follows the payload of a token, whichever key it was signed with."""
_CODE_LIKE = re.compile(r"[!-~]+")
_ENDING = ".,;:!?)\"'"
"""What may stand behind a code in a sentence."""


@dataclass(frozen=True, slots=True)
class OpenLetter:
    """One message as it was written.

    ``content``: its fields; unless ``revealed``, names are hidden in them, and the voucher code and
    the token of the link to unsubscribe are dots.
    """

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
    found = {}
    with reading(runtime.engine) as connection:
        for row in letters.read_letters(connection, message_ids):
            content = orjson.loads(
                runtime.vault.open(row["data_key"], row["body"], bound_to=row["message_id"])
            )
            shown = row["customer_ref"] in revealed
            if not shown:
                secrets = secrets_in(runtime, row, _codes_in(connection, row, content))
                content = hide(content, names_in(row), secrets)
            found[row["message_id"]] = OpenLetter(
                row["message_id"], row["customer_ref"], row["channel"], shown, content
            )
    return found


def names_in(row: Mapping[str, Any]) -> list[str]:
    """What of an identity would tell who it is, the longest first."""
    told = ("name", "family_name", "given_name", "spouse_name", "email", "phone")
    names = {str(row[one]) for one in told if row[one]}
    return sorted(names | {str(escape(name)) for name in names}, key=len, reverse=True)


def secrets_in(runtime: Runtime, row: Mapping[str, Any], known: Collection[str]) -> list[str]:
    """Patterns of what works for whoever has it: voucher codes, and links to unsubscribe."""
    tokens = unsubscribe_tokens(runtime.settings.batch_key)
    payload = str(tokens.dumps([row["customer_ref"], row["channel"]])).rpartition(".")[0]
    plain = sorted({form for code in known for form in (code, str(escape(code)))}, key=len)
    return [re.escape(payload) + _SIGNATURE, *map(re.escape, reversed(plain))]


def _codes_in(
    connection: Connection, row: Mapping[str, Any], content: Mapping[str, Any]
) -> set[str]:
    """The codes that a message tells: its touch's, or one that went back to its pool since."""
    if row["code"] is not None:
        return {row["code"]}
    said = _CODE_LIKE.findall(str(content.get("text") or content.get("body") or ""))
    words = {one for word in said for one in (word, word.rstrip(_ENDING))}
    return codes.known_among(connection, words)


def hide(
    content: Mapping[str, Any], names: Sequence[str], secrets: Sequence[str] = ()
) -> dict[str, Any]:
    """The same content without names: whole words, or anywhere in a script without spaces.

    ``secrets``: patterns of what is replaced by dots, as many as it has letters.
    """
    whole = "|".join(map(_found_whole, names))
    exact = "|".join(secrets)

    def hidden(field: str, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: hidden(field, one) for name, one in value.items()}
        if not isinstance(value, str):
            return value
        # A short message keeps its length and alphabet, so that its parts are those it will have.
        dot = _PLAIN_DOT if field == "body" else _DOT
        if exact:
            value = re.sub(exact, lambda found: dot * len(found.group()), value)
        if whole:
            name = _as_long if field == "body" else HIDDEN
            value = re.sub(whole, name, value)
        return value

    return {field: hidden(field, value) for field, value in content.items()}


def _as_long(name: re.Match[str]) -> str:
    return _PLAIN_DOT * len(name.group())


def _found_whole(name: str) -> str:
    text = re.escape(name)
    return text if IDEOGRAPH.search(name) else rf"(?<!\w){text}(?!\w)"


def hide_for(
    runtime: Runtime, message_ids: Sequence[str]
) -> Callable[[str, Mapping[str, Any]], dict[str, Any]]:
    """How to hide in what these messages would say what ``open_letters`` hides.

    It takes a message id and its content.
    """
    with reading(runtime.engine) as connection:
        rows = {row["message_id"]: row for row in letters.read_letters(connection, message_ids)}

    def hidden(message_id: str, content: Mapping[str, Any]) -> dict[str, Any]:
        row = rows[message_id]
        known = [row["code"]] if row["code"] is not None else []  # what waits has its code yet
        return hide(content, names_in(row), secrets_in(runtime, row, known))

    return hidden
