"""The concrete thing a touch carries, and what may be given to whom."""

import re
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Annotated

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field, model_validator

from care.domain.contact_policy import send_day
from care.domain.model import Decided
from care.domain.warning import Warned


class Fulfilment(StrEnum):
    """How a gift comes to her."""

    CARD = "card"
    COUPON = "coupon"
    POINTS = "points"
    PARCEL = "parcel"
    SERVICE = "service"
    TRAVEL = "travel"


class PlainStyle(StrEnum):
    """Whether a gift is for those who may prefer a plainer letter."""

    ONLY = "only"
    NEVER = "never"


Kind = Annotated[str, Field(pattern=r"^[^;,；，、]*\S[^;,；，、]*$")]


class Gift(Decided):
    """A gift of the shop. Without ``stock`` and ``codes`` there is always enough of it.

    What is left empty of ``tiers``, ``regions``, ``campaigns`` and ``locales`` leaves nobody out.
    """

    label: dict[str, str] = Field(description="the gift as customers read it")
    description: dict[str, str] = Field(description="one more line about it")
    cost: int = Field(ge=0, description="minor units that one costs the shop")
    worth: int | None = Field(
        default=None,
        ge=0,
        description=(
            "minor units that the shop thinks giving one brings back, its own estimate until "
            "it is measured; twice the cost unless told"
        ),
    )
    stock: int | None = Field(
        default=None,
        ge=0,
        description=(
            "pieces there are in all; those already promised are subtracted. Without it there"
            " are always enough"
        ),
    )
    codes: bool = Field(
        default=False,
        description=(
            "whether each one needs a voucher code of its own, from those that `care gifts "
            "import-codes` brought in"
        ),
    )
    warn_below: int | None = Field(
        default=None,
        ge=1,
        description=(
            "staff are warned when fewer pieces or codes are left; without it, when fewer are"
            " left than tonight took"
        ),
    )
    fulfilment: Fulfilment = Field(default=Fulfilment.PARCEL, description="how it comes to her")
    tiers: tuple[str, ...] = Field(
        default=(), description="only these may get it; a ladder of another tier must not name it"
    )
    campaigns: tuple[str, ...] = Field(
        default=(),
        description="only these may give it; a ladder of another campaign must not name it",
    )
    regions: tuple[str, ...] = Field(
        default=(), description="only who lives there gets it; `US` holds `US-NY` too"
    )
    locales: tuple[str, ...] = Field(
        default=(), description="only who is written to in these languages gets it"
    )
    kinds: tuple[Kind, ...] = Field(
        default=(),
        description=(
            "what it is, in the words of the customers' column `dislikes`, such as "
            '`["flowers"]`: who dislikes one of them does not get it'
        ),
    )
    plain_style: PlainStyle | None = Field(
        default=None,
        description=(
            "for those alone, or not for those, who may prefer a plainer letter "
            "(`segments.plain_from_age`)"
        ),
    )
    valid_from: date | None = Field(default=None, description="given from this day on")
    valid_until: date | None = Field(
        default=None,
        description=(
            "and to this day, which the letter names: a message that could still leave later "
            "carries something else"
        ),
    )

    @model_validator(mode="after")
    def _can_be_had(self) -> "Gift":
        first, last = self.valid_from, self.valid_until
        if first is not None and last is not None and last < first:
            raise ValueError(
                f"valid_until is {last}, before valid_from, which is {first}; swap them"
            )
        if self.warn_below is not None and not self.runs_out:
            raise ValueError(
                "warn_below waits for something that runs out, and there is always enough of this; "
                "add stock or codes = true, or take it out"
            )
        return self

    @property
    def runs_out(self) -> bool:
        """Whether there may be none left of it."""
        return self.stock is not None or self.codes

    @property
    def for_everybody(self) -> bool:
        """Whether it is for every customer who comes to it on a ladder, on any day."""
        only = (self.regions, self.locales, self.kinds, self.plain_style)
        return not any((*only, self.valid_from, self.valid_until))

    @property
    def brings(self) -> int:
        """Minor units that giving one brings back, as the shop thinks; twice its cost unless told.

        Twice is no measurement: it lets a dearer gift count for more than a cheap one.
        """
        return 2 * self.cost if self.worth is None else self.worth


