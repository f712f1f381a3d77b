"""What a night's rules look at: the snapshot, the history and the ledger, opened as columns."""

from datetime import date, timedelta

import ibis
import pandas as pd

from care.domain.campaign import Tables
from care.domain.campaigns import CAMPAIGNS
from care.domain.campaigns.keep_in_touch import silent_from
from care.domain.campaigns.review_letter import period_tonight
from care.domain.consent import welcome
from care.domain.curve import with_curves
from care.domain.event import WINDOW_DAYS, left_behind
from care.domain.product import catalogue
from care.policy import Policy
from care.rhythms import Habits
from care.runtime import Runtime
from care.standing import with_standings
from care.storage import nights, people, points
from care.storage.buyers import bought_lately
from care.storage.curves import read_curves, read_interests
from care.storage.database import reading
from care.storage.look_back import read_looked_back
from care.storage.owners import read_owned
from care.storage.snapshot import Snapshot, read_if_pinned


def open_tables(
    runtime: Runtime,
    snapshot: Snapshot,
    history: ibis.Table,
    standings: pd.DataFrame,
    habits: Habits,
    sold: pd.DataFrame,
    *,
    night: date,
) -> Tables:
    """Read and work out all that a rule may ask for.

    ``standings``: of ``find_all_standings``, with the points settled that followed from them.
    ``sold``: the products as the snapshot pins them.
    """
    policy = runtime.policy
    remembered = {
        name: night - timedelta(days=chosen.remembers_days)
        for name, chosen in policy.enabled.items()
        if chosen.remembers_days
    }
    with reading(runtime.engine) as connection:
        everybody = people.read_people(connection)
        held = points.read_points(connection)
        past = nights.read_past(connection, remembered)
        out_of_touch = nights.read_out_of_touch(connection, silent_from(policy.enabled, night))
    products = with_curves(
        catalogue(sold, never_name=(*policy.wording.never_name, *policy.wording.sensitive)),
        read_curves(history, night=night),
        sold.set_index("product_key")["category"],
        night=night,
    )
    events = read_if_pinned(runtime.store, snapshot.events)
    unpaid = read_if_pinned(runtime.store, snapshot.unpaid)
    return Tables(
        customers=with_standings(
            runtime, history, everybody, standings, held, night=night, events=events
        ),
        rhythms=habits.rhythms,
        # A habit that she must not be told of leaves room for the next one.
        breaks=habits.breaks[welcome(habits.breaks, everybody, policy.wording.sensitive)],
        silences=habits.silences,
        past=past,
        out_of_touch=out_of_touch,
        products=products,
        owned=read_owned(history, products, night=night),
        cases=read_if_pinned(runtime.store, snapshot.cases),
        deliveries=read_if_pinned(runtime.store, snapshot.deliveries),
        interests=read_interests(history, products, sold, night=night),
        looked_back=read_looked_back(history, products, period_tonight(policy.enabled, night)),
        reviews=read_if_pinned(runtime.store, snapshot.reviews),
        events=events,
        unpaid=unpaid,
        bought=bought_lately(
            history,
            left_behind(events, unpaid, products, night=night),
            since=night - timedelta(days=WINDOW_DAYS),
        ),
    )


def left_out(policy: Policy, tables: Tables) -> dict[str, list[str]]:
    """Campaigns whose inputs the shop does not deliver, and which those are."""
    lacking = {name: CAMPAIGNS[name].lacking(tables) for name in policy.enabled}
    return {name: inputs for name, inputs in lacking.items() if inputs}
