"""What the merchant decided: ``policy.toml``, validated before a night begins."""

import hashlib
from collections.abc import Collection, Mapping
from email.utils import parseaddr
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, Field, create_model, model_validator

from care.configuration import read_toml
from care.domain.arbitration import ChosenBy
from care.domain.assortment import RecommendationRules
from care.domain.campaign import CampaignSettings
from care.domain.campaigns import CAMPAIGNS
from care.domain.channel import Channel
from care.domain.consent import ConsentRules
from care.domain.contact_policy import ContactPolicy
from care.domain.customer import LOCALES
from care.domain.feed import FeedLimits
from care.domain.festival import FESTIVALS
from care.domain.gift import Gift, PlainStyle
from care.domain.holdout import Holdout
from care.domain.model import Decided
from care.domain.points import PointsRules
from care.domain.rise import RiseRules
from care.domain.segment import SegmentRules
from care.domain.tier import Tier
from care.domain.touch import Decisions


def _timezone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("no such time zone; use an IANA name such as Asia/Shanghai")
    return name


def _currency(code: str) -> str:
    from babel.numbers import list_currencies

    if code not in list_currencies():
        raise ValueError("no such currency; use an ISO 4217 code such as CNY")
    return code


def _locale(name: str) -> str:
    if name not in LOCALES:
        raise ValueError(f"the house does not speak it; use {' or '.join(LOCALES)}")
    return name


def _line(text: str) -> str:
    """Texts that stand in headers and messages: never empty, never more than a line."""
    if not text.strip() or not text.isprintable():
        raise ValueError("write one line of text")
    return text


def _mailbox(text: str) -> str:
    user, _, host = parseaddr(_line(text))[1].partition("@")
    if not user or not host or " " in host:
        raise ValueError(
            "write Name <care@shop.example>, or the bare address; a name that holds a comma needs "
            "quotes of its own: '\"Maple, Inc\" <care@shop.example>'"
        )
    return text


def _unsubscribe_url(text: str) -> str:
    if not text.startswith("https://") or "{token}" not in text or " " in text:
        raise ValueError("write https://… with {token} in it, or nobody can be told from another")
    return text


Line = Annotated[str, AfterValidator(_line)]
Mailbox = Annotated[str, AfterValidator(_mailbox)]


class _CampaignTable(Decided):
    """One optional table per campaign the house knows, each with settings of its own."""

    def chosen(self) -> dict[str, CampaignSettings]:
        return {name: getattr(self, name) for name in sorted(self.model_fields_set)}


if TYPE_CHECKING:
    _Campaigns = _CampaignTable
else:
    _Campaigns = create_model(
        "_Campaigns",
        __base__=_CampaignTable,
        **{name: (campaign.settings, None) for name, campaign in CAMPAIGNS.items()},
    )


class Shop(Decided):
    """Who writes to the customer, and where and in which money the shop lives."""

    tenant: str = Field(
        pattern=r"^[a-z0-9][a-z0-9-]*$",
        description=(
            "names the shop inside every message's key. Never change it: all keys would be "
            "new, and every occasion could be sent again"
        ),
    )
    name: dict[str, Line] = Field(description="as letters call the shop")
    sender: Mailbox = Field(description="`From:` of the e-mails, as `Name <care@shop.example>`")
    reply_to: Mailbox = Field(description="where answers go")
    sms_sender: Line = Field(description="sender id or number of the short messages")
    sms_signature: dict[str, Line] = Field(
        description="opens a short message: `【…】` in Chinese, `…:` in English"
    )
    website: Line = Field(description="link in the footer")
    phone: Line = Field(description="shown to customers who would rather call")
    postal_address: dict[str, Line] = Field(description="in the footer of every e-mail")
    unsubscribe_url: Annotated[str, AfterValidator(_unsubscribe_url)] = Field(
        description=(
            "`https://…`; `{token}` becomes a signed token that carries the customer's "
            "pseudonym and the channel"
        )
    )
    timezone: Annotated[str, AfterValidator(_timezone)] = Field(
        description="IANA name: when a night begins, and which day an order belongs to"
    )
    currency: Annotated[str, AfterValidator(_currency)] = Field(
        description="ISO 4217; all money in this file is in its minor units"
    )
    locales: tuple[Annotated[str, AfterValidator(_locale)], ...] = Field(
        min_length=1,
        description=(
            "`en`, `zh-CN`: languages the shop writes in; the first one also serves everybody else"
        ),
    )

    @property
    def zone(self) -> ZoneInfo:
        """The shop's time zone."""
        return ZoneInfo(self.timezone)


