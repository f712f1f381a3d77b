"""What one letter is written from, and the message it became."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from care.domain.channel import Channel
from care.domain.sms import Encoding


@dataclass(frozen=True, slots=True)
class Addressee:
    """Whom a letter speaks to. Anything may be unknown; nothing is guessed from a name."""

    name: str | None = None
    family_name: str | None = None
    given_name: str | None = None
    honorific: str | None = None
    gender: str | None = None
    spouse_name: str | None = None


@dataclass(frozen=True, slots=True)
class Advisor:
    """The person of the shop who looks after her, and where that person is reached."""

    name: str
    phone: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True)
class Shop:
    """Who writes, in words of the letter's locale, and in which money (ISO 4217).

    `signed_by` is the person who signs (None: the shop alone), `sms_signature` opens a short
    message, `sms_signature_in_body` is False where the gateway adds it itself, and `sms_opt_out`
    replaces the locale's usual wording where a gateway listens to another one.
    """

    name: str
    postal_address: str
    sms_signature: str
    currency: str
    signed_by: str | None = None
    phone: str | None = None
    website: str | None = None
    sms_signature_in_body: bool = True
    sms_opt_out: str | None = None


@dataclass(frozen=True, slots=True)
class GiftLine:
    """The gift as the customer reads it; `valid_until` is the last day it can be used."""

    name: str
    description: str | None = None
    code: str | None = None
    valid_until: date | None = None


@dataclass(frozen=True, slots=True)
class ProductLine:
    """A product as the customer reads it, with the reason it is named to her, if there is one."""

    name: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Letter:
    """Everything one message is rendered from, as plain values.

    `arrives_on` is the local day the customer should read it, `occasion_on` the day it is about.
    `years` counts membership and is never an age. `facts` are what the campaign declares,
    `privileges` what her tier gives, a line each. Of a window nothing is said unless both ends are
    known, differ, and it is not over: a single day would be a promise.
    """

    campaign: str
    channel: Channel
    locale: str
    tier: str
    tier_name: str
    addressee: Addressee
    shop: Shop
    arrives_on: date
    occasion_on: date | None = None
    years: int | None = None
    product: ProductLine | None = None
    window_from: date | None = None
    window_to: date | None = None
    recommendations: tuple[ProductLine, ...] = ()
    gift: GiftLine | None = None
    unsubscribe_url: str | None = None
    preferences_url: str | None = None
    facts: Mapping[str, str | int | date] = field(default_factory=dict)
    privileges: tuple[str, ...] = ()
    advisor: Advisor | None = None


@dataclass(frozen=True, slots=True)
class RenderedEmail:
    """An e-mail as the customer will see it; `template_version` hashes every file it came from."""

    template: str
    template_version: str
    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class RenderedSms:
    """A short message; `segments` counts what reaches the phone, signature included."""

    template: str
    template_version: str
    body: str
    signature: str
    signature_in_body: bool
    encoding: Encoding
    segments: int


Rendered = RenderedEmail | RenderedSms
