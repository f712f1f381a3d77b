"""Amounts of money as integers of minor units, exact to the cent."""

import ibis
import ibis.expr.datatypes as dt

from care.intake.sources import Money

_LIMIT = 10**12  # more than any order, little enough for every step to fit into 64 bits
_MILLION = 1_000_000
_DECIMALS = dt.Decimal(38, 6)

_quotient = ibis.udf.scalar.builtin(  # Ibis would divide the integers through floats
    lambda _number, _by: None, name="divide", signature=((dt.int64, dt.int64), dt.int64)
)


def minor_units(amounts: ibis.Value, *, money: Money) -> ibis.Value:
    """Amounts as int64 minor units, ties to the even one; missing where there is no amount.

    Takes integers, decimals, floats or text (a plain number: no currency, no separators) of which
    six decimals count. So much of a float is its meaning and the rest the noise of its binary
    fraction: 1.115 is stored as 1.11499999999999999. NaN, infinities, other text and amounts from
    10¹² on are missing.
    """
    numbers = _numbers(amounts) if amounts.type().is_floating() else amounts.try_cast(_DECIMALS)
    sane = ibis.ifelse(numbers.abs() < _LIMIT, numbers, None)
    millionths = (sane * _MILLION).round().cast("int64")
    one = _MILLION // 100 if money == "major" else _MILLION
    units, rest = _quotient(millionths, one), millionths % one
    up = (rest > one // 2) | ((rest == one // 2) & (units % 2 == 1))
    return units + up.cast("int64")


def _numbers(floats: ibis.Value) -> ibis.Value:
    """Drop NaN by name: DuckDB decides ``x < 10¹²`` by what a Parquet file says of its greatest.

    Files leave NaN out of their smallest and greatest value, so that NaN would pass any limit.
    """
    return ibis.ifelse(floats.isnan(), None, floats)
