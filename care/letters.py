"""From a planned touch to the letter it is rendered from: names, words and windows looked up."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
from itsdangerous import URLSafeSerializer

from care.domain import message
from care.domain.campaigns import CAMPAIGNS
from care.domain.channel import Channel
from care.domain.content import Content, EmailContent, SmsContent
from care.domain.message import (
    Addressee,
    Advisor,
    GiftLine,
    Letter,
    ProductLine,
    Rendered,
    RenderedEmail,
)
from care.domain.recommendation import RESTS_ON, Recommendation
from care.policy import Policy
from care.rendering.phrase import read_phrases, say


def shop_of(policy: Policy, locale: str) -> message.Shop:
    """The shop as its letters in a language name it."""
    shop = policy.shop
    return message.Shop(
        name=shop.name[locale],
        postal_address=shop.postal_address[locale],
        sms_signature=shop.sms_signature[locale],
        currency=shop.currency,
        phone=shop.phone,
        website=shop.website,
    )


class Words:
    """What letters of one night say beyond the touch itself, by locale."""

    def __init__(
        self, policy: Policy, catalogue: pd.DataFrame, templates: Path, *, token_key: bytes
    ) -> None:
        """``catalogue``: ``product_key, name, name_zh`` as the night's snapshot has them."""
        self._policy = policy
        self._names: dict[str, dict[int, str]] = {
            locale: dict(zip(catalogue["product_key"].tolist(), names.tolist(), strict=True))
            for locale, names in {
                "zh-CN": catalogue["name_zh"].fillna(catalogue["name"]),
                "en": catalogue["name"],
            }.items()
        }
        self._phrases = read_phrases(templates)
        self._tokens = unsubscribe_tokens(token_key)
        self._shops = {locale: shop_of(policy, locale) for locale in policy.shop.locales}

    def letter(self, touch: Mapping[str, Any], items: Sequence[Recommendation]) -> Letter:
        """The letter for one touch, with ``items`` recommended, best first."""
        locale = touch["locale"]
        tier = next(tier for tier in self._policy.tiers if tier.name == touch["tier"])
        return Letter(
            campaign=touch["campaign"],
            channel=Channel(touch["channel"]),
            locale=locale,
            tier=tier.name,
            tier_name=tier.label[locale],
            addressee=Addressee(
                name=touch["name"],
                family_name=touch["family_name"],
                given_name=touch["given_name"],
                honorific=touch["honorific"],
                gender=touch["gender"],
                spouse_name=touch["spouse_name"],
            ),
            shop=self._shops[locale],
            arrives_on=touch["send_on"],
            occasion_on=touch["occasion_on"],
            years=touch["years"],
            product=self._product(touch["product_key"], locale),
            window_from=touch["window_from"],
            window_to=touch["window_to"],
            recommendations=tuple(
                ProductLine(
                    self._names[locale][one.product_key],
                    self.reason(one, locale, touch["send_on"]),
                )
                for one in items
            ),
            gift=self._gift(touch["gift_id"], locale, touch["gift_code"]),
            unsubscribe_url=self.unsubscribe_url(touch["customer_ref"], touch["channel"]),
            facts=CAMPAIGNS[touch["campaign"]].read_facts(touch["facts"]),
            privileges=tier.privileges.get(locale, ()),
            advisor=_advisor(touch),
        )

    def unsubscribe_url(self, customer_ref: str, channel: str) -> str:
        """A link that names the customer's pseudonym and channel to nobody but us."""
        token = self._tokens.dumps([customer_ref, channel])
        return self._policy.shop.unsubscribe_url.replace("{token}", str(token))

    def reason(self, one: Recommendation, locale: str, arrives_on: date) -> str | None:
        """Why a product is named to her; nothing where nothing can be said truly."""
        if one.reason is None:
            return None
        phrase = self._phrases[one.reason][locale]
        if one.because is None or one.because_on is None:
            return None if RESTS_ON[one.reason] else phrase
        name = self._names[locale][one.because]
        return say(phrase, locale, name=name, on=one.because_on, arrives_on=arrives_on)

    def _product(self, product_key: int | None, locale: str) -> ProductLine | None:
        return None if product_key is None else ProductLine(self._names[locale][product_key])

    def _gift(self, gift_id: str | None, locale: str, code: str | None) -> GiftLine | None:
        if gift_id is None:
            return None
        gift = self._policy.gifts[gift_id]
        return GiftLine(
            name=gift.label[locale],
            description=gift.description[locale],
            code=code,
            valid_until=gift.valid_until,
        )

    def content(self, rendered: Rendered, letter: Letter) -> Content:
        """What goes out, but for the address, which is looked up as it leaves."""
        shop = self._policy.shop
        advisor = letter.advisor if CAMPAIGNS[letter.campaign].personal else None
        if isinstance(rendered, RenderedEmail):
            return EmailContent(
                sender=shop.sender,
                reply_to=(advisor and advisor.email) or shop.reply_to,
                subject=rendered.subject,
                text=rendered.text,
                html=rendered.html,
                headers={
                    "List-Unsubscribe": f"<{letter.unsubscribe_url}>",
                    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
                },
                unsubscribe_url=letter.unsubscribe_url,
            )
        return SmsContent(
            sender=shop.sms_sender,
            signature=rendered.signature,
            signature_in_body=rendered.signature_in_body,
            body=rendered.body,
            encoding=str(rendered.encoding),
            segments=rendered.segments,
        )


def unsubscribe_tokens(token_key: bytes) -> URLSafeSerializer:
    """What signs a pseudonym and a channel into the token of a link to unsubscribe."""
    return URLSafeSerializer(token_key.hex(), salt="unsubscribe")


def _advisor(touch: Mapping[str, Any]) -> Advisor | None:
    if touch["advisor"] is None:
        return None
    return Advisor(touch["advisor"], touch["advisor_phone"], touch["advisor_email"])
