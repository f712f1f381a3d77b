"""How much longer more of the same lasts, as a shop's own history says."""

from datetime import date, timedelta

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from care.storage.quantities import bought_more, elasticity


def history(power, *, customers=1500, seed=0):
    """Customers whose next purchase comes after 20 days times quantity to a power, and chance."""
    chance = np.random.default_rng(seed)
    rows = []
    for customer in range(customers):
        day = date(2017, 1, 1)
        while day < date(2017, 12, 1):
            quantity = float(chance.integers(1, 5))
            rows.append((customer, 7, day, quantity))
            days = 20 * quantity**power * np.exp(chance.normal(0, 0.2))
            day += timedelta(days=max(1, round(days)))
    frame = pd.DataFrame(rows, columns=["customer_key", "type_key", "day", "quantity"])
    return ibis.memtable(pa.Table.from_pandas(frame))


@pytest.mark.parametrize("power", [0.0, 0.1, 0.5])
def test_the_elasticity_is_measured_whatever_it_is(power):
    assert elasticity(history(power)) == pytest.approx(power, abs=0.03)


def test_with_little_to_learn_from_a_quantity_changes_nothing():
    assert elasticity(history(1.0, customers=2)) < 0.3
    assert elasticity(history(0.5).limit(0)) == 0.0


def test_less_time_after_more_is_chance_and_not_believed():
    assert elasticity(history(-0.3)) == 0.0


def test_what_she_bought_last_is_told_beside_what_is_usual():
    rows = [
        (1, 7, date(2017, 1, 1), 1.0),
        (1, 7, date(2017, 2, 1), 1.0),
        (1, 7, date(2017, 3, 1), 1.0),
        (1, 7, date(2017, 3, 1), 3.0),
        (2, 7, date(2017, 3, 1), 5.0),
    ]
    frame = pd.DataFrame(rows, columns=["customer_key", "type_key", "day", "quantity"])
    found = bought_more(ibis.memtable(pa.Table.from_pandas(frame)))
    assert found["customer_key"].tolist() == [1, 2]
    assert found["more"].tolist() == pytest.approx([np.log(4) * 2 / 3, 0.0])
