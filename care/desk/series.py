"""Small frames over many nights, for pictures."""

from datetime import date

import pandas as pd

from care.domain.title import KINDS
from care.runtime import Runtime
from care.storage import batches, gifts, models, tallies
from care.storage.database import reading


def touches_by_night(runtime: Runtime, *, since: date, until: date) -> pd.DataFrame:
    """``night, campaign, messages, gift_cost, fallbacks`` of the nights between, both included."""
    with reading(runtime.engine) as connection:
        found = tallies.read_messages(connection, since=since, until=until)
    sums = ["messages", "gift_cost", "fallbacks"]
    return found.groupby(["night", "campaign"], as_index=False)[sums].sum()


def exclusions_by_night(runtime: Runtime, *, since: date, until: date) -> pd.DataFrame:
    """``night, outcome, reason, count``: what was due and got no message, over all campaigns."""
    with reading(runtime.engine) as connection:
        found = tallies.read_exclusions(connection, since=since, until=until)
    return found.groupby(["night", "outcome", "reason"], as_index=False)[["count"]].sum()


def gift_spend(runtime: Runtime, *, since: date, until: date) -> pd.DataFrame:
    """``night, spent, budget``, minor units; the budget missing where there is no limit."""
    with reading(runtime.engine) as connection:
        return gifts.read_spend(connection, since=since, until=until)


def batches_by_night(runtime: Runtime, *, since: date, until: date) -> pd.DataFrame:
    """``night, channel, state, batches, records, accepted, rejected``: what gateways answered.

    ``night``: the business date a batch left on.
    """
    with reading(runtime.engine) as connection:
        return batches.count_answers(connection, since=since, until=until)


def model_figures(runtime: Runtime, kind: str, *, since: date, until: date) -> pd.DataFrame:
    """``night, model, metric, value, trained, refused``: what was measured, baselines beside it.

    ``kind``: ``items`` or ``timing``. ``trained``: the model that the night trained, which the gate
    refused or not; the others are what it was measured against.
    """
    if kind not in KINDS:
        raise ValueError(f"there is no kind of model {kind!r}; there are {', '.join(KINDS)}")
    with reading(runtime.engine) as connection:
        known = models.list_models(connection, kind)
    rows = [
        (one.night, model, metric, value, model == one.name, one.refused)
        for one in reversed(known)
        if since <= one.night <= until
        for model, figures in one.figures.items()
        for metric, value in figures.items()
    ]
    columns = ["night", "model", "metric", "value", "trained", "refused"]
    return pd.DataFrame(rows, columns=columns)
