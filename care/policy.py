"""What the merchant decided: ``policy.toml``, validated before a night begins."""

import hashlib
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, Field, create_model, model_validator

from care.configuration import read_toml
from care.domain.campaign import CampaignSettings
from care.domain.campaigns import CAMPAIGNS
from care.domain.contact_policy import ContactPolicy
from care.domain.gift import Gift
from care.domain.holdout import Holdout
from care.domain.model import Decided
from care.domain.tier import Tier
from care.domain.touch import Decisions


def _timezone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("no such time zone; use an IANA name such as Asia/Shanghai")
    return name


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

    tenant: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$", description="part of every message's key")
    name: dict[str, str]
    sender: str = Field(description="From: of the e-mails")
    reply_to: str
    sms_sender: str
    sms_signature: dict[str, str]
    website: str
    phone: str
    postal_address: dict[str, str]
    unsubscribe_url: str = Field(description="with {token}, which names the customer")
    timezone: Annotated[str, AfterValidator(_timezone)]
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    locales: tuple[str, ...] = Field(min_length=1, description="the first one is the fallback")

    @property
    def zone(self) -> ZoneInfo:
        """The shop's time zone."""
        return ZoneInfo(self.timezone)


class Night(Decided):
    """How a night is planned."""

    spend_window_days: int = Field(default=365, ge=30)
    gift_budget: int = Field(ge=0, description="minor units for one night's gifts")
    stale_after_days: int = Field(
        default=7, ge=1, description="no night older than this is planned"
    )


class Wording(Decided):
    """What no message may say."""

    never_name: tuple[str, ...] = Field(
        default=(), description="categories a message must not mention, such as tobacco"
    )


class Policy(Decided):
    """The whole of the merchant's decisions."""

    shop: Shop
    night: Night
    tiers: tuple[Tier, ...] = Field(min_length=1)
    contact: ContactPolicy
    wording: Wording = Wording()
    holdout: Holdout
    gifts: dict[str, Gift] = Field(default_factory=dict)
    ladders: dict[str, dict[str, tuple[str, ...]]] = Field(default_factory=dict)
    campaign_table: _Campaigns = Field(alias="campaigns")

    @model_validator(mode="after")
    def _tiers_rise_from_zero(self) -> "Policy":
        edges = [tier.min_spend for tier in self.tiers]
        if edges != sorted(set(edges)) or edges[0] != 0:
            raise ValueError("tiers: min_spend must start at 0 and rise from tier to tier")
        return self

    @model_validator(mode="after")
    def _ladders_hold(self) -> "Policy":
        tiers = {tier.name for tier in self.tiers}
        for campaign, by_tier in self.ladders.items():
            if campaign not in self.campaigns:
                raise ValueError(f"ladders.{campaign}: there is no such campaign in this policy")
            for tier, rungs in by_tier.items():
                if tier not in tiers:
                    raise ValueError(f"ladders.{campaign}.{tier}: there is no such tier")
                for rung in rungs:
                    if rung not in self.gifts:
                        raise ValueError(f"ladders.{campaign}.{tier}: there is no gift {rung!r}")
        return self

    @model_validator(mode="after")
    def _every_locale_is_spoken(self) -> "Policy":
        spoken: dict[str, Mapping[str, str]] = {
            "shop.name": self.shop.name,
            "shop.sms_signature": self.shop.sms_signature,
            "shop.postal_address": self.shop.postal_address,
            **{f"tiers.{tier.name}.label": tier.label for tier in self.tiers},
            **{f"gifts.{name}.label": gift.label for name, gift in self.gifts.items()},
            **{f"gifts.{name}.description": gift.description for name, gift in self.gifts.items()},
        }
        for place, texts in spoken.items():
            if lacking := [locale for locale in self.shop.locales if locale not in texts]:
                raise ValueError(f"{place} lacks {', '.join(lacking)}; add a text for each locale")
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

    def decisions(self) -> Decisions:
        """The part of the policy that a plan depends on."""
        return Decisions(
            campaigns={n: chosen for n, chosen in self.campaigns.items() if chosen.enabled},
            contact=self.contact,
            holdout=self.holdout,
            gifts=self.gifts,
            ladders=self.ladders,
            gift_budget=self.night.gift_budget,
            tier_order=self.tier_order,
        )


def read_policy(path: Path) -> Policy:
    """Read and check a policy.

    Raises:
        UnableToReadConfiguration: naming file, line, key, value and remedy of every problem.
    """
    return read_toml(path, Policy)
