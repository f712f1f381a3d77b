"""A CSV file, told into rows: sound ones written out plainly, torn ones noted with their number."""

import csv
import re
from array import array
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TextIO, get_args

from care.intake.encoding import LONGEST_LINE, NO_TEXT, detect_encoding, lines_of
from care.intake.source import Delimiter, Encoding

UNDECODABLE, UNCLOSED = 0, -1  # beside the numbers of cells that a torn row has

_TRIAL = 50  # rows that are looked at to find the delimiter
_IS_DATA = re.compile(r"@|^[+-]?[0-9][0-9.,:/ -]*$")
_PACKED = (b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0")  # zip, as of .xlsx; and .xls
_CR = "\udffe"  # in place of one inside a line, which the csv module would end it at


class UnableToReadCsv(Exception):
    """The file as a whole cannot be told into rows; ``key`` of ``shop.toml`` is where to look."""

    def __init__(self, key: str, problem: str) -> None:
        super().__init__(problem)
        self.key = key


@dataclass(slots=True)
class Torn:
    """Rows that could not be told into cells: their numbers from 1, and what was found instead.

    ``found``: how many cells, ``UNDECODABLE`` or ``UNCLOSED``.
    """

    rows: "array[int]" = field(default_factory=lambda: array("q"))
    found: "array[int]" = field(default_factory=lambda: array("q"))

    def note(self, row: int, found: int) -> None:
        """Note one row."""
        self.rows.append(row)
        self.found.append(found)


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a CSV file is written, and its header; a column without a name is ``""``."""

    encoding: Encoding
    delimiter: Delimiter
    header: tuple[str, ...]


def detect_dialect(
    path: Path, encoding: Encoding | None = None, delimiter: Delimiter | None = None
) -> Dialect:
    """Find out what is not said of a file, and read its header.

    The delimiter is the one that cuts the first rows into as many cells as the header.

    Raises:
        UnableToReadCsv: no text, another encoding, no header, or two columns of one name.
    """
    with path.open("rb") as file:
        if file.read(4).startswith(_PACKED):
            raise UnableToReadCsv(
                "path",
                f"{path.name} is a spreadsheet or a zip file, not CSV. Save it as CSV (UTF-8) and "
                "deliver that.",
            )
    encoding = encoding or detect_encoding(path)
    if encoding is None:
        raise UnableToReadCsv(
            "encoding", f"{path.name} is neither UTF-8 nor GB18030. Save it as UTF-8."
        )
    with path.open("rb") as file:
        first = list(islice((line for line in lines_of(file, encoding) if line.strip()), _TRIAL))
    if not first:
        raise UnableToReadCsv(
            "path", f"{path.name} is empty. Deliver it with a header, even where there are no rows."
        )
    if NO_TEXT in first[0]:
        raise UnableToReadCsv(
            "encoding",
            f"the header of {path.name} is not {encoding}. Correct the encoding, or save the file "
            "as UTF-8.",
        )
    if "\r" in first[0].removesuffix("\r"):
        raise UnableToReadCsv(
            "path", f"the lines of {path.name} end with CR alone. Save it with LF or CR LF."
        )
    known: tuple[Delimiter, ...] = get_args(Delimiter) if delimiter is None else (delimiter,)
    chosen = max(known, key=lambda one: _fit(first, one))
    header = _header(path, iter(first), chosen)
    names = [name.casefold() for name in header if name]
    if again := [name for name in header if names.count(name.casefold()) > 1]:
        raise UnableToReadCsv(
            "path", f"the header of {path.name} has {again[0]!r} twice. Rename one of the columns."
        )
    return Dialect(encoding, chosen, header)


def is_data(header: Iterable[str]) -> bool:
    """Tell whether a header holds an address, a number or a date, and so is somebody's data."""
    return any(_IS_DATA.search(name) for name in header)


def transcribe(path: Path, dialect: Dialect, into: Path) -> Torn:
    r"""Write sound rows to ``into`` as UTF-8 without a header, each behind its number.

    Rows are numbered from 1 below the header; an empty line has a number and is no row. A cell may
    hold line breaks if it is in quotes. Where a quote is not closed such that the row comes out
    with the header's number of cells, only the line it stands in is torn, not the rows behind it.
    """
    torn = Torn()
    with path.open("rb") as file, into.open("w", encoding="utf-8", newline="") as out:
        lines = lines_of(file, dialect.encoding)
        _header(path, lines, dialect.delimiter)
        _Transcript(dialect, out, torn).write(lines)
    return torn


def _fit(lines: list[str], delimiter: Delimiter) -> tuple[float, int]:
    """How well a delimiter fits: the share of rows as wide as the header, and its width."""
    try:
        rows = list(csv.reader(lines, delimiter=delimiter))
    except csv.Error:
        return 0.0, 0
    width = len(rows[0])
    alike = sum(len(row) == width for row in rows) / len(rows)
    return (alike, width) if width > 1 else (0.0, 1)


def _header(path: Path, lines: Iterator[str], delimiter: Delimiter) -> tuple[str, ...]:
    """Read on to the first line that is not empty, and tell its cells."""
    line = next(line for line in lines if line.strip())
    try:
        return tuple(name.strip() for name in next(csv.reader((line,), delimiter=delimiter)))
    except csv.Error:
        raise UnableToReadCsv(
            "path", f"the first line of {path.name} is no header. Put the columns' names there."
        ) from None


class _Transcript:
    """One pass through the lines of a file, from below its header."""

    def __init__(self, dialect: Dialect, out: TextIO, torn: Torn) -> None:
        self.delimiter, self.width = dialect.delimiter, len(dialect.header)
        self.out, self.torn = out, torn
        self.quoted = csv.writer(
            out, delimiter=dialect.delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL
        )
        mark = re.escape(dialect.delimiter)
        text = r'"(?:[^"]++|"")*+'  # of a cell in quotes, but for the last one
        self.is_open = re.compile(rf'(?:(?:{text}"|[^"{mark}][^{mark}]*+|){mark})*+{text}')

    def write(self, lines: Iterator[str]) -> None:
        delimiter, width, seam = self.delimiter, self.width, f'"{self.delimiter}"'
        ahead: deque[str] = deque()  # lines that were looked at for the end of a cell
        number = 0
        while (raw := ahead.popleft() if ahead else next(lines, None)) is not None:
            number += 1
            line = raw.removesuffix("\r")
            if '"' not in line and "\r" not in line:
                cells = line.count(delimiter) + 1
                if cells == width and line and NO_TEXT not in line:
                    self.out.write(f"{number}{delimiter}{line}\n")
                elif line.strip():
                    self.torn.note(number, UNDECODABLE if NO_TEXT in line else cells)
            elif (  # plain at sight: every cell in quotes, and no quote inside any
                line.count('"') == 2 * width
                and line.count(seam) == width - 1
                and line[0] == line[-1] == '"'
                and NO_TEXT not in line
            ):
                self.out.write(f"{number}{delimiter}{line}\n")
            else:
                self._write_quoted(number, raw, lines, ahead)

    def _write_quoted(
        self, number: int, line: str, lines: Iterator[str], ahead: deque[str]
    ) -> None:
        """Tell a line with quotes into cells, with the lines below it that a cell reaches into."""
        cells = self._cells(line)
        if cells is None and self.is_open.fullmatch(line):
            cells = self._cells_below(line, lines, ahead)
        if NO_TEXT in line or (cells is not None and any(NO_TEXT in cell for cell in cells)):
            self.torn.note(number, UNDECODABLE)
        elif cells is None:
            self.torn.note(number, UNCLOSED)
        elif len(cells) != self.width:
            self.torn.note(number, len(cells))
        else:
            self.quoted.writerow((number, *cells))

    def _cells_below(self, line: str, lines: Iterator[str], ahead: deque[str]) -> list[str] | None:
        """Close the cell that a line leaves open with those below; where it fails, they stay."""
        taken = 0
        while len(line) <= LONGEST_LINE:
            if taken == len(ahead):
                if (below := next(lines, None)) is None:
                    return None
                ahead.append(below)
            line += "\n" + ahead[taken]
            taken += 1
            if '"' not in ahead[taken - 1]:
                continue
            if (cells := self._cells(line)) is not None:
                if len(cells) != self.width:
                    return None
                for _ in range(taken):
                    ahead.popleft()
                return cells
            if not self.is_open.fullmatch(line):
                return None
        return None

    def _cells(self, record: str) -> list[str] | None:
        """Cells of a whole record; missing where a quote is not closed, or closed inside one."""
        plain = record.removesuffix("\r").replace("\r", _CR)
        try:
            cells = next(csv.reader((plain,), delimiter=self.delimiter, strict=True))
        except csv.Error:
            return None
        return [cell.replace(_CR, "\r") for cell in cells] if _CR in plain else cells
