"""Text of people's, made safe to print: no control or direction characters, not endless."""

import pandas as pd

LONGEST = 120

# Control characters; marks that reorder what follows them, isolate it or are invisible (soft
# hyphen, zero-width space, byte order mark). U+200C and U+200D stay: Persian and emoji need them.
_UNPRINTABLE = (
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f"
    "\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]"
)
_SPACES = "[\t-\r\x85 \u00a0\u2028\u2029\u3000]+"
_ODD = f"{_UNPRINTABLE}|[\t-\r\x85\u00a0\u2028\u2029\u3000]|  "


def tidy(texts: pd.Series) -> pd.Series:
    """Texts without unprintable characters, runs of space as one; missing where nothing is left."""
    odd = is_odd(texts)
    if not odd.any():
        return texts
    mended = texts[odd].str.replace(_UNPRINTABLE, "", regex=True)
    mended = mended.str.replace(_SPACES, " ", regex=True).str.strip()
    tidied = texts.copy()
    tidied[odd] = mended.mask(mended == "")
    return tidied


def is_odd(texts: pd.Series) -> pd.Series:
    """Where ``tidy`` has something to do."""
    return texts.str.contains(_ODD)


def is_unprintable(texts: pd.Series) -> pd.Series:
    """Where ``tidy`` drops characters that are more than space."""
    return texts.str.contains(_UNPRINTABLE)


def cut(texts: pd.Series) -> pd.Series:
    """Texts of at most ``LONGEST`` characters, without half a joined emoji at the end."""
    return texts.str.slice(0, LONGEST).str.rstrip("\u200c\u200d ")
