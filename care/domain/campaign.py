"""A campaign: an occasion to care, the rule that finds who is due, and the merchant's settings."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from functools import partial
from typing import Any, Literal

import orjson
import pandas as pd
from pydantic import Field

from care.domain.channel import Channel
from care.domain.event import BOUGHT
from care.domain.interest import INTERESTS
from care.domain.look_back import LOOKED_BACK
from care.domain.model import Decided
from care.domain.occasion import Fact, Occasion
from care.domain.owned import OWNED
from care.domain.product import CATALOGUE
from care.domain.rhythm import BREAKS, RHYTHMS, SILENCES, none_of
from care.domain.segment import Audience, Segment


class MessageClass(StrEnum):
    """Service messages are owed to the customer; marketing ones need her consent."""

    SERVICE = "service"
    MARKETING = "marketing"


class Unanswered(StrEnum):
    """What happens to a campaign of the night that nobody decided in time."""

    EXPIRE = "expire"
    RELEASE = "release"


class EndedBy(StrEnum):
    """The purchase after which there is nothing more to say."""

    TYPE = "type"
    """Of the type that the letter is about."""
    ANYTHING = "anything"


class Bounds(Decided):
    """Absolute limits within which a campaign of the night needs no reviewer."""

    max_messages: int = Field(ge=0, description="more messages than this need a person")
    max_gift_cost: int = Field(ge=0, description="gifts above this many minor units need a person")
    max_fallback_share: float = Field(
        ge=0,
        le=1,
        description=(
            "a larger share of messages with popular items instead of personal ones needs a person"
        ),
    )


class CampaignSettings(Decided):
    """What the merchant decides for any campaign; a campaign adds settings of its own."""

    enabled: bool = Field(
        default=True, description="a disabled campaign finds nobody and needs no templates"
    )
    priority: int = Field(
        ge=0, description="the higher one wins when a customer has two occasions on one night"
    )
    value: int | None = Field(
        default=None,
        ge=0,
        description=(
            "minor units that a touch is thought to bring, until a measurement says more; by "
            "default its priority"
        ),
    )
    message_class: MessageClass = Field(
        default=MessageClass.MARKETING,
        description="`service` needs no consent and is never held out",
    )
    channels: tuple[Channel, ...] = Field(
        min_length=1,
        description="in order of preference; a customer's own preference comes first",
    )
    audience: Audience = Field(
        default=Audience(),
        description="whom it may address; without it, everybody who has the occasion",
    )
    recommendations: int = Field(
        default=0, ge=0, le=6, description="products to recommend in each message"
    )
    when_crowded: Literal["defer", "drop"] = Field(
        default="defer",
        description=(
            "what becomes of a candidate who lost her night: wait while the occasion lasts, "
            "or drop it"
        ),
    )
    auto_approve: Bounds | None = Field(
        default=None,
        description="bounds within which no person need look; without them somebody always must",
    )
    unanswered: Unanswered = Field(
        default=Unanswered.EXPIRE, description="what happens after the deadline if nobody decided"
    )
    decide_within_hours: int = Field(
        default=36,
        ge=1,
        le=24 * 14,
        description="the deadline, counted from when the campaign was queued",
    )

    second_person: bool = Field(
        default=False,
        description="whoever changed its messages last may not approve them",
    )

    @property
    def worth(self) -> int:
        """What a touch is thought to be worth, in minor units."""
        return self.priority if self.value is None else self.value

    @property
    def remembers_days(self) -> int:
        """The touches of its own that its rule looks at were sent within so many days."""
        return 0


PAST = {
    "customer_key": "int64",
    "campaign": "str",
    "occasion_key": "str",
    "send_on": "datetime64[s]",
}

OUT_OF_TOUCH = {
    "customer_key": "int64",
    "since": "datetime64[s]",  # day of the last touch, else the first night that knew her
}


@dataclass(frozen=True, slots=True)
class Tables:
    """What a rule may look at: the shop as the night began, in columns.

    ``customers``: one row a customer, canonical columns with ``customer_key`` and
    ``standing.STANDING``, ``value.VALUED``, ``points.HELD`` and ``segment.SEGMENTED``.
    ``rhythms``, ``breaks``, ``silences``: columns of ``care.domain.rhythm``. ``past``: columns of
    ``PAST``, the touches planned before, of which each rule sees its own, as far back as its
    settings remember. ``out_of_touch``: columns of ``OUT_OF_TOUCH``, whom nothing touched for a
    while. ``products``: columns of ``CATALOGUE``. ``owned``: columns of ``OWNED``.
    ``bought``: columns of ``BOUGHT``. ``looked_back``: columns of ``LOOKED_BACK``.
    ``interests``: columns of ``INTERESTS``. ``cases``, ``deliveries``, ``events``, ``unpaid``,
    ``reviews``: columns of ``CASES``, ``DELIVERIES``, ``EVENTS``, ``UNPAID``, ``REVIEWS``, or
    nothing.
    """

    customers: pd.DataFrame
    rhythms: pd.DataFrame = field(default_factory=partial(none_of, RHYTHMS))
    breaks: pd.DataFrame = field(default_factory=partial(none_of, BREAKS))
    silences: pd.DataFrame = field(default_factory=partial(none_of, SILENCES))
    past: pd.DataFrame = field(default_factory=partial(none_of, PAST))
    out_of_touch: pd.DataFrame = field(default_factory=partial(none_of, OUT_OF_TOUCH))
    products: pd.DataFrame = field(default_factory=CATALOGUE.empty)
    owned: pd.DataFrame = field(default_factory=OWNED.empty)
    cases: pd.DataFrame | None = None
    deliveries: pd.DataFrame | None = None
    events: pd.DataFrame | None = None
    unpaid: pd.DataFrame | None = None
    bought: pd.DataFrame = field(default_factory=BOUGHT.empty)
    looked_back: pd.DataFrame = field(default_factory=LOOKED_BACK.empty)
    interests: pd.DataFrame = field(default_factory=INTERESTS.empty)
    reviews: pd.DataFrame | None = None

    def lacks(self, need: str) -> bool:
        """Whether the shop tells nothing of an optional input: a table, or ``table.column``.

        Of several with ``|`` between, one is enough.
        """
        return all(self._lacks(one) for one in need.split("|"))

    def _lacks(self, need: str) -> bool:
        table, _, column = need.partition(".")
        frame: pd.DataFrame | None = getattr(self, table)
        return frame is None or (bool(column) and bool(frame[column].isna().all()))


Rule = Callable[..., pd.DataFrame]


@dataclass(frozen=True, slots=True)
class Campaign:
    """One occasion to care. ``rule(tables, settings, *, night)`` returns candidates.

    ``why_now`` says to staff what a customer's occasion is, in one plain sentence.

    A campaign that ``reads_behaviour`` pauses while the order feed is in doubt, and one whose
    ``needs`` (optional inputs such as ``products.warranty_days``) the shop does not deliver is left
    out, with a note. ``facts`` declares by example what its letters may say beyond what every
    letter may: name → a value of the type that its rule writes (text, whole number or day), true
    enough to try templates on. ``turns``: further examples, for letters that say another thing when
    a fact is another, missing, or there at all. ``foreseeable``: its occasions follow from a
    customer's own dates alone, so that they are known long before. ``known_ahead``: those of the
    coming weeks follow from what is known tonight, as far as customers do nothing new; of a
    campaign that is neither, a forecast takes what came before again. ``finds``: the segments it
    can find at all, where that is not all of them. ``forgotten_after_days``: so long after it
    began, a journey's entry is not known any more. ``ended_by``: the purchase of her household
    after which a letter that has not left is not sent. ``personal``: her advisor signs where she
    has one, and gets her answers.
    """

    name: str
    settings: type[CampaignSettings]
    rule: Rule
    why_now: Callable[[Occasion], str]
    reads_behaviour: bool = False
    facts: Mapping[str, Fact] = field(default_factory=dict)
    turns: tuple[Mapping[str, Fact], ...] = ()
    foreseeable: bool = False
    known_ahead: bool = False
    needs: frozenset[str] = frozenset()
    finds: frozenset[Segment] = frozenset()
    forgotten_after_days: int | None = None
    ended_by: EndedBy | None = None
    personal: bool = False

    @property
    def told_ahead(self) -> bool:
        """Whether its rule finds the candidates of coming weeks from what is known tonight."""
        return self.foreseeable or self.known_ahead

    def lacking(self, tables: Tables) -> list[str]:
        """Why the campaign is left out, in words; nothing if all it needs is there."""
        return [
            f"the shop delivers no {need.replace('|', ' or ')}"
            for need in sorted(self.needs)
            if tables.lacks(need)
        ]

    def read_facts(self, told: str) -> dict[str, Fact]:
        """What a rule wrote about a candidate, with the types that ``facts`` declares."""
        found: dict[str, Fact] = orjson.loads(told) if told else {}
        days = {name for name, value in self.declared.items() if isinstance(value, date)}
        return {
            name: date.fromisoformat(str(value)) if name in days else value
            for name, value in found.items()
        }

    @property
    def declared(self) -> dict[str, Fact]:
        """Every fact that a letter may tell, with an example."""
        return {name: value for one in reversed(self.examples) for name, value in one.items()}

    @property
    def examples(self) -> list[dict[str, Fact]]:
        """Facts to try templates on: those declared, then every other turn."""
        return [dict(self.facts), *map(dict, self.turns)]

    def candidates(self, tables: Tables, settings: Any, *, night: date) -> pd.DataFrame:
        """Find who is due on a night, columns as in ``candidate.DTYPES`` plus ``campaign``."""
        past, since = tables.past, pd.Timestamp(night) - pd.Timedelta(days=settings.remembers_days)
        own = past[(past["campaign"] == self.name) & (past["send_on"] >= since)]
        found: pd.DataFrame = self.rule(replace(tables, past=own), settings, night=night)
        return found.assign(campaign=self.name)


def addressed(
    candidates: pd.DataFrame, audience: Audience, customers: pd.DataFrame
) -> pd.DataFrame:
    """The candidates that a campaign may address: those of its audience."""
    inside = customers.loc[audience.holds(customers), "customer_key"]
    return candidates[candidates["customer_key"].isin(inside)]
