"""The words a template may use: one letter as plain, cleaned values."""

from dataclasses import dataclass, fields
from datetime import date
from functools import lru_cache
from typing import Any, Never

from care.domain.channel import Channel
from care.domain.message import Advisor, GiftLine, Letter, ProductLine, Shop
from care.rendering.guard import UnableToSay, checked_url, clean, clean_or_none
from care.rendering.salutation import called, called_spouse

MAX_RECOMMENDATIONS = 6


@dataclass(frozen=True, slots=True)
class Window:
    """The days in which something is likely; `begun` when the letter is read inside it."""

    start: date
    end: date
    begun: bool


# What may be asked of the values that have parts; everything else a template may say is plain.
PARTS: dict[str, frozenset[str]] = {
    name: frozenset(field.name for field in fields(kind))
    for name, kind in {
        "shop": Shop,
        "advisor": Advisor,
        "gift": GiftLine,
        "product": ProductLine,
        "window": Window,
    }.items()
}
VOCABULARY = frozenset(PARTS) | {
    "locale",
    "tier",
    "tier_name",
    "name",
    "spouse",
    "arrives_on",
    "on_the_day",
    "years",
    "recommendations",
    "facts",
    "privileges",
    "subject",
    "unsubscribe_url",
    "preferences_url",
}


def words(letter: Letter) -> dict[str, Any]:
    """Say what the templates of a letter may use. Only e-mail has links; its subject comes later.

    Raises:
        UnableToSay: a value that no letter may carry.
    """
    if letter.years is not None and letter.years < 1:
        raise UnableToSay(f"years is {letter.years}; leave it out before the first full year")
    if len(letter.recommendations) > MAX_RECOMMENDATIONS:
        raise UnableToSay(f"more than {MAX_RECOMMENDATIONS} recommendations are a catalogue")
    said = {
        "locale": letter.locale,
        "tier": letter.tier,
        "tier_name": _phrase(letter.tier_name, 40),
        "name": called(letter.addressee, letter.locale),
        "spouse": called_spouse(letter.addressee),
        "shop": _shop(letter.shop),
        "arrives_on": letter.arrives_on,
        "on_the_day": letter.occasion_on == letter.arrives_on,
        "years": letter.years,
        "product": _product(letter.product) if letter.product else None,
        "window": _window(letter),
        "recommendations": tuple(map(_product, letter.recommendations)),
        "gift": _gift(letter.gift) if letter.gift else None,
        "facts": {
            name: _phrase(value, 120) if isinstance(value, str) else value
            for name, value in letter.facts.items()
        },
        "privileges": tuple(_phrase(line, 120) for line in letter.privileges),
        "advisor": _advisor(letter.advisor) if letter.advisor else None,
    }
    if letter.channel == Channel.EMAIL:
        if not letter.unsubscribe_url:
            raise UnableToSay("an e-mail needs an unsubscribe_url")
        said["unsubscribe_url"] = checked_url(letter.unsubscribe_url)
        preferences = letter.preferences_url
        said["preferences_url"] = checked_url(preferences) if preferences else None
    return said


def _window(letter: Letter) -> Window | None:
    start, end = letter.window_from, letter.window_to
    if start is None or end is None:
        return None
    if end < start:
        raise UnableToSay("the window ends before it starts")
    if end == start or end <= letter.arrives_on:
        return None
    return Window(start, end, begun=start <= letter.arrives_on)


@lru_cache(maxsize=1_024)
def _advisor(advisor: Advisor) -> Advisor | None:
    name = clean(advisor.name, limit=60)
    if not name:
        return None
    return Advisor(
        name=name,
        phone=clean_or_none(advisor.phone, limit=40),
        email=clean_or_none(advisor.email, limit=100),
    )


def _gift(gift: GiftLine) -> GiftLine:
    return GiftLine(
        name=_phrase(gift.name, 80) or _nameless("gift"),
        description=_phrase(gift.description or "", 200) or None,
        code=_exact(gift.code) if gift.code else None,
        valid_until=gift.valid_until,
    )


# Shops, products and phrases come back all night, so they are cleaned once.
@lru_cache(maxsize=16_384)
def _product(line: ProductLine) -> ProductLine:
    return ProductLine(
        name=_named(line.name, what="product"), reason=clean_or_none(line.reason, limit=160)
    )


@lru_cache(maxsize=64)
def _shop(shop: Shop) -> Shop:
    return Shop(
        name=_named(shop.name, what="shop"),
        postal_address=_named(shop.postal_address, what="shop's postal address", limit=200),
        sms_signature=_named(shop.sms_signature, what="SMS signature", limit=20),
        currency=shop.currency,
        signed_by=clean_or_none(shop.signed_by, limit=60),
        phone=clean_or_none(shop.phone, limit=40),
        website=checked_url(shop.website) if shop.website else None,
        sms_signature_in_body=shop.sms_signature_in_body,
        sms_opt_out=clean_or_none(shop.sms_opt_out, limit=60),
    )


def _named(name: str, *, what: str, limit: int = 80) -> str:
    return clean(name, limit=limit) or _nameless(what)


def _exact(code: str) -> str:
    # Part of a code, or a code with something left out, is a wrong code.
    if clean(code, limit=40) != code:
        raise UnableToSay("the voucher code is too long or holds what cannot be seen")
    return code


def _nameless(what: str) -> Never:
    raise UnableToSay(f"the {what} has no visible name")


@lru_cache(maxsize=16_384)
def _phrase(text: str, limit: int) -> str:
    return clean(text, limit=limit)
