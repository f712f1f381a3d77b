"""What words mean that the code does not explain itself: ``meanings.toml``."""

import tomllib
from functools import cache

from writing.table import DOCS, UnableToWriteTable


@cache
def meanings() -> dict[str, dict[str, str]]:
    """The words of ``meanings.toml``: table → key → meaning."""
    found: dict[str, dict[str, str]] = tomllib.loads((DOCS / "meanings.toml").read_text("utf-8"))
    return found


def meaning(table: str, key: str) -> str:
    """What a key means, in words.

    Raises:
        UnableToWriteTable: nobody has written it down yet.
    """
    try:
        return meanings()[table][key]
    except KeyError:
        raise UnableToWriteTable(
            f"{table}.{key} has no meaning yet; describe its field, or where there is none write a "
            f'line into docs/meanings.toml under ["{table}"]'
        ) from None
