"""What is not as it was the night before: texts, settings, volume, mix."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import orjson
import pandas as pd
from sqlalchemy import Connection

from care.desk.verdict import find
from care.runtime import Runtime
from care.storage import messages, nights, reviews, tallies, wordings
from care.storage.database import reading

LOOKS_BACK = timedelta(days=31)
"""A campaign that wrote to nobody for longer has nothing to be compared with."""
MIX = ("tier", "channel", "locale", "gift_id")


@dataclass(frozen=True, slots=True)
class TextChange:
    """One template that reads otherwise; ``difference``: lines of a unified diff.

    It is missing (None) where a text was not kept, and only that it changed is known.
    """

    template: str
    part: str
    difference: list[str] | None


@dataclass(frozen=True, slots=True)
class FigureChange:
    """One figure or setting. ``what``: such as ``messages``, ``gold``, ``lead_days``.

    ``before``, ``now``: in words, or minor units where it is ``gift_cost``; missing where there was
    or is none.
    """

    what: str
    before: str | None
    now: str | None


@dataclass(frozen=True, slots=True)
class Changes:
    """Since ``before``, the planned night before with this campaign; None: it is the first.

    ``mix``: by ``tier``, ``channel``, ``locale`` and ``gift``, what share of the messages each has
    whose share is another one. ``settings`` is None where the policy of one of the nights was not
    kept.
    """

    before: date | None
    texts: list[TextChange]
    settings: list[FigureChange] | None
    volume: list[FigureChange]
    mix: Mapping[str, list[FigureChange]]


def changed_since_yesterday(runtime: Runtime, night: date, campaign: str) -> Changes:
    """Compare a campaign of the night with the last night before that had it.

    Raises:
        UnableToDecide: no such campaign.
    """
    with reading(runtime.engine) as connection:
        now = find(connection, night, campaign)
        written = tallies.read_messages(
            connection, since=night - LOOKS_BACK, until=night, campaign=campaign
        )
        earlier = written.loc[written["night"] < pd.Timestamp(night), "night"]
        if earlier.empty:
            return Changes(None, [], [], [], {})
        before = earlier.max().date()
        stood = reviews.find_campaign(connection, before, campaign) or now
        texts = _texts(connection, campaign, before, night)
        settings = _settings(connection, campaign, before, night)
    nights_of = [written[written["night"] == pd.Timestamp(one)] for one in (before, night)]
    mix = {
        by.removesuffix("_id"): _differing(*(_shares(one, by) for one in nights_of)) for by in MIX
    }
    return Changes(
        before=before,
        texts=texts,
        settings=settings,
        volume=_differing(
            {"messages": f"{stood.messages}", "gift_cost": f"{stood.gift_cost}"}
            | {"fallbacks": f"{stood.fallback_share:.0%}"},
            {"messages": f"{now.messages}", "gift_cost": f"{now.gift_cost}"}
            | {"fallbacks": f"{now.fallback_share:.0%}"},
        ),
        mix={by: rows for by, rows in mix.items() if rows},
    )


def _shares(written: pd.DataFrame, by: str) -> dict[str, str]:
    """What share of a night's messages each value of a column has."""
    total = int(written["messages"].sum())
    found = written.groupby(by)["messages"].sum()
    return {str(name) or "none": f"{count / total:.0%}" for name, count in found.items()}


def _differing(before: Mapping[str, str], now: Mapping[str, str]) -> list[FigureChange]:
    return [
        FigureChange(what, before.get(what), now.get(what))
        for what in sorted({*before, *now})
        if before.get(what) != now.get(what)
    ]


def _texts(connection: Connection, campaign: str, before: date, now: date) -> list[TextChange]:
    """Templates whose version is another one, and what differs in them."""
    versions = [
        {
            template: version
            for name, _, _, template, version in messages.read_versions(connection, night, campaign)
            if name == campaign
        }
        for night in (before, now)
    ]
    found = []
    for template in sorted(set(versions[0]) & set(versions[1])):
        old, new = (one[template] for one in versions)
        if old == new:
            continue
        said = [wordings.read_text(connection, template, version) for version in (old, new)]
        if not all(said):
            found.append(TextChange(template, "all", None))
        parts = [part for part in said[1] if said[0].get(part, said[1][part]) != said[1][part]]
        found += [
            TextChange(template, one, difference(said[0][one], said[1][one])) for one in parts
        ]
        if all(said) and not parts:  # only what it includes is another one
            found.append(TextChange(template, "included", None))
    return found


def difference(before: str, now: str) -> list[str]:
    """Lines of a unified diff without its head."""
    lines = difflib.unified_diff(before.splitlines(), now.splitlines(), lineterm="", n=1)
    return list(lines)[2:]


def _settings(
    connection: Connection, campaign: str, before: date, now: date
) -> list[FigureChange] | None:
    """Keys of the policy that concern the campaign and have another value; None: not known."""
    known = []
    for night in (before, now):
        record = nights.find_night(connection, night)
        kept = None if record is None else wordings.read_policy(connection, record.policy_sha256)
        if kept is None:
            return None
        known.append(_flat(_about(kept, campaign)))
    return _differing(*known)


def _about(kept: Mapping[str, object], campaign: str) -> dict[str, object]:
    """The part of a policy that a campaign's messages may depend on."""
    found: dict[str, object] = {}
    for table, value in kept.items():
        if table in ("campaigns", "ladders") and isinstance(value, Mapping):
            found[table] = {campaign: value.get(campaign)}
        else:
            found[table] = value
    return found


def _flat(value: object, place: str = "") -> dict[str, str]:
    if isinstance(value, Mapping):
        found: dict[str, str] = {}
        for name, one in value.items():
            found |= _flat(one, f"{place}.{name}" if place else str(name))
        return found
    return {place: orjson.dumps(value).decode()}
