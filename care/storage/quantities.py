"""How much customers bought at a time, and how much longer more of it lasts; in DuckDB."""

import ibis
import pandas as pd

from care.domain.setaside import Columns
from care.storage.history import fetch

MORE = Columns("more", {"customer_key": "int64", "type_key": "int64", "more": "float64"})
"""One row per customer and type: ``more`` is the logarithm of what she bought last, as a multiple
of what she usually buys at a time."""

FEW = 200.0
"""Squared logarithms of multiples that are thought to have changed nothing: with little to learn
from, a quantity is taken to change nothing."""


def elasticity(history: ibis.Table) -> float:
    """By how many per cent an interval is longer after one per cent more was bought, 0 to 1.

    Least squares of the logarithm of each interval on the logarithm of the quantity before it, both
    as they depart from the customer's own mean for the type, drawn towards 0 by ``FEW``.
    """
    days = _days(history)
    hers = ibis.window(group_by=("customer_key", "type_key"))
    after = ibis.window(group_by=("customer_key", "type_key"), order_by="day")
    followed = days.mutate(next_day=days.day.lead(1).over(after))
    followed = followed.filter(followed.next_day.notnull())
    lasted = followed.next_day.delta(followed.day, unit="day").cast("float64").ln()
    pairs = followed.mutate(lasted=lasted)
    pairs = pairs.mutate(
        x=pairs.quantity - pairs.quantity.mean().over(hers),
        y=pairs.lasted - pairs.lasted.mean().over(hers),
    )
    sums = pairs.agg(xy=(pairs.x * pairs.y).sum(), xx=(pairs.x * pairs.x).sum())
    found = sums.to_pyarrow().to_pylist()[0]
    slope = (found["xy"] or 0.0) / ((found["xx"] or 0.0) + FEW)
    return min(max(slope, 0.0), 1.0)


def bought_more(history: ibis.Table) -> pd.DataFrame:
    """How much more than usual each bought of a type when she last did; columns of ``MORE``."""
    days = _days(history)
    found = days.group_by("customer_key", "type_key").agg(
        more=days.quantity.argmax(days.day) - days.quantity.mean()
    )
    return fetch(found.order_by("customer_key", "type_key"), MORE)


def _days(history: ibis.Table) -> ibis.Table:
    """The logarithm of the quantity of each customer, type and day."""
    lines = history.filter(history.quantity > 0)
    days = lines.group_by("customer_key", "type_key", "day").agg(quantity=lines.quantity.sum())
    return days.mutate(quantity=days.quantity.ln())
