"""The policy in words: its settings in groups, each with its name, value and usual value."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from care.console.setting import Setting, settings_of
from care.console.speech import Speech
from care.domain.campaign import MessageClass, Unanswered
from care.domain.campaigns.festival import FestivalSettings
from care.domain.channel import Channel
from care.domain.segment import Segment
from care.policy import Policy

MONEY = frozenset(
    {"gift_budget", "month_gift_budget", "sending_budget", "min_spend", "cost", "worth", "value"}
    | {"max_gift_cost", "min_expected_spend", "extension_from"}
)
"""Minor units of the shop's currency."""
SHARES = frozenset(
    {"share", "share_of_all", "min_share", "max_product_share", "max_customer_share"}
    | {"false_share", "explore_share", "max_fallback_share", "min_probability"}
)
SPANS = {"days": "days", "hours": "hours", "months": "months", "weeks": "weeks"}
"""Last word of a whole number's name → what it counts."""
CALENDAR = "seasons"
PERCENT = "percent"
PEOPLE = "exempt"
"""Names customers, who are counted and not shown."""
MARKS = {"zh-CN": ("、", "\uff1a", "\uff1b")}
"""What stands between parts, after a name and between settings, as Chinese writes it."""
KINDS: Mapping[type[str], str] = {
    Channel: "channel",
    MessageClass: "class",
    Segment: "segment",
    Unanswered: "unanswered",
}
"""Codes that the catalogues name already; others are named by their setting."""


@dataclass(frozen=True, slots=True)
class Row:
    """One setting in words. ``path``: in the policy's file. ``usual``: the value it has by itself.

    ``said``: a line or several. ``usual`` is missing where the policy must say something.
    """

    path: str
    name: str
    said: tuple[str, ...]
    value: Any
    usual: str | None
    differs: bool


@dataclass(frozen=True, slots=True)
class Table:
    """Settings that stand together, such as those of one gift; ``name`` is empty if it has none."""

    name: str
    rows: tuple[Row, ...]

    @property
    def differing(self) -> int:
        """How many are not as they would be by themselves."""
        return sum(row.differs for row in self.rows)


@dataclass(frozen=True, slots=True)
class Group:
    """A part of the policy."""

    code: str
    tables: tuple[Table, ...]


def groups(policy: Policy, say: Speech) -> list[Group]:
    """The whole policy in a language."""
    words = Words(policy, say)
    return [
        Group(code, tuple(Table(name, tuple(map(words.row, rows))) for name, rows in tables))
        for code, tables in _grouped(policy, words)
    ]


Tables = list[tuple[str, Iterable[Setting]]]


def _grouped(policy: Policy, words: "Words") -> Iterator[tuple[str, Tables]]:
    """Every setting, in the order in which somebody would ask for it."""
    yield "shop", _plain(policy, "shop")
    yield (
        "tiers",
        [
            (words.tier(one.name), settings_of(one, f"tiers.{step}"))
            for step, one in enumerate(policy.tiers)
        ],
    )
    yield "contact", _plain(policy, "contact")
    yield "night", _plain(policy, "night")
    yield "holdout", _plain(policy, "holdout")
    ladders = Setting("ladders", Policy, "ladders", policy.ladders, {})
    gifts: Tables = [
        (words.gift(name), settings_of(one, f"gifts.{name}")) for name, one in policy.gifts.items()
    ]
    yield "gifts", [*gifts, ("", [ladders])]
    for name in ("recommendations", "consent", "feed"):
        yield name, _plain(policy, name)
    none = Setting("points", Policy, "points", None, None)
    yield "points", [("", [none])] if policy.points is None else _plain(policy, "points")
    for name in ("segments", "rise", "wording"):
        yield name, _plain(policy, name)
    campaigns: Tables = []
    for name, chosen in policy.campaigns.items():
        settings = list(settings_of(chosen, f"campaigns.{name}"))
        if isinstance(chosen, FestivalSettings):
            days = [one for one in settings if one.name in ("cultures", "shop_days")]
            settings = [one for one in settings if one not in days]
            yield "festivals", [("", days)]
        campaigns.append((words.say.name("campaign", name), settings))
    yield "campaigns", campaigns


def _plain(policy: Policy, name: str) -> Tables:
    return [("", settings_of(getattr(policy, name), name))]


