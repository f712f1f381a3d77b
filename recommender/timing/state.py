"""What is known of each customer and type on a day: her rhythm, her late purchases, her household.

Everything is read in one walk over sorted purchase days, so a million pairs take seconds.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recommender import columns
from recommender.keys import Ints, starts
from recommender.timing.model import PurchaseDays
from recommender.timing.rhythm import Visits, summary, visits

Floats32 = NDArray[np.float32]


def state(purchase_days: PurchaseDays, *, today: int) -> pd.DataFrame:
    """Summarise purchase days up to and including ``today``, one row a (customer, type).

    Like ``rhythm``, with more columns; a chunk must hold all rows of its customers.

    Returns:
        ``columns.STATES``, ordered by customer and type within each chunk.
    """
    chunks = [purchase_days] if isinstance(purchase_days, pd.DataFrame) else purchase_days
    parts = [_states(visits(chunk, today=today), today) for chunk in chunks]
    return pd.concat(parts, ignore_index=True) if parts else columns.empty(columns.STATES)


def house_days(of: Visits) -> pd.DataFrame:
    """Days on which a household bought anything, as purchase days of the one type 0."""
    house, day, _ = _house_visits(of)
    customers = of.customer[starts(of.customer)]
    return pd.DataFrame({columns.CUSTOMER: customers[house], columns.TYPE: 0, columns.DAY: day})


def _states(of: Visits, today: int) -> pd.DataFrame:
    pairs = summary(of)
    if pairs.empty:
        return columns.empty(columns.STATES)
    found = {name: pairs[name].to_numpy() for name in columns.PAIRS}
    found |= _late(of, today) | _house(of, today)
    return pd.DataFrame({name: found[name] for name in columns.STATES}, copy=False)


def _late(of: Visits, today: int) -> dict[str, NDArray[np.generic]]:
    purchases, pair, size = of.purchases, of.pair, of.start.size
    last = of.start + purchases - 1
    interval = np.diff(of.day, prepend=of.day[:1])
    interval[of.start] = 0
    found: dict[str, NDArray[np.generic]] = {}
    for back, name in enumerate(columns.INTERVALS):
        value = np.full(size, np.nan, dtype=np.float32)
        there = purchases > back + 1
        value[there] = interval[last[there] - back]
        found[name] = value
    found[columns.LONGEST_INTERVAL] = np.maximum.reduceat(interval, of.start)
    age = today - of.day
    found |= _recent(columns.RECENT, pair, age, size)
    return found | _decayed(columns.DECAYED, pair, age, size)


def _house(of: Visits, today: int) -> dict[str, NDArray[np.generic]]:
    first_pair = starts(of.customer)
    types = np.diff(np.append(first_pair, of.customer.size))
    size = types.size
    house, day, bought = _house_visits(of)
    first = starts(house)
    visit_count = np.diff(np.append(first, house.size))
    last = first + visit_count - 1
    interval = np.diff(day, prepend=day[:1])
    interval[first] = 0
    # An interval of 0 days stands for none, and log 1 = 0 adds nothing.
    log_sum = np.bincount(house, np.log(np.maximum(interval, 1)), size)
    age = today - day
    found: dict[str, NDArray[np.generic]] = {
        columns.HOUSE_TYPES: types.astype(np.int32),
        columns.HOUSE_VISITS: visit_count.astype(np.int32),
        columns.HOUSE_FIRST_DAY: day[first],
        columns.HOUSE_LAST_DAY: day[last],
        columns.HOUSE_MEAN_LOG_INTERVAL: log_sum
        / np.where(visit_count > 1, visit_count - 1.0, np.nan),
        columns.HOUSE_LAST_INTERVAL: interval[last],
        columns.HOUSE_LONGEST_INTERVAL: np.maximum.reduceat(interval, first),
        columns.HOUSE_PURCHASES: np.bincount(house, bought, size).astype(np.int32),
        columns.HOUSE_LAST_BASKET: bought[last].astype(np.int32),
    }
    found |= _recent(columns.HOUSE_RECENT, house, age, size)
    found |= _recent(columns.HOUSE_RECENT_PURCHASES, house, age, size, bought)
    found |= _decayed(columns.HOUSE_DECAYED, house, age, size)
    return {name: np.repeat(values, types) for name, values in found.items()}


def _house_visits(of: Visits) -> tuple[Ints, NDArray[np.int32], Ints]:
    """Household (counted from 0), day and number of types of each of its shopping days."""
    pairs = np.diff(np.append(starts(of.customer), of.customer.size))
    house_of_pair = np.repeat(np.arange(pairs.size), pairs)
    base = int(of.day.min()) if of.day.size else 0
    span = int(of.day.max()) - base + 1 if of.day.size else 1
    key = np.repeat(house_of_pair * span - base, of.purchases) + of.day
    cells = pairs.size * span
    if cells <= 16 * key.size + 1_000_000:
        # Counting beats sorting while the calendar of all households is not too sparse.
        count = np.bincount(key, minlength=cells)
        found = np.flatnonzero(count)
        bought = count[found]
    else:
        key = np.sort(key)
        first = starts(key)
        found, bought = key[first], np.diff(np.append(first, key.size))
    house, day = np.divmod(found, span)
    return house, (day + base).astype(np.int32), bought.astype(np.int64)


def _recent(
    names: tuple[str, ...],
    owner: Ints,
    age: NDArray[np.int32],
    size: int,
    weight: Ints | None = None,
) -> dict[str, NDArray[np.generic]]:
    found: dict[str, NDArray[np.generic]] = {}
    # The longest first: each shorter one looks only at what the longer one kept.
    for name, days in sorted(zip(names, columns.RECENT_DAYS, strict=True), key=lambda one: -one[1]):
        inside = age < days
        owner, age = owner[inside], age[inside]
        weight = None if weight is None else weight[inside]
        found[name] = np.bincount(owner, weight, size).astype(np.int32)
    return found


def _decayed(
    names: tuple[str, ...], owner: Ints, age: NDArray[np.int32], size: int
) -> dict[str, NDArray[np.generic]]:
    oldest = int(age.max(initial=0))
    found: dict[str, NDArray[np.generic]] = {}
    for name, days in zip(names, columns.DECAY_DAYS, strict=False):
        # Ages are few and purchase days many: one exponential a day of age is enough.
        weight = np.exp(-np.arange(oldest + 1) / days)
        found[name] = np.bincount(owner, weight[age], size).astype(np.float32)
    return found
