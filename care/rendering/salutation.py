"""What to call a customer: never a guess, and nothing rather than something odd."""

import re
import unicodedata

from care.domain.message import Addressee
from care.rendering.guard import clean

_LONGEST_NAME = 40
# Nicknames and test data (`user_38472`, `138****5678`, `{{7*7}}`) are not what one calls a person.
_NOT_A_NAME = re.compile(r"[\d@#$%^&*+=_/\\|~<>{}\[\]()（）:;!?\"…]")
_RIGHT_TO_LEFT = frozenset({"R", "AL"})
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f]")
_HANZI = re.compile(r"[\u4e00-\u9fff]{1,4}")

_CHINESE = {
    "ms": "女士", "mrs": "女士", "miss": "女士", "mr": "先生", "dr": "博士", "prof": "教授",
    "professor": "教授", "female": "女士", "male": "先生",
}  # fmt: skip
_CHINESE_TITLES = ("女士", "小姐", "太太", "先生", "博士", "医生", "教授", "老师")
_ENGLISH = {
    "ms": "Ms", "mrs": "Mrs", "miss": "Miss", "mr": "Mr", "dr": "Dr", "prof": "Professor",
    "professor": "Professor", "female": "Ms", "male": "Mr", "女士": "Ms", "小姐": "Ms",
    "太太": "Mrs", "先生": "Mr", "博士": "Dr", "医生": "Dr", "教授": "Professor",
}  # fmt: skip


def called(addressee: Addressee, locale: str) -> str | None:
    """Say what the letter calls her: 王女士, Ms Carter, Emma, or None for a neutral opening."""
    speak = _called_in_chinese if locale.startswith("zh") else _called_in_english
    name = speak(addressee)
    return _isolated(name) if name else None


def called_spouse(addressee: Addressee) -> str | None:
    """Say what the letter calls the person she is married to: by name, or not at all."""
    name = _sayable(addressee.spouse_name)
    # Some shops write the customer's own name there.
    if not name or name in (_sayable(addressee.name), _sayable(addressee.given_name)):
        return None
    return _isolated(name)


def _called_in_chinese(addressee: Addressee) -> str | None:
    whole = _sayable(addressee.name)
    if whole and whole.endswith(_CHINESE_TITLES):
        return whole
    title = _titled(addressee.honorific, _CHINESE) or _titled(addressee.gender, _CHINESE)
    family = _sayable(addressee.family_name) or whole
    if title and family:
        return family + title
    return whole or _sayable(addressee.given_name)


def _called_in_english(addressee: Addressee) -> str | None:
    title = _titled(addressee.honorific, _ENGLISH)
    family = _latin(addressee.family_name)
    if title and family:
        return f"{title} {family}"
    given = _latin(addressee.given_name)
    if given:
        return given
    title = _titled(addressee.gender, _ENGLISH)
    if title and family:
        return f"{title} {family}"
    return _sayable(addressee.name) or _sayable(addressee.given_name)


def _titled(word: str | None, titles: dict[str, str]) -> str | None:
    """Find the title for an honorific or a gender; 老师, 师傅 and the like stay as they are."""
    if not word:
        return None
    title = titles.get(word.strip().lower().rstrip("."))
    return title or (word if titles is _CHINESE and _HANZI.fullmatch(word) else None)


def _latin(name: str | None) -> str | None:
    shown = _sayable(name)
    return shown if shown and _LATIN.match(shown) else None


def _sayable(name: str | None) -> str | None:
    if not name:
        return None
    # The usual name is letters alone, which need no cleaning.
    shown = name if name.isalpha() and len(name) <= _LONGEST_NAME else _cleaned(name)
    if shown and shown.isupper() and shown.isascii() and len(shown) > 2:
        # Old forms shout; a name in mixed case is left as she wrote it.
        return shown.title()
    return shown


def _cleaned(name: str) -> str | None:
    shown = clean(name, limit=_LONGEST_NAME)
    return None if _NOT_A_NAME.search(shown) or not any(map(str.isalpha, shown)) else shown


def _isolated(name: str) -> str:
    # Without an isolate the digits or punctuation after a right-to-left name change sides.
    if name.isascii() or not any(unicodedata.bidirectional(c) in _RIGHT_TO_LEFT for c in name):
        return name
    return f"\u2068{name}\u2069"