class Night(Decided):
    """How a night is planned."""

    spend_window_days: int = Field(
        default=365,
        ge=30,
        description="days of purchases before a night that decide which tier a customer meets",
    )
    tier_grace_days: int = Field(
        default=0,
        ge=0,
        le=365,
        description=(
            "days for which she keeps a tier that she no longer meets; then she goes down one "
            "step, which she keeps as long again. 0: a tier ends with the purchases that met "
            "it"
        ),
    )
    gift_budget: int = Field(ge=0, description="minor units that one night's gifts may cost")
    month_gift_budget: int | None = Field(
        default=None,
        ge=0,
        description=(
            "minor units that the gifts of all nights of a calendar month may cost; without it "
            "there is no such limit"
        ),
    )
    sending_budget: int | None = Field(
        default=None,
        ge=0,
        description="minor units that one night's marketing messages may cost; without it, any",
    )
    chosen_by: ChosenBy = Field(
        default=ChosenBy.VALUE,
        description=(
            "what decides where stock, money or channels do not suffice for everybody: what is "
            "worth most together, or each customer's priority, the higher tiers first"
        ),
    )
    stale_after_days: int = Field(
        default=7,
        ge=1,
        description=(
            "nights older than this are refused, so that a backfill congratulates nobody late"
        ),
    )


class Wording(Decided):
    """What no message may say."""

    never_name: tuple[str, ...] = Field(
        default=(),
        description="categories that neither a reminder nor a recommendation may mention",
    )
    sensitive: tuple[str, ...] = Field(
        default=(), description="categories that are named to those alone who agreed to it"
    )