class Words:
    """Says settings in a language, by the names that this policy gives."""

    def __init__(self, policy: Policy, say: Speech) -> None:
        self.policy, self.say = policy, say
        self._comma, self._colon, self._stop = MARKS.get(say.language, (", ", ": ", "; "))

    def row(self, one: Setting) -> Row:
        """A setting in words."""
        usual = None if one.required else self._comma.join(self._lines(one, one.default))
        said, value = tuple(self._lines(one, one.value)), one.value
        if one.name == PEOPLE:
            value = len(value)
        return Row(one.path, self.say(one.key), said, value, usual, one.differs)

    def tier(self, code: str) -> str:
        """A tier as the shop calls it."""
        found = [one.label for one in self.policy.tiers if one.name == code]
        return self._of_locale(found[0]) if found else code

    def gift(self, code: str) -> str:
        """A gift as the shop calls it."""
        found = self.policy.gifts.get(code)
        return self._of_locale(found.label) if found else code

    def _of_locale(self, texts: Mapping[str, str]) -> str:
        return texts.get(self.say.language) or next(iter(texts.values()))

    def _lines(self, one: Setting, value: Any) -> list[str]:
        if value is None or value in ((), {}):
            return [self.say(one.key_if_empty)]
        if one.name == PEOPLE:
            return [self.say("unit.customers", n=len(value))]
        if one.name == "ladders":
            return [
                f"{self.say.name('campaign', campaign)}{self._comma}{self.tier(tier)}{self._colon}"
                + " → ".join(map(self.gift, rungs))
                for campaign, by_tier in value.items()
                for tier, rungs in by_tier.items()
            ]
        if isinstance(value, BaseModel):
            return [self.say("unit.as_follows")]
        if isinstance(value, Mapping):
            return [
                f"{self._key(key)}{self._colon}{self._one(one, part)}"
                for key, part in value.items()
            ]
        if isinstance(value, tuple) and isinstance(value[0], BaseModel):
            return [self._one(one, part) for part in value]
        return [self._one(one, value)]

    def _one(self, one: Setting, value: Any) -> str:
        """A value on one line."""
        if isinstance(value, tuple):
            return self._comma.join(self._one(one, part) for part in value) or self.say(
                one.key_if_empty
            )
        if isinstance(value, BaseModel):
            parts = (
                f"{self.say(part.key)}{self._colon}"
                + self._comma.join(self._lines(part, part.value))
                for part in settings_of(value, one.path)
            )
            return self._stop.join(parts)
        if isinstance(value, bool):
            return self.say("unit.on" if value else "unit.off")
        if isinstance(value, int | float):
            return self._number(one.name, value)
        if isinstance(value, time):
            return f"{value:%H:%M}"
        if isinstance(value, date):
            return self.say.day(value)
        return self._text(one, value)

    def _number(self, name: str, value: float) -> str:
        if name in MONEY:
            return self.say.money(int(value))
        if name in SHARES:
            return self.say.share(value)
        if name == PERCENT:
            return self.say.percent(value / 100)
        if name == CALENDAR:
            return self.say.month(int(value))
        span = SPANS.get(name.rpartition("_")[2])
        return self.say.number(value) if span is None else self.say(f"unit.{span}", n=value)

    def _text(self, one: Setting, value: str) -> str:
        if one.name == "tiers":
            return self.tier(value)
        if one.name == "festivals":
            return self._festival(value)
        if one.name in ("campaigns", "locales"):
            return self.say.name(one.name[:-1], value)
        annotation = one.owner.model_fields[one.name].annotation
        return self.say(key_of_code(one.name, value)) if codes_of(annotation) else value

    def _festival(self, code: str) -> str:
        settings = self.policy.campaigns.get("festival")
        own = settings.shop_days if isinstance(settings, FestivalSettings) else ()
        labels = [day.label for day in own if day.name == code]
        return self._of_locale(labels[0]) if labels else self.say.name("festival", code)

    def _key(self, key: str) -> str:
        if isinstance(key, Channel):
            return self.say.name("channel", key)
        if key in self.policy.tier_order:
            return self.tier(key)
        return self.say.name("locale", key) if key in self.policy.shop.locales else str(key)


def codes_of(annotation: Any) -> tuple[Any, ...]:
    """The codes that a setting may be set to; none where it is anything else."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return parts
    if origin in (Union, UnionType, tuple, Annotated):
        return tuple(code for part in parts for code in codes_of(part))
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return tuple(annotation)
    return ()


def key_of_code(name: str, code: str) -> str:
    """Where the catalogues have the name of a code that a setting may be set to."""
    return f"{KINDS.get(type(code), f'choice.{name}')}.{code}"
