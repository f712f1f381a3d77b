"""Phone numbers in E.164, of phones that can receive an SMS as far as the numbering plan tells.

A number need only be *possible* in its country, not assigned: the ranges reserved for fiction
(+1 … 555-01xx) and ranges not yet handed out are possible and not "valid" to the library, and a
shop's test data live there.
"""

import re
from dataclasses import dataclass
from functools import cache

import pandas as pd
import phonenumbers
from phonenumbers import PhoneMetadata, PhoneNumberType, ValidationResult

from care.domain.setaside import Flaw

_NEVER_MOBILE = {
    PhoneNumberType.FIXED_LINE: "fixed_line",
    PhoneNumberType.PREMIUM_RATE: "premium_rate",
    PhoneNumberType.TOLL_FREE: "toll_free",
    PhoneNumberType.SHARED_COST: "shared_cost",
    PhoneNumberType.VOIP: "voip",
    PhoneNumberType.PERSONAL_NUMBER: "personal_number",
    PhoneNumberType.PAGER: "pager",
    PhoneNumberType.UAN: "uan",
    PhoneNumberType.VOICEMAIL: "voicemail",
}
_DIALLED = r"[+(]?[0-9][0-9 ()./-]{4,24}( ?(ext\.?|x|转) ?[0-9]{1,6})?"
_PUNCTUATION = r"[ ().\-\x{a0}\x{2010}-\x{2013}]"


def check_phones(texts: pd.Series, region: str | None) -> tuple[pd.Series, dict[Flaw, pd.Series]]:
    """Numbers in E.164, and per flaw where a text is no such number (missing in the first).

    ``region``: the country of numbers written without one, such as CN.
    """
    candidates = _candidates(texts, region)
    plain = _plain(candidates)
    others = texts[~plain & texts.notna()]
    judged = {text: _judge(text, region) for text in others.unique()}
    checked = candidates.where(plain)
    checked[others.index] = others.map(
        {text: number for text, number in judged.items() if not isinstance(number, Flaw)}
    ).astype("str")
    flaws = {
        flaw: texts.isin([text for text, number in judged.items() if number is flaw])
        for flaw in (Flaw.BAD_PHONE, Flaw.NOT_MOBILE)
    }
    return checked, flaws


def check_desk_phones(texts: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Numbers that people dial, as they are written, and where a text is none (missing before).

    A landline or an extension will do, as nothing is ever sent there.
    """
    sound = texts.str.fullmatch(_DIALLED).fillna(False).astype(bool)
    return texts.where(sound), texts.notna() & ~sound


def _judge(text: str, region: str | None) -> str | Flaw:
    """One number after another through the library, for those that are not plain."""
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return Flaw.BAD_PHONE
    possible = phonenumbers.is_possible_number_with_reason(number) == ValidationResult.IS_POSSIBLE
    if number.extension or not possible:
        return Flaw.BAD_PHONE
    if phonenumbers.number_type(number) in _NEVER_MOBILE:
        return Flaw.NOT_MOBILE
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _candidates(texts: pd.Series, region: str | None) -> pd.Series:
    """Write each text as the E.164 number that it is if it is a plain one."""
    compact = texts.str.replace(_PUNCTUATION, "", regex=True)
    if region is None:
        return compact
    code = str(phonenumbers.country_code_for_region(region))
    national = compact.str.fullmatch("[1-9][0-9]*") & ~compact.str.startswith(code)
    return compact.where(~national, f"+{code}" + compact)


def _plain(numbers: pd.Series) -> pd.Series:
    """Where the library would certainly take an E.164 number, and as it is.

    The library needs 20 µs and more for a number; here its patterns are asked whole columns at a
    time, one calling code after another.
    """
    shaped = numbers.str.fullmatch(r"\+[1-9][0-9]{6,14}")
    plain = pd.Series(False, index=numbers.index)
    starts = numbers.str.slice(1, 4)
    code_of = {start: _calling_code(start) for start in starts[shaped].unique()}
    codes = starts.map(code_of)
    for code in sorted(set(code_of.values())):
        plan = _plan(code)
        if plan is not None:
            here = shaped & (codes == code)
            national = numbers[here].str.slice(1 + len(str(code)))
            plain[here] = (
                national.str.len().isin(plan.lengths)
                & ~national.str.match(plan.rewritten)
                & ~national.str.fullmatch(plan.never_mobile)
            )
    return plain


def _calling_code(start: str) -> int:
    codes = (int(start[:length]) for length in (1, 2, 3))
    return next((code for code in codes if code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE), 0)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What the library knows of a calling code, over all countries that share it."""

    lengths: tuple[int, ...]  # of the number behind the code
    rewritten: str  # how numbers begin that the library does not leave as they are
    never_mobile: str


@cache
def _plan(code: int) -> _Plan | None:
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(code, ())
    found = [PhoneMetadata.metadata_for_region(region, None) for region in regions]
    countries = [country for country in found if country is not None]
    if not countries:
        return None
    prefix = countries[0].national_prefix_for_parsing
    if prefix is not None and re.match(prefix, "") is not None:
        return None  # a prefix that may be empty rewrites any number
    never = [
        getattr(country, name)
        for country in countries
        for kind, name in _NEVER_MOBILE.items()
        if kind != PhoneNumberType.FIXED_LINE or not country.same_mobile_and_fixed_line_pattern
    ]
    patterns = {kind.national_number_pattern for kind in never if kind is not None}
    general = countries[0].general_desc
    return _Plan(
        lengths=() if general is None else tuple(general.possible_length),
        rewritten=f"0|{prefix}" if prefix else "0",
        never_mobile="|".join(sorted(pattern for pattern in patterns if pattern)),
    )
