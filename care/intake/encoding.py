"""How the bytes of a text file become characters, UTF-8 or GB18030, and where they do not."""

import codecs
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from care.intake.source import Encoding

NO_TEXT = "\udfff"
"""Stands where bytes are no text. Half a surrogate pair, it is in no text that can be decoded."""

LONGEST_LINE = 2**18
"""Characters after which a line is no row any more."""

_CHUNK = 2**18
_TRIAL = 20_000  # lines that are looked at where a file is not plainly UTF-8
# Chinese text is nearly all in the old heart of GB18030, two bytes with their high bit set. A
# Western accent read as GB18030 takes the letter behind it along instead.
_HEART = re.compile(rb"[\xa1-\xf7][\xa1-\xfe]")
_HIGH = re.compile(rb"[\x80-\xff]")


def _stand_in(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return NO_TEXT, error.end


codecs.register_error("care.no_text", _stand_in)


def lines_of(file: BinaryIO, encoding: Encoding) -> Iterator[str]:
    r"""Lines without their ``\n``, as they come, in bounded memory; a mark at the start is dropped.

    Bytes that are no text are ``NO_TEXT``, and so is a line that goes on and on.
    """
    decoder = codecs.getincrementaldecoder(encoding)("care.no_text")
    rest, begun = "", False
    while True:
        read = file.read(_CHUNK)
        text = decoder.decode(read, final=not read)
        if not begun and text:
            text, begun = text.removeprefix("\ufeff"), True
        lines = (rest + text).split("\n")
        rest = lines.pop()
        if len(rest) > LONGEST_LINE:
            rest = NO_TEXT
        yield from lines
        if not read:
            if rest:
                yield rest
            return


def detect_encoding(path: Path) -> Encoding | None:
    """Tell UTF-8 from GB18030 by all of a file; missing where it is neither, such as Latin-1.

    A few lines that are no UTF-8 do not make a file another encoding.
    """
    if _decodes(path):
        return "utf-8"
    with path.open("rb") as file:
        if file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            return None
        file.seek(0)
        high = (line for line in iter(lambda: file.readline(_CHUNK), b"") if not line.isascii())
        lines = list(islice(high, _TRIAL))
    broken = [line for line in lines if not _is(line, "utf-8")]
    chinese = sum(_is(line, "gb18030") and _in_heart(line) for line in broken)
    if chinese > len(broken) / 2 and chinese > len(lines) - len(broken):
        return "gb18030"
    few = max(1, len(lines) - len(broken), _lines(path) / 50)
    return "utf-8" if len(broken) <= few else None


def _decodes(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        try:
            while read := file.read(_CHUNK):
                decoder.decode(read)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _is(line: bytes, encoding: Encoding) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _in_heart(line: bytes) -> bool:
    return 4 * len(_HEART.findall(line)) > len(_HIGH.findall(line))


def _lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(read.count(b"\n") for read in iter(lambda: file.read(_CHUNK), b""))
