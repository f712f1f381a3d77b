"""The shop's order lines up to a night, without ever needing them all in memory."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import ibis
import ibis.expr.datatypes as dt
import pandas as pd
import pyarrow as pa

from care.domain.order import ORDERS, UNPAID
from care.domain.setaside import Flaw
from care.intake.line import FIELDS, lines_before
from care.intake.localday import INSTANT
from care.intake.products import excluded_products
from care.intake.sources import Orders, Sources
from care.intake.table import PLACE, OpenTable, connect, open_table
from care.intake.taken import in_order, set_aside, torn_rows

_pair_hash = ibis.udf.scalar.builtin(
    lambda _order_id, _product_key: None, name="hash", signature=((dt.string, dt.int64), dt.uint64)
)
_line_hash = ibis.udf.scalar.builtin(
    lambda _customer, _product, _type, _order, _at, _day, _quantity, _amount, _state: None,
    name="hash",
    signature=(
        (*(dt.int64,) * 3, dt.string, INSTANT, dt.date, dt.float64, dt.int64, dt.string),
        dt.uint64,
    ),
)


UNPAID_DAYS = 30
"""An order that was placed longer ago and never paid concerns nobody any more."""


class UnableToTakeOrders(Exception):
    """The keys handed in cannot be told apart."""


@dataclass(frozen=True, slots=True)
class OrdersTaken:
    """The order lines of a night: those kept, as a relation, and what was set aside.

    ``lines``: those paid, an Ibis table on DuckDB with the columns of ``ORDERS``, in no order; the
    shop's files are no longer needed for it. ``void``: lines that are no purchases, be it not yet
    or no longer; ``order_id, product_key, day``. ``unpaid``: columns of ``UNPAID``, or nothing
    where the shop tells no states. ``by_day``: one row a local day of all these lines, ``day``
    datetime64[s], ``lines`` int64, ``digest`` uint64 (of the day's lines and their states, whatever
    their order). ``set_aside``: a sample of the rows set aside, columns ``SET_ASIDE``;
    ``rows_set_aside`` counts them all by reason. ``read = kept + sum(rows_set_aside.values())``.
    ``later``: lines there are that were ordered from the night on; they count nowhere.
    """

    lines: ibis.Table
    void: ibis.Table
    unpaid: pd.DataFrame | None
    by_day: pd.DataFrame
    rows_set_aside: dict[str, int]
    set_aside: pd.DataFrame
    read: int
    later: int

    @property
    def kept(self) -> int:
        """How many lines were taken, of whatever state."""
        return int(self.by_day["lines"].sum())


def open_orders(
    sources: Sources,
    *,
    customers: pd.DataFrame,
    products: pd.DataFrame,
    until: datetime,
    timezone: str,
    samples: int = 100,
) -> OrdersTaken:
    """Read the order lines before an instant, each with a flaw or none.

    ``customers``: ``customer_id, customer_key``. ``products``: ``product_id, product_key,
    type_key``. ``until``: the night's first instant; what was ordered from then on is not yet read
    and counts nowhere. ``timezone``: IANA zone of the local day. Of several lines of one product
    in one order the last one counts, by file name and row. ``samples``: how many rows of a reason
    are listed in ``set_aside``.

    Raises:
        UnableToReadSources: a file or a column is not there, or of a type that cannot be used.
        UnableToTakeOrders: a customer_id or product_id has two keys.
    """
    connection = connect()
    opened = open_table(connection, sources, sources.orders)
    read = lines_before(
        opened,
        sources,
        customers=_keys(connection, customers[["customer_id", "customer_key"]], "customer_id"),
        products=_catalogue(connection, sources, products),
        until=until,
        timezone=timezone,
    )
    # Computed once, on disk where memory ends: what follows is cheap, and sees the same rows even
    # if the shop replaces its files meanwhile.
    lines = _without_repeats(connection, connection.create_table("lines", read, temp=True))
    totals = _totals(lines)
    counts = totals.dropna(subset="flaw").groupby("flaw")["lines"].sum()
    by_flaw = {str(flaw): int(count) for flaw, count in counts.items()}
    told = int(totals["lines"].sum())
    sound = lines.filter(lines.flaw.isnull())
    tells_states = "state" in opened.rows.columns or sources.orders.default("state") is not None
    return OrdersTaken(
        lines=sound.filter(sound.state == "paid").select(*ORDERS.dtypes),
        void=sound.filter(sound.state != "paid").select("order_id", "product_key", "day"),
        unpaid=_unpaid(sound, since=until - timedelta(days=UNPAID_DAYS)) if tells_states else None,
        by_day=_by_day(totals),
        rows_set_aside=by_flaw | opened.torn_by_flaw,
        set_aside=_sample(opened, lines, by_flaw, samples, products),
        read=told + len(opened.torn),
        later=int(opened.rows.count().to_pyarrow().as_py()) - told,
    )


def _keys(connection: ibis.BaseBackend, keys: pd.DataFrame, name: str) -> ibis.Table:
    """Keys by the shop's own, each of which must stand once: a second would double its lines."""
    again = keys[name][keys[name].duplicated()]
    if len(again):
        raise UnableToTakeOrders(
            f"{name} {again.iloc[0]!r} has two keys; hand in one row for each {name}."
        )
    rows = ibis.memtable(pa.Table.from_pandas(keys, preserve_index=False))
    return connection.create_table(f"keys_by_{name}", rows, temp=True)


