"""An order line as the shop delivers it, under the house's keys, with its flaw if it has one."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import ibis
import ibis.expr.datatypes as dt

from care.domain.order import ORDERS, STATES, VOID
from care.domain.setaside import Flaw
from care.intake.localday import INSTANT, instants, local_day
from care.intake.money import minor_units
from care.intake.sources import Orders, Sources
from care.intake.table import PLACE, OpenTable

FIELDS: Mapping[Flaw, str] = {
    Flaw.MISSING_KEY: "keys",
    Flaw.BAD_TIME: "ordered_at",
    Flaw.UNKNOWN_CUSTOMER: "customer_id",
    Flaw.NOT_MERCHANDISE: "product_id",
    Flaw.UNKNOWN_PRODUCT: "product_id",
    Flaw.UNKNOWN_VALUE: "state",
    Flaw.BAD_QUANTITY: "quantity",
    Flaw.BAD_AMOUNT: "amount",
}
"""Every flaw a line can have by itself, and the column at fault; ``keys`` are all three."""

_EARLIEST, _LATEST = "1990-01-01", "2200-01-01"
_MOST = 1_000_000  # of one product in one order
_OFFSET = r":[0-9]{2}(\.[0-9]+)? ?(Z|[+-][0-9]{2}(:?[0-9]{2})?)$"


def lines_before(
    opened: OpenTable[Orders],
    sources: Sources,
    *,
    customers: ibis.Table,
    products: ibis.Table,
    until: datetime,
    timezone: str,
) -> ibis.Table:
    """Every line ordered before an instant, or at no time that makes sense.

    ``customers``: ``customer_id, customer_key``. ``products``: ``product_id, product_key,
    type_key, excluded``. Returns ``PLACE``, the columns of ``ORDERS`` (missing where they make no
    sense), ``state``, ``flaw``, and ``value``, which is what the field at fault said. Of a line
    that is void, quantity and amount do not matter.
    """
    said = _said(opened, sources)
    said = said.filter(said.ordered_at.isnull() | (said.ordered_at < ibis.literal(until, INSTANT)))
    keyed = said.left_join(customers, "customer_id").select(said, customers.customer_key)
    keyed = keyed.left_join(products, "product_id").select(
        keyed, products.product_key, products.type_key, products.excluded
    )
    judged = keyed.mutate(flaw=_flaw(keyed), day=local_day(keyed.ordered_at, timezone))
    return judged.select(*PLACE, *ORDERS.dtypes, "state", "flaw", value=_at_fault(judged))


def _said(opened: OpenTable[Orders], sources: Sources) -> ibis.Table:
    """Read the shop's lines in the house's types; missing where a value makes no sense."""
    amount, ordered_at, quantity = (opened.value(n) for n in ("amount", "ordered_at", "quantity"))
    return opened.rows.select(
        *PLACE,
        **{name: opened.key(name) for name in opened.table.KEYS},
        quantity=quantity.try_cast("float64"),
        amount_minor=minor_units(amount, money=opened.table.money),
        ordered_at=moments(opened, sources, "ordered_at"),
        state=opened.text("state").lower().fill_null(STATES[0]),
        quantity_said=quantity,
        amount_said=amount,
        ordered_at_said=ordered_at,
    )


def moments(opened: OpenTable[Any], sources: Sources, name: str) -> ibis.Value:
    """Read a column of moments as instants; missing where one makes no sense.

    Raises:
        UnableToReadSources: it is of a type that holds none.
    """
    said = opened.value(name)
    kind = said.type()
    if not (kind.is_timestamp() or kind.is_date() or kind.is_string()):
        raise sources.unable(
            opened.table,
            f"columns.{name}",
            f"{opened.table.shop_column(name)} is of type {kind}; "
            "give a timestamp, a date or a text such as 2017-03-05 18:30:00.",
        )
    return as_instants(said, opened.table.timezone)


def as_instants(times: ibis.Value, timezone: str) -> ibis.Value:
    """Read timestamps, dates or texts as instants; those that name no zone are in the one given."""
    kind = times.type()
    if kind.is_string():  # a cast to a timestamp would drop an offset without a word
        zoned = times.re_search(_OFFSET)
        return ibis.ifelse(
            zoned,
            _sane(ibis.ifelse(zoned, times, None).try_cast(INSTANT)),
            instants(_sane(times.try_cast(dt.timestamp)), timezone),
        )
    if kind.is_timestamp() and kind.timezone is not None:
        return _sane(times.cast(INSTANT))
    return instants(_sane(times.cast(dt.timestamp)), timezone)


def _sane(times: ibis.Value) -> ibis.Value:
    """Missing where a time lies so far off that it must be a stand-in or a slip."""
    first, last = (ibis.literal(edge, times.type()) for edge in (_EARLIEST, _LATEST))
    return ibis.ifelse((times >= first) & (times < last), times, None)


def _flaw(line: ibis.Table) -> ibis.Value:
    """Name the first thing wrong with a line, missing where nothing is."""
    nameless = line.order_id.isnull() | line.customer_id.isnull() | line.product_id.isnull()
    quantity, amount = line.quantity, line.amount_minor
    # NaN compares as greater than everything in DuckDB
    countable = (quantity > 0) & (quantity < _MOST) & ~quantity.isnan()
    counts = ~line.state.isin(VOID)  # shops that void a line often empty or negate what it said
    return ibis.cases(
        (nameless, Flaw.MISSING_KEY.value),
        (line.ordered_at.isnull(), Flaw.BAD_TIME.value),
        (line.customer_key.isnull(), Flaw.UNKNOWN_CUSTOMER.value),
        (line.excluded, Flaw.NOT_MERCHANDISE.value),
        (line.product_key.isnull(), Flaw.UNKNOWN_PRODUCT.value),
        (~line.state.isin(STATES), Flaw.UNKNOWN_VALUE.value),
        (counts & ~countable.fill_null(False), Flaw.BAD_QUANTITY.value),
        (counts & (amount.isnull() | (amount < 0)), Flaw.BAD_AMOUNT.value),
        else_=ibis.null(dt.string),
    )


def _at_fault(line: ibis.Table) -> ibis.Value:
    """Quote the field at fault as text, which is made for the few lines with a flaw only."""
    keys = (line.order_id, line.customer_id, line.product_id)
    said = {
        "keys": ibis.literal(" / ").join([key.fill_null("?") for key in keys]),
        "ordered_at": line.ordered_at_said.cast("string"),
        "customer_id": line.customer_id,
        "product_id": line.product_id,
        "state": line.state,
        "quantity": line.quantity_said.cast("string"),
        "amount": line.amount_said.cast("string"),
    }
    cases = [(line.flaw == flaw.value, said[field]) for flaw, field in FIELDS.items()]
    return ibis.cases(*cases, else_=None)
