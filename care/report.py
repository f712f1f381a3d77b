"""The night in numbers: what came in, who was due, and what became of everybody."""

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson
import pandas as pd
from sqlalchemy import Connection

from care.domain.title import KINDS, NOTHING
from care.runtime import Runtime
from care.storage import batches, messages, nights, reviews
from care.storage.batches import BatchRecord
from care.storage.database import reading
from care.storage.models import ModelRecord, find_trained, read_events
from care.storage.nights import NightRecord
from care.storage.reviews import CampaignNight
from care.storage.snapshot import Snapshot, load_snapshot


@dataclass(frozen=True, slots=True)
class NightReport:
    """One night, as the ledger and its snapshot tell it.

    ``exclusions``: ``campaign, outcome, reason, count``. ``touches``: ``campaign, arm, state,
    count, gift_cost``. ``messages``: ``campaign, channel, locale, state, count, segments``.
    ``models``: what the night trained, by kind; ``untrained``: why it trained nothing of a kind.
    """

    record: NightRecord
    snapshot: Snapshot
    exclusions: pd.DataFrame
    touches: pd.DataFrame
    messages: pd.DataFrame
    campaigns: list[CampaignNight]
    batches: list[BatchRecord]
    models: Mapping[str, ModelRecord]
    untrained: Mapping[str, str]
    currency: str

    def count(self, arm: str) -> dict[str, int]:
        """Touches of one arm by campaign, but for those that a reviewer took out."""
        rows = self._kept[self._kept["arm"] == arm]
        return _by(rows, "campaign")

    @property
    def _kept(self) -> pd.DataFrame:
        return self.touches[self.touches["state"] != nights.TAKEN_OUT]

    def outcome(self, outcome: str) -> dict[str, dict[str, int]]:
        """Candidates excluded or deferred: campaign → reason → count."""
        rows = self.exclusions[self.exclusions["outcome"] == outcome]
        return {str(campaign): _by(group, "reason") for campaign, group in rows.groupby("campaign")}

    @property
    def customers(self) -> int:
        """Customers taken in."""
        return self.snapshot.counts["customers"].kept

    @property
    def order_lines(self) -> int:
        """Order lines taken in."""
        return self.snapshot.counts["orders"].kept

    @property
    def set_aside(self) -> dict[str, int]:
        """Rows set aside by reason, over all of the shop's tables."""
        total: Counter[str] = Counter()
        for count in self.snapshot.counts.values():
            total.update(count.set_aside)
        return dict(sorted(total.items()))

    @property
    def gift_cost(self) -> int:
        """What tonight's gifts cost, in minor units."""
        return int(self._kept["gift_cost"].sum())

    @property
    def waiting(self) -> list[str]:
        """Campaigns that a person must decide."""
        return [one.campaign for one in self.campaigns if one.state in ("waiting", "held")]

    def numbers(self) -> dict[str, Any]:
        """What ``night.json`` holds."""
        return {
            "night": self.record.night.isoformat(),
            "customers": self.customers,
            "order_lines": self.order_lines,
            "set_aside": self.set_aside,
            "paused": dict(self.record.paused),
            "warnings": [dict(warning) for warning in self.record.warnings],
            "due": dict(sorted(self.record.due.items())),
            "excluded": self.outcome("excluded"),
            "deferred": {
                campaign: sum(reasons.values())
                for campaign, reasons in self.outcome("deferred").items()
            },
            "held_out": self.count("held_out"),
            "touched": self.count("treated"),
            "messages": _by(self.messages, "channel"),
            "gift_cost": self.gift_cost,
            "account": dict(self.record.account),
            "batches": [
                {"channel": one.channel, "batch_id": one.batch_id, "records": one.records}
                for one in self.batches
            ],
            "waiting_review": self.waiting,
            "models": {
                kind: {
                    "champion": self.record.champions.get(kind),
                    "trained": trained.name,
                    "verdict": trained.verdict,
                    "figures": trained.figures,
                }
                for kind, trained in self.models.items()
            }
            | {
                kind: {
                    "champion": self.record.champions.get(kind),
                    "trained": NOTHING,
                    "verdict": why,
                    "figures": {},
                }
                for kind, why in self.untrained.items()
            },
        }


def _by(rows: pd.DataFrame, column: str) -> dict[str, int]:
    return {str(name): int(count) for name, count in rows.groupby(column)["count"].sum().items()}


def night_report(runtime: Runtime, night: date) -> NightReport:
    """Report on a planned night.

    Raises:
        UnableToReport: the night is not planned.
    """
    with reading(runtime.engine) as connection:
        record = nights.find_night(connection, night)
        if record is None:
            raise UnableToReport(f"{night} is not planned. `care night --night {night}` plans it.")
        return _report(runtime, connection, record)


class UnableToReport(Exception):
    """There is nothing to report on."""


def last_report(runtime: Runtime) -> NightReport | None:
    """Report on the latest planned night, or nothing before the first one."""
    with reading(runtime.engine) as connection:
        night = nights.latest_night(connection)
        record = None if night is None else nights.find_night(connection, night)
        return None if record is None else _report(runtime, connection, record)


def _report(runtime: Runtime, connection: Connection, record: NightRecord) -> NightReport:
    trained = {kind: find_trained(connection, kind, record.night) for kind in KINDS}
    models = {kind: model for kind, model in trained.items() if model is not None}
    happened = read_events(connection, night=record.night)
    return NightReport(
        record=record,
        snapshot=load_snapshot(runtime.store, record.night),
        exclusions=nights.count_exclusions(connection, record.night),
        touches=nights.count_touches(connection, record.night),
        messages=messages.count_messages(connection, record.night),
        campaigns=reviews.list_campaigns(connection, night=record.night),
        batches=batches.list_batches(connection, night=record.night),
        models=models,
        untrained={
            one.kind: one.reason
            for one in happened
            if one.name == NOTHING and one.kind not in models
        },
        currency=runtime.policy.shop.currency,
    )


def write_night_json(runtime: Runtime) -> None:
    """Keep ``night.json`` in the home up to date with the last night."""
    found = last_report(runtime)
    if found is None:
        return
    path = runtime.settings.home / "night.json"
    draft = path.with_name(f".night.json.{os.getpid()}")
    path.parent.mkdir(parents=True, exist_ok=True)
    draft.write_bytes(orjson.dumps(found.numbers(), option=orjson.OPT_INDENT_2))
    os.replace(draft, path)
