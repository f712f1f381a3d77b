"""Small frames over many nights, for pictures."""

from datetime import date

import pandas as pd

from care.domain.title import KINDS
from care.report import UnableToReport
from care.runtime import Runtime
from care.storage import batches, gifts, messages, models, nights, tallies
from care.storage.database import reading
from care.storage.snapshot import read_manifest


def touches_by_night(runtime: Runtime, *, since: date, until: date) -> pd.DataFrame:
    """``night, campaign, messages, gift_cost, fallbacks`` of the nights between, both included."""
    with reading(runtime.engine) as connection:
        found = tallies.read_messages(connection, since=since, until=until)
    sums = ["messages", "gift_cost", "fallbacks"]
    return found.groupby(["night", "campaign"], as_index=False)[sums].sum()


def way_of_a_night(runtime: Runtime, night: date) -> pd.DataFrame:
    """``stage, count``: from all customers of a night to those whose message was accepted.

    Out of the night's sums, but for what left, which is counted along an index. What a reviewer
    took out is neither touched nor written.

    Raises:
        UnableToReport: the night is not planned.
    """
    with reading(runtime.engine) as connection:
        record = nights.find_night(connection, night)
        if record is None:
            raise UnableToReport(f"{night} is not planned. `care night --night {night}` plans it.")
        written = tallies.read_messages(connection, since=night, until=night)
        left_out = tallies.read_exclusions(connection, since=night, until=night)
        left = messages.count_left(connection, night)
    failed = left_out.loc[left_out["outcome"] == "failed", "count"].sum()
    composed = int(written["messages"].sum())
    counts = {
        "customers": read_manifest(runtime.store, night).counts["customers"].kept,
        "due": sum(record.due.values()),
        "touched": composed + int(failed),
        "written": composed,
        "sealed": sum(left.values()),
        "accepted": sum(n for (_, state), n in left.items() if state == "accepted"),
    }
    return pd.DataFrame({"stage": list(counts), "count": list(counts.values())})


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


def calibration(runtime: Runtime, *, since: date, until: date) -> pd.DataFrame:
    """``night, model, promised, seen, pairs`` of the last night between that trained for timing.

    The purchases that each model foretold to the week held back, in ten groups of equal size by
    promise: the mean chance ``promised``, and the share ``seen`` to come true. A night of which no
    groups were kept is passed over.
    """
    with reading(runtime.engine) as connection:
        known = models.read_watched(connection, "timing", since=since, until=until)
    kept = [(one.night, one.watched.get("calibration", {})) for one in known]
    night, groups = next(((night, found) for night, found in kept[::-1] if found), (None, {}))
    rows = [
        (night, model, one["promised"], one["seen"], int(one["pairs"]))
        for model, found in groups.items()
        for one in found
    ]
    return pd.DataFrame(rows, columns=["night", "model", "promised", "seen", "pairs"])


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