def _catalogue(
    connection: ibis.BaseBackend, sources: Sources, products: pd.DataFrame
) -> ibis.Table:
    """Every product by its product_id: those with keys, and those that are no merchandise."""
    columns = ["product_id", "product_key", "type_key"]
    keyed = _keys(connection, products[columns], "product_id").mutate(excluded=False)
    if not sources.products.exclude:
        return keyed
    excluded = excluded_products(open_table(connection, sources, sources.products))
    keyless = excluded.anti_join(keyed, "product_id").mutate(
        product_key=ibis.null(dt.int64), type_key=ibis.null(dt.int64), excluded=True
    )
    return keyed.union(keyless.select(*keyed.columns))


def _without_repeats(connection: ibis.BaseBackend, lines: ibis.Table) -> ibis.Table:
    """Give all but the last of the sound lines of one product in one order their flaw.

    Nearly every line stands alone. Hashes find the few that may not in one cheap pass, and only
    those are put in order.
    """
    sound = lines.filter(lines.flaw.isnull())
    hashed = sound.mutate(pair=_pair_hash(sound.order_id, sound.product_key))
    pairs = hashed.group_by("pair").agg(lines=hashed.count())
    repeated = pairs.filter(pairs.lines > 1).select("pair")
    newest_first = ibis.window(
        group_by=["order_id", "product_key"], order_by=[ibis.desc("file"), ibis.desc("row")]
    )
    ranked = hashed.semi_join(repeated, "pair").select(
        *PLACE, rank=ibis.row_number().over(newest_first)
    )
    older = connection.create_table("older", ranked.filter(ranked.rank > 0), temp=True)
    rest = [lines[name] for name in lines.columns if name != "flaw"]
    return lines.left_join(older, PLACE).select(
        *rest,
        flaw=ibis.ifelse(older.rank.notnull(), Flaw.DUPLICATE_LINE.value, lines.flaw),
    )


def _totals(lines: ibis.Table) -> pd.DataFrame:
    """Lines and their digest by day and flaw: all that is counted, in one pass."""
    # An exclusive or is the same in any order, and no line stands twice to cancel itself. Another
    # DuckDB may hash otherwise: then every month counts as changed once, and is written anew.
    digest = _line_hash(*(lines[name] for name in (*ORDERS.dtypes, "state"))).bit_xor()
    totals = lines.group_by("day", "flaw").agg(lines=lines.count(), digest=digest)
    frame: pd.DataFrame = totals.to_pyarrow().to_pandas()
    return frame


def _unpaid(sound: ibis.Table, *, since: datetime) -> pd.DataFrame:
    """The orders placed since an instant of which no line is paid."""
    lately = sound.filter(sound.ordered_at >= ibis.literal(since, INSTANT))
    paid = sound.filter(sound.state == "paid").select("customer_key", "order_id")
    placed = lately.filter(lately.state == "placed").anti_join(paid, ["customer_key", "order_id"])
    dearest = ibis.window(
        group_by=["customer_key", "order_id"],
        order_by=[ibis.desc("amount_minor"), "product_key"],
    )
    ranked = placed.mutate(
        rank=ibis.row_number().over(dearest),
        placed_on=placed.day.min().over(group_by=["customer_key", "order_id"]),
    )
    found = ranked.filter(ranked.rank == 0).order_by("customer_key", "order_id")
    frame: pd.DataFrame = found.select(*UNPAID.dtypes).to_pyarrow().to_pandas()
    return UNPAID.check(frame.astype(dict(UNPAID.dtypes)))


def _by_day(totals: pd.DataFrame) -> pd.DataFrame:
    kept = totals[totals["flaw"].isna()].sort_values("day", ignore_index=True)
    return kept[["day", "lines", "digest"]].astype(
        {"day": "datetime64[s]", "lines": "int64", "digest": "uint64"}
    )


def _sample(
    opened: OpenTable[Orders],
    lines: ibis.Table,
    flaws: Mapping[str, int],
    samples: int,
    products: pd.DataFrame,
) -> pd.DataFrame:
    """List the first rows of each flaw, in the order of the files."""
    found = [_listed(opened, lines, Flaw(flaw), samples, products) for flaw in sorted(flaws)]
    return in_order([*found, *torn_rows(opened, most=samples)])


def _listed(
    opened: OpenTable[Orders], lines: ibis.Table, flaw: Flaw, samples: int, products: pd.DataFrame
) -> pd.DataFrame:
    rows = lines.filter(lines.flaw == flaw.value).order_by(*PLACE).limit(samples)
    rows = rows.select(*PLACE, "product_key", "value", key=rows.order_id)
    found: pd.DataFrame = rows.to_pyarrow().to_pandas()
    values = found["value"]
    if flaw == Flaw.DUPLICATE_LINE:  # nothing it said is wrong by itself
        values = found["product_key"].map(products.set_index("product_key")["product_id"])
    field = FIELDS.get(flaw, "product_id")
    return set_aside(opened, found, field=field, values=values, flaw=flaw, scope="row")
