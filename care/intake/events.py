"""What customers look at and put into the cart, added up as a night begins.

There may be many millions of rows, so that only their sums leave DuckDB.
"""

from collections.abc import Mapping
from datetime import date, timedelta

import ibis
import ibis.expr.datatypes as dt
import pandas as pd
import pyarrow as pa

from care.domain.event import EVENTS, KINDS, WINDOW_DAYS
from care.domain.setaside import Flaw
from care.intake.line import moments
from care.intake.localday import INSTANT, local_day, night_begins
from care.intake.sources import Events, Sources
from care.intake.table import PLACE, OpenTable, connect, open_table
from care.intake.taken import Summed, in_order, set_aside, torn_rows

_FIELDS: Mapping[Flaw, str] = {
    Flaw.MISSING_KEY: "keys",
    Flaw.BAD_TIME: "happened_at",
    Flaw.UNKNOWN_CUSTOMER: "customer_id",
    Flaw.UNKNOWN_PRODUCT: "product_id",
    Flaw.UNKNOWN_VALUE: "kind",
}
"""Every flaw an event can have, and the column at fault."""


def read_events(
    sources: Sources,
    table: Events,
    *,
    customers: pd.DataFrame,
    products: pd.DataFrame,
    night: date,
    timezone: str,
    samples: int = 100,
) -> Summed:
    """Read the events of the window before a night, each of which is added up or set aside.

    ``customers``: ``customer_id, customer_key``. ``products``: ``product_id, product_key``.
    ``timezone``: IANA zone of the local day. Events outside of the window count nowhere; one told
    twice counts once. ``kept`` has the columns of ``EVENTS``; ``set_aside`` lists up to ``samples``
    rows of a reason.

    Raises:
        UnableToReadSources: a file or a required column is not there, or of a type that cannot be
            used.
    """
    connection = connect()
    opened = open_table(connection, sources, table)
    told = _in_window(opened, sources, night, timezone)
    keyed = told.left_join(_keys(customers, "customer"), "customer_id")
    keyed = keyed.select(told, keyed.customer_key)
    known = keyed.left_join(_keys(products, "product"), "product_id")
    known = known.select(keyed, known.product_key)
    judged = known.select(
        *PLACE, "customer_key", "product_key", "kind", "happened_at",
        flaw=_flaw(known), value=_at_fault(known),
    )  # fmt: skip
    # Computed once, on disk where memory ends.
    events = connection.create_table("events", judged, temp=True)
    counts = events.group_by("flaw").agg(rows=events.count()).to_pyarrow().to_pandas()
    aside = counts.dropna(subset="flaw")
    reasons = {
        str(flaw): int(rows) for flaw, rows in zip(aside["flaw"], aside["rows"], strict=True)
    }
    return Summed(
        kept=_summed(events.filter(events.flaw.isnull()), timezone),
        set_aside=_listed(opened, events, reasons, samples),
        read=int(counts["rows"].sum()) + len(opened.torn),
        rows=int(counts.loc[counts["flaw"].isna(), "rows"].sum()),
        reasons=reasons | opened.torn_by_flaw,
    )


def _in_window(
    opened: OpenTable[Events], sources: Sources, night: date, timezone: str
) -> ibis.Table:
    """Events between two instants, or at no time that makes sense."""
    said = opened.value("happened_at")
    told = opened.rows.select(
        *PLACE,
        customer_id=opened.key("customer_id"),
        product_id=opened.key("product_id"),
        kind=opened.text("kind").lower(),
        happened_at=moments(opened, sources, "happened_at"),
        happened_at_said=said,
    )
    begins = night_begins(night - timedelta(days=WINDOW_DAYS), timezone)
    ends = night_begins(night, timezone)
    inside = (told.happened_at >= ibis.literal(begins, INSTANT)) & (
        told.happened_at < ibis.literal(ends, INSTANT)
    )
    return told.filter(told.happened_at.isnull() | inside)


def _keys(known: pd.DataFrame, noun: str) -> ibis.Table:
    columns = known[[f"{noun}_id", f"{noun}_key"]].drop_duplicates(f"{noun}_id")
    return ibis.memtable(pa.Table.from_pandas(columns, preserve_index=False))


def _flaw(event: ibis.Table) -> ibis.Value:
    """Name the first thing wrong with an event, missing where nothing is."""
    return ibis.cases(
        (event.customer_id.isnull() | event.product_id.isnull(), Flaw.MISSING_KEY.value),
        (event.happened_at.isnull(), Flaw.BAD_TIME.value),
        (event.customer_key.isnull(), Flaw.UNKNOWN_CUSTOMER.value),
        (event.product_key.isnull(), Flaw.UNKNOWN_PRODUCT.value),
        (~event.kind.isin(KINDS).fill_null(False), Flaw.UNKNOWN_VALUE.value),
        else_=ibis.null(dt.string),
    )


def _at_fault(event: ibis.Table) -> ibis.Value:
    """Quote the field at fault as text, for the few events with a flaw only."""
    keys = (event.customer_id, event.product_id)
    said = {
        "keys": ibis.literal(" / ").join([key.fill_null("?") for key in keys]),
        "happened_at": event.happened_at_said.cast("string"),
        "customer_id": event.customer_id,
        "product_id": event.product_id,
        "kind": event.kind,
    }
    flaw = _flaw(event)
    cases = [(flaw == one.value, said[field]) for one, field in _FIELDS.items()]
    return ibis.cases(*cases, else_=None)


def _summed(events: ibis.Table, timezone: str) -> pd.DataFrame:
    of = ["customer_key", "product_key", "kind"]
    once = events.select(*of, "happened_at").distinct()  # feeds that overlap tell things twice
    sums = once.group_by(of).agg(times=once.count(), last_at=once.happened_at.max())
    found = sums.select(*of, "times", last_on=local_day(sums.last_at, timezone)).order_by(of)
    frame: pd.DataFrame = found.to_pyarrow().to_pandas()
    return EVENTS.check(frame.astype(dict(EVENTS.dtypes)))


def _listed(
    opened: OpenTable[Events], events: ibis.Table, reasons: Mapping[str, int], samples: int
) -> pd.DataFrame:
    """List the first rows of each flaw, in the order of the files."""
    found = []
    for flaw in map(Flaw, sorted(reasons)):
        first = events.filter(events.flaw == flaw.value).order_by(*PLACE).limit(samples)
        rows = first.select(*PLACE, "value").to_pyarrow().to_pandas()
        rows = rows.assign(key=pd.Series(dtype="str"))
        found.append(
            set_aside(
                opened, rows, field=_FIELDS[flaw], values=rows["value"], flaw=flaw, scope="row"
            )
        )
    return in_order([*found, *torn_rows(opened, most=samples)])