class Policy(Decided):
    """The whole of the merchant's decisions."""

    shop: Shop
    night: Night
    tiers: tuple[Tier, ...] = Field(min_length=1)
    contact: ContactPolicy
    wording: Wording = Wording()
    recommendations: RecommendationRules = RecommendationRules()
    consent: ConsentRules = ConsentRules()
    feed: FeedLimits = FeedLimits()
    holdout: Holdout
    segments: SegmentRules = SegmentRules()
    rise: RiseRules = RiseRules()
    points: PointsRules | None = None
    gifts: dict[str, Gift] = Field(default_factory=dict)
    ladders: dict[str, dict[str, tuple[str, ...]]] = Field(default_factory=dict)
    campaign_table: _Campaigns = Field(alias="campaigns")

    @model_validator(mode="after")
    def _tiers_rise_from_zero(self) -> "Policy":
        for step, tier in enumerate(self.tiers):
            place, before = f"tiers.{step}", self.tiers[:step]
            if tier.name in [lower.name for lower in before]:
                raise ValueError(f"{place}.name: there are two tiers {tier.name!r}; rename one")
            if not before and tier.min_spend != 0:
                raise ValueError(f"{place}.min_spend: the first tier is everybody's; write 0")
            if before and tier.min_spend <= before[-1].min_spend:
                raise ValueError(
                    f"{place}.min_spend: {tier.min_spend} does not rise above tier "
                    f"{before[-1].name!r}, which has {before[-1].min_spend}; put the tiers in order"
                )
            if not before and tier.min_orders != 0:
                raise ValueError(f"{place}.min_orders: the first tier is everybody's; leave it out")
            if before and tier.min_orders < before[-1].min_orders:
                raise ValueError(
                    f"{place}.min_orders: {tier.min_orders} is less than tier {before[-1].name!r} "
                    f"asks, which is {before[-1].min_orders}; whoever meets a tier must meet those "
                    "below it"
                )
        return self

    @model_validator(mode="after")
    def _something_to_do(self) -> "Policy":
        if not self.enabled:
            raise ValueError(f"campaigns: none is enabled; add one of {', '.join(CAMPAIGNS)}")
        for name, chosen in self.campaigns.items():
            if len(set(chosen.channels)) < len(chosen.channels):
                raise ValueError(f"campaigns.{name}.channels: name each channel once")
            for tier in chosen.audience.tiers:
                if tier not in self.tier_order:
                    raise ValueError(
                        f"campaigns.{name}.audience.tiers: there is no tier {tier!r}; there are "
                        f"{', '.join(self.tier_order)}"
                    )
        return self

    @model_validator(mode="after")
    def _points_are_known(self) -> "Policy":
        for name in self.enabled:
            if name.startswith("points_") and self.points is None:
                raise ValueError(f"campaigns.{name}: there are no points; add a table [points]")
        for tier in self.points.percent if self.points else ():
            if tier not in self.tier_order:
                raise ValueError(
                    f"points.percent.{tier}: there is no such tier; there are "
                    f"{', '.join(self.tier_order)}"
                )
        return self

    @model_validator(mode="after")
    def _gifts_are_for_somebody(self) -> "Policy":
        known = {
            "tiers": tuple(self.tier_order),
            "campaigns": tuple(self.campaigns),
            "locales": self.shop.locales,
        }
        for name, gift in self.gifts.items():
            for key, there in known.items():
                for one in getattr(gift, key):
                    if one not in there:
                        raise ValueError(
                            f"gifts.{name}.{key}: there is no {one!r} in this policy; it has "
                            f"{', '.join(there)}"
                        )
            if gift.plain_style is PlainStyle.ONLY and self.segments.plain_from_age is None:
                raise ValueError(
                    f"gifts.{name}.plain_style: nobody is known to prefer a plain letter, so "
                    "nobody can get it; set segments.plain_from_age, or take it out"
                )
        return self

    @model_validator(mode="after")
    def _ladders_hold(self) -> "Policy":
        tiers = {tier.name for tier in self.tiers}
        for campaign, by_tier in self.ladders.items():
            if campaign not in self.campaigns:
                raise ValueError(
                    f"ladders.{campaign}: there is no such campaign in this policy; it has "
                    f"{', '.join(self.campaigns)}"
                )
            for tier, rungs in by_tier.items():
                if tier not in tiers:
                    raise ValueError(
                        f"ladders.{campaign}.{tier}: there is no such tier; there are "
                        f"{', '.join(tier.name for tier in self.tiers)}"
                    )
                for rung in rungs:
                    if rung not in self.gifts:
                        raise ValueError(
                            f"ladders.{campaign}.{tier}: there is no gift {rung!r}; describe it as "
                            f"[gifts.{rung}], or take it off the ladder"
                        )
                    self._refuse_never_given(f"ladders.{campaign}.{tier}", campaign, tier, rung)
        return self

    def _refuse_never_given(self, place: str, campaign: str, tier: str, rung: str) -> None:
        gift = self.gifts[rung]
        for key, chosen, only in (
            ("tiers", tier, gift.tiers),
            ("campaigns", campaign, gift.campaigns),
        ):
            if only and chosen not in only:
                raise ValueError(
                    f"{place}: {rung} is for {', '.join(only)} alone, so nobody here can get it; "
                    f"take it off this ladder, or add {chosen} to gifts.{rung}.{key}"
                )

    @model_validator(mode="after")
    def _every_locale_is_spoken(self) -> "Policy":
        spoken: dict[str, Mapping[str, str]] = {
            "shop.name": self.shop.name,
            "shop.sms_signature": self.shop.sms_signature,
            "shop.postal_address": self.shop.postal_address,
            **{f"tiers.{step}.label": tier.label for step, tier in enumerate(self.tiers)},
            **{f"gifts.{name}.label": gift.label for name, gift in self.gifts.items()},
            **{f"gifts.{name}.description": gift.description for name, gift in self.gifts.items()},
        }
        for step, tier in enumerate(self.tiers):
            if not tier.privileges:
                continue
            for locale in self.shop.locales:
                if not tier.privileges.get(locale):
                    raise ValueError(
                        f"tiers.{step}.privileges: {locale} is missing; list them for each locale"
                    )
        if len(set(self.shop.locales)) < len(self.shop.locales):
            raise ValueError("shop.locales: name each locale once")
        for place, texts in spoken.items():
            if lacking := [one for one in self.shop.locales if not texts.get(one, "").strip()]:
                raise ValueError(
                    f"{place}: {', '.join(lacking)} is missing; add a text for each locale"
                )
        return self

    @cached_property
    def campaigns(self) -> dict[str, CampaignSettings]:
        """The campaigns of this policy by name."""
        return self.campaign_table.chosen()

    @cached_property
    def sha256(self) -> str:
        """Fingerprint of all decisions, for the audit."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    @property
    def tier_order(self) -> dict[str, int]:
        """Tier name → step, from 0 for the lowest."""
        return {tier.name: step for step, tier in enumerate(self.tiers)}

    @property
    def minor_per_unit(self) -> int:
        """Minor units that make one unit of the shop's currency: 100 cents, or 1 yen."""
        from babel.numbers import get_currency_precision

        return int(10 ** get_currency_precision(self.shop.currency))

    @property
    def enabled(self) -> dict[str, CampaignSettings]:
        """The campaigns that run."""
        return {name: chosen for name, chosen in self.campaigns.items() if chosen.enabled}

    @property
    def festivals(self) -> frozenset[str]:
        """The festivals that a customer may ask for: the house's own and the shop's days."""
        own = getattr(self.campaigns.get("festival"), "shop_days", ())
        return frozenset(FESTIVALS) | {day.name for day in own}

    @property
    def used_channels(self) -> dict[str, tuple[Channel, ...]]:
        """The channels of every campaign that runs: what there must be templates for."""
        return {name: chosen.channels for name, chosen in self.enabled.items()}

    def decisions(self, *, paused: Collection[str] = ()) -> Decisions:
        """The part of the policy that a plan depends on; ``paused`` campaigns find nobody."""
        return Decisions(
            campaigns={n: one for n, one in self.enabled.items() if n not in paused},
            contact=self.contact,
            holdout=self.holdout,
            gifts=self.gifts,
            ladders=self.ladders,
            gift_budget=self.night.gift_budget,
            sending_budget=self.night.sending_budget,
            chosen_by=self.night.chosen_by,
            tier_order=self.tier_order,
            care_plans={tier.name: tier.care for tier in self.tiers},
        )


def read_policy(path: Path) -> Policy:
    """Read and check a policy.

    Raises:
        UnableToReadConfiguration: naming file, line, key, value and remedy of every problem.
    """
    return read_toml(path, Policy)
