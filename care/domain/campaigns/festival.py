"""Festival: due on the festivals that her culture keeps, and on none of the others'.

Who keeps which days follows from her locale and region, as the merchant decides; what she said
herself comes first. Of several festivals on one day she is wished the one that the policy names
first.

It ends with the day itself: afterwards the wish is not sent.
"""

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field, field_validator, model_validator

from care.domain.anniversary import MonthDay
from care.domain.campaign import Campaign, CampaignSettings, Tables
from care.domain.candidate import candidates, facts
from care.domain.customer import LOCALES
from care.domain.festival import BY_DEFAULT, FESTIVALS, next_festival, next_yearly
from care.domain.model import Decided
from care.domain.occasion import Occasion

PREFERENCE = "festivals"
"""Column of customers: ``NO_FESTIVAL``, or the festivals she wants; missing if she said nothing."""


class Culture(Decided):
    """Some customers, by locale and region, and the festivals they keep."""

    locales: tuple[str, ...] = Field(
        default=(), description="only customers who read these; everybody if empty"
    )
    regions: tuple[str, ...] = Field(
        default=(),
        description="only customers of these regions; `US` covers `US-NY`; everybody if empty",
    )
    country: str | None = Field(
        default=None,
        pattern=r"^[A-Z]{2}$",
        description="ISO 3166 code of the country whose Mother's Day and Thanksgiving count",
    )
    festivals: tuple[str, ...] = Field(
        min_length=1,
        description=(
            "the days they keep, by name: those of the house and the shop's own. Of two on one "
            "day the first one named is wished"
        ),
    )

    @field_validator("locales")
    @classmethod
    def _spoken(cls, locales: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := set(locales) - set(LOCALES):
            raise ValueError(f"nobody here has the locale {min(unknown)!r}; use {LOCALES}")
        return locales

    def keeps(self, people: pd.DataFrame) -> npt.NDArray[np.bool_]:
        """Which customers are of this culture."""
        of_it = np.ones(len(people), dtype=bool)
        if self.locales:
            of_it &= people["locale"].isin(self.locales).to_numpy(bool)
        if self.regions:
            within = tuple(f"{region}-" for region in self.regions)
            regions = people["region"]
            of_it &= (regions.isin(self.regions) | regions.str.startswith(within)).to_numpy(bool)
        return of_it


class ShopDay(Decided):
    """A day of the year that the shop keeps."""

    name: str = Field(
        pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$",
        description="as cultures name it; part of every message's key",
    )
    on: MonthDay = Field(description="month and day, as `11-11`")
    label: dict[str, str] = Field(min_length=1, description="the day as customers read it")


class FestivalSettings(CampaignSettings):
    """Festival settings."""

    lead_days: int = Field(
        default=0,
        ge=0,
        le=30,
        description="found and reviewed so many days ahead; sent on the day itself, never later",
    )
    cultures: tuple[Culture, ...] = Field(min_length=1, description="who keeps which festivals")
    shop_days: tuple[ShopDay, ...] = Field(default=(), description="days of the shop's own")

    @model_validator(mode="after")
    def _every_day_is_known(self) -> "FestivalSettings":
        own = {day.name for day in self.shop_days}
        for place, culture in enumerate(self.cultures):
            for name in culture.festivals:
                days = FESTIVALS.get(name, {})
                if name in own or culture.country in days or BY_DEFAULT in days:
                    continue
                remedy = (
                    f"set country to {' or '.join(days)}"
                    if days
                    else f"there are {', '.join([*FESTIVALS, *sorted(own)])}"
                )
                raise ValueError(f"cultures.{place}.festivals: {name!r} has no day; {remedy}")
        return self


class _Day(NamedTuple):
    """A festival that comes soon, who keeps it, and what its letters are told."""

    name: str
    on: np.datetime64
    who: npt.NDArray[np.bool_]
    told: str


def find_festivals(tables: Tables, settings: FestivalSettings, *, night: date) -> pd.DataFrame:
    """Customers one of whose festivals comes within the lead days.

    Of several on one day she is wished the one that the policy names first.
    """
    people = tables.customers
    found = [candidates({"customer_key": []})]
    for day in _soon(people, settings, night):
        if not day.who.any():
            continue
        keys = people["customer_key"].to_numpy()[day.who]
        found.append(
            candidates(
                {
                    "customer_key": keys,
                    "occasion_key": f"festival-{day.name}-{day.on.astype('datetime64[Y]')}",
                    "occasion_on": day.on,
                    "send_from": day.on,
                    "send_until": day.on,
                    "facts": day.told,
                },
                index=pd.RangeIndex(len(keys)),
            )
        )
    due = pd.concat(found, ignore_index=True)
    due = due.drop_duplicates(["customer_key", "occasion_on"])
    return due.drop_duplicates(["customer_key", "occasion_key"], ignore_index=True)


def _soon(people: pd.DataFrame, settings: FestivalSettings, night: date) -> Iterator[_Day]:
    own = {day.name: day for day in settings.shop_days}
    last = np.datetime64(night, "D") + settings.lead_days
    for culture in settings.cultures:
        hers = None
        for name in culture.festivals:
            if name in own:
                month, day_of_month = map(int, own[name].on.split("-"))
                on = next_yearly(month, day_of_month, on_or_after=night)
            else:
                on = next_festival(name, culture.country, on_or_after=night)
            if on > last:
                continue
            hers = culture.keeps(people) if hers is None else hers
            wanted = _wanted(people, name, hers)
            if name not in own:
                yield _Day(name, on, wanted, _told(name))
                continue
            labels = own[name].label
            usual = next(iter(labels.values()))
            for locale in LOCALES:
                speaks = (people["locale"] == locale).to_numpy(bool)
                yield _Day(name, on, wanted & speaks, _told(name, labels.get(locale, usual)))


def _wanted(people: pd.DataFrame, name: str, usual: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """What her culture keeps, unless she said herself which festivals she wants."""
    if PREFERENCE not in people:
        return usual
    said = people[PREFERENCE]
    lists = said.str.contains(rf"(?:^|[,; ]){name}(?:$|[,; ])", regex=True, na=False)
    return np.where(said.isna() | (said == ""), usual, lists.to_numpy(bool))


def _told(name: str, label: str | None = None) -> str:
    """The same for everybody, so written once."""
    return facts({"festival": [name], "label": [label]})[0]


def _why_now(told: Occasion) -> str:
    return f"The festival {told.facts.get('festival')} on {told.day}, which this customer keeps."


CAMPAIGN = Campaign(
    "festival",
    FestivalSettings,
    find_festivals,
    _why_now,
    facts={"festival": "double-eleven", "label": "11.11"},
    turns=tuple({"festival": name} for name in FESTIVALS),
    foreseeable=True,
)