def label_of(gifts: Mapping[str, Gift], gift_id: str) -> str:
    """What a gift is called, in English or the first language it has; its id where it is gone."""
    if gift_id not in gifts:
        return gift_id
    labels = gifts[gift_id].label
    return labels.get("en") or next(iter(labels.values()), gift_id)


Ladders = Mapping[str, Mapping[str, tuple[str, ...]]]
"""Campaign → tier → gift ids, best first."""

POSSIBLE: Mapping[str, str] = {
    "row": "int64",  # position of the touch
    "rung": "int64",  # from 0, the best; one below her ladder stands for going without
    "gift_id": "str",  # missing for going without
    "cost": "int64",  # minor units
    "worth": "int64",  # minor units
    "note": "str",  # why none of the better rungs is possible, in words
}

LAST_GIFTS: Mapping[str, str] = {"customer_key": "int64", "gift_id": "str"}

_WORDS = (
    "",
    "{} is not given on this occasion",
    "{} is not for her tier",
    "{} is not given where she lives",
    "{} is not given in her language",
    "{} is only for those who prefer a plain letter",
    "{} is not for those who prefer a plain letter",
    "{} is nothing that she likes",
    "{} cannot be had on the day",
    "{} was her last gift",
)
"""Why a gift is not possible for a touch; nothing if it is. The first that holds is told."""


def possible_gifts(
    touches: pd.DataFrame,
    ladders: Ladders,
    gifts: Mapping[str, Gift],
    people: pd.DataFrame,
    last_gifts: pd.DataFrame,
    *,
    night: date,
) -> pd.DataFrame:
    """Say which rungs of her ladder each touch may carry, whatever stock and budget say.

    ``touches``: ``customer_key, campaign, tier, send_from, send_until``. ``people``:
    ``customer_key`` and those of ``region, locale, dislikes, plain_style`` a gift asks for.
    ``last_gifts``: columns of ``LAST_GIFTS``, the gift each customer was given last and those on
    their way to her; none of them is given again. A gift must be valid on every day on which the
    touch may go out.

    Returns columns of ``POSSIBLE``, sorted by row and rung: the possible rungs of every touch that
    has a ladder, and last a row for going without, whose note tells why nothing was possible.
    Loops over campaigns, tiers and rungs, not over customers.
    """
    about = [name for name in ("region", "locale", "dislikes", "plain_style") if name in people]
    known = people[["customer_key", *about]].set_index("customer_key")
    seen = known.reindex(touches["customer_key"]).reset_index()
    seen = seen.assign(
        first=send_day(touches, night=night).to_numpy(), last=touches["send_until"].to_numpy()
    )
    had = {str(name): rows for name, rows in last_gifts.groupby("gift_id")["customer_key"]}
    nobody = pd.Series([], dtype="int64")
    found = [pd.DataFrame({name: [] for name in POSSIBLE})]
    places = pd.Series(np.arange(len(touches)), index=touches.index)
    for names, group in places.groupby([touches["campaign"], touches["tier"]]):
        campaign, tier = map(str, names)
        rungs = ladders.get(campaign, {}).get(tier, ())
        if not rungs:
            continue
        rows = group.to_numpy("int64")
        here = seen.iloc[rows]
        notes, note = [""], np.zeros(len(rows), dtype="int64")
        for rung, gift_id in enumerate(rungs):
            gift = gifts[gift_id]
            barred = _barred(gift, here, campaign, tier, had.get(gift_id, nobody))
            free = barred == 0
            found.append(_rung(rows[free], rung, gift_id, gift, notes, note[free]))
            # Few reasons come together, so each note is written once, whoever it is about.
            note, different = pd.factorize(note * len(_WORDS) + barred)
            ways = [divmod(int(one), len(_WORDS)) for one in different]
            notes = [_and(notes[before], gift_id, why) for before, why in ways]
        found.append(_rung(rows, len(rungs), None, None, notes, note))
    table = pd.concat(found, ignore_index=True).astype(dict(POSSIBLE))
    return table.sort_values(["row", "rung"], ignore_index=True)


