"""The pages as a reader meets them: headings, links, fenced blocks and what stands before these."""

import importlib
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")],
    key=lambda path: path.relative_to(ROOT).as_posix(),
)
NAMES = [path.relative_to(ROOT).as_posix() for path in PAGES]

_BLOCK = re.compile(
    r"(?:^<!-- (?P<mark>[^\n]*) -->\n)?^```(?P<kind>\w*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block. ``mark`` is the comment on the line before it, if there is one."""

    page: str
    line: int
    kind: str
    mark: str
    text: str

    @property
    def is_command(self) -> bool:
        """Whether a reader is meant to type it."""
        return self.kind in ("bash", "console")

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


@cache
def read(page: str) -> str:
    """The page's text."""
    return (ROOT / page).read_text("utf-8")


@cache
def blocks_of(page: str) -> tuple[Block, ...]:
    """Every fenced block of a page, in order."""
    text = read(page)
    return tuple(
        Block(
            page,
            text.count("\n", 0, found.start()) + 1,
            found["kind"],
            found["mark"] or "",
            found["text"],
        )
        for found in _BLOCK.finditer(text)
    )


def all_blocks() -> Iterator[Block]:
    """Every fenced block of every page."""
    for page in NAMES:
        yield from blocks_of(page)


def prose(page: str) -> str:
    """The page without its fenced blocks."""
    return _BLOCK.sub("", read(page))


def anchors(page: str) -> set[str]:
    """What a link may name behind #, as GitHub makes it from headings."""
    found: set[str] = set()
    for heading in re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE):
        plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").lower()
        found.add(re.sub(r"[^\w\- ]", "", plain).replace(" ", "-"))
    return found


def rows(page: str, heading: str) -> list[list[str]]:
    """The cells of the first table below a heading, without its head."""
    below = read(page).split(f"\n{heading}\n", 1)[1]
    table = re.search(r"^\|.*?(?=^(?!\|))", below + "\n", re.MULTILINE | re.DOTALL)
    assert table is not None
    lines = table.group().splitlines()[2:]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def code(cell: str) -> list[str]:
    """The words in code font of a cell."""
    return re.findall(r"`([^`]+)`", cell)


@cache
def script(name: str) -> ModuleType:
    """A script of ``docs/``, or what it imports from there as ``writing.…``."""
    if (folder := str(ROOT / "docs")) not in sys.path:
        sys.path.append(folder)
    return importlib.import_module(name)
