"""A table of a page, in Markdown."""

from collections.abc import Iterable
from pathlib import Path

DOCS = Path(__file__).parents[1]


class UnableToWriteTable(Exception):
    """A page asks for a table that cannot be written; the message says what is lacking."""


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table; pipes inside a cell are escaped."""
    names = list(head)
    lines = [names, ["---"] * len(names), *rows]
    cells = [[cell.replace("|", "\\|").replace("\n", " ") for cell in line] for line in lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)