def _barred(
    gift: Gift, seen: pd.DataFrame, campaign: str, tier: str, had: pd.Series
) -> npt.NDArray[np.int64]:
    """Which of ``_WORDS`` holds for each customer seen."""
    no = np.zeros(len(seen), dtype=bool)
    elsewhere, unspoken, plain_only, never_plain, disliked, too_early, too_late = (no,) * 7
    if gift.regions:
        lives, within = seen["region"], tuple(f"{region}-" for region in gift.regions)
        there = lives.isin(gift.regions) | lives.str.startswith(within).fillna(False)
        elsewhere = ~there.to_numpy(bool)
    if gift.locales:
        unspoken = ~seen["locale"].isin(gift.locales).to_numpy(bool)
    if gift.kinds:
        kinds = "|".join(re.escape(kind.strip().lower()) for kind in gift.kinds)
        found = seen["dislikes"].str.contains(f"(?:^|;)(?:{kinds})(?:;|$)", regex=True)
        disliked = found.fillna(False).to_numpy(bool)
    if gift.plain_style is not None:
        plain = seen["plain_style"].fillna(False).to_numpy(bool)
        plain_only = ~plain & (gift.plain_style is PlainStyle.ONLY)
        never_plain = plain & (gift.plain_style is PlainStyle.NEVER)
    if gift.valid_from is not None:
        too_early = (seen["first"] < pd.Timestamp(gift.valid_from)).to_numpy(bool)
    if gift.valid_until is not None:
        too_late = (seen["last"] > pd.Timestamp(gift.valid_until)).to_numpy(bool)
    why = [
        no | bool(gift.campaigns and campaign not in gift.campaigns),
        no | bool(gift.tiers and tier not in gift.tiers),
        elsewhere,
        unspoken,
        plain_only,
        never_plain,
        disliked,
        too_early | too_late,
        seen["customer_key"].isin(had).to_numpy(bool),
    ]
    return np.select(why, range(1, len(_WORDS)), 0).astype("int64")


def _and(said: str, gift_id: str, word: int) -> str:
    return "; ".join(filter(None, [said, _WORDS[word].format(gift_id)]))


def _rung(
    rows: npt.NDArray[np.int64],
    rung: int,
    gift_id: str | None,
    gift: Gift | None,
    notes: list[str],
    note: npt.NDArray[np.int64],
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "row": rows,
            "rung": rung,
            "gift_id": pd.array([gift_id], dtype="str").take(np.zeros(len(rows), dtype="int64")),
            "cost": gift.cost if gift else 0,
            "worth": gift.brings if gift else 0,
            "note": pd.array(notes, dtype="str").take(note),
        }
    )


def running_low(
    gifts: Mapping[str, Gift], left: Mapping[str, int], touches: pd.DataFrame
) -> list[Warned]:
    """Warn of gifts of which less is left after tonight than the shop wants to have.

    ``left``: pieces or codes before tonight. ``touches``: ``gift_id`` of tonight's. A gift that
    says nothing of its own is low when another night like this one would not find enough.
    """
    given = touches["gift_id"].value_counts()
    found: list[Warned] = []
    for name, gift in sorted(gifts.items()):
        if name not in left:
            continue
        taken = int(given.get(name, 0))
        remains = left[name] - taken
        enough = taken if gift.warn_below is None else gift.warn_below
        if remains < enough:
            what = " or ".join(["pieces"] * (gift.stock is not None) + ["codes"] * gift.codes)
            low = {"kind": "low_gift", "gift": name, "left": remains, "of": what, "below": enough}
            found.append(low)
    return found
