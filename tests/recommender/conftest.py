from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd
import pytest

TODAY = 19_000


@pytest.fixture(scope="session")
def today() -> int:
    """The last day any history of these tests holds."""
    return TODAY


@pytest.fixture(scope="session")
def a_history() -> Callable[..., pd.DataFrame]:
    """Build an order history from (customer, order, item, days ago)."""

    def build(*lines: tuple[int, int, int, int]) -> pd.DataFrame:
        rows = np.array(lines, dtype=np.int64).reshape(-1, 4)
        return pd.DataFrame(
            {
                "customer": rows[:, 0],
                "order": rows[:, 1],
                "item": rows[:, 2],
                "day": (TODAY - rows[:, 3]).astype(np.int32),
            }
        )

    return build


@pytest.fixture(scope="session")
def purchase_days() -> Callable[..., pd.DataFrame]:
    """Build purchase days from (customer, type, days)."""

    def build(*pairs: tuple[int, int, Iterable[int]]) -> pd.DataFrame:
        rows = [(customer, kind, day) for customer, kind, days in pairs for day in days]
        frame = pd.DataFrame(rows, columns=["customer", "type", "day"])
        return frame.astype({"customer": "int64", "type": "int64", "day": "int32"})

    return build


@pytest.fixture(scope="session")
def a_shop() -> pd.DataFrame:
    """Eighty customers with favourites of their own among sixty items, some much more popular."""
    rng = np.random.default_rng(7)
    popularity = 1.0 / np.arange(1, 61)
    popularity /= popularity.sum()
    rows = []
    order = 0
    for customer in range(1, 81):
        favourites = rng.choice(60, size=5, replace=False, p=popularity)
        for day in np.sort(rng.choice(200, size=rng.integers(3, 25), replace=False)):
            order += 1
            basket = np.concatenate(
                [rng.choice(favourites, size=2), rng.choice(60, size=2, p=popularity)]
            )
            # Order keys say nothing of time, as in shops whose keys are random.
            key = order * 7919 % 10_007
            rows += [(customer, key, 100 + item, TODAY - 199 + day) for item in basket]
    frame = pd.DataFrame(rows, columns=["customer", "order", "item", "day"])
    frame = frame.astype({"customer": "int64", "order": "int64", "item": "int64", "day": "int32"})
    return frame.sample(frac=1.0, random_state=7, ignore_index=True)


@pytest.fixture(scope="session")
def rhythms() -> pd.DataFrame:
    """Purchase days drawn from a known law: types of three lengths, log-normal intervals."""
    rng = np.random.default_rng(11)
    customer, kind = np.meshgrid(np.arange(700), np.arange(3), indexing="ij")
    customer, kind = customer.ravel(), kind.ravel()
    mean = np.log([10.0, 25.0, 60.0])[kind] + rng.normal(0.0, 0.4, kind.size)
    gaps = np.exp(mean[:, None] + rng.normal(0.0, 0.6, (kind.size, 250)))
    gaps[:, 0] *= rng.uniform(size=kind.size)
    day = np.ceil(np.cumsum(gaps, axis=1)).astype(np.int64)
    seen = day <= 400
    row = np.nonzero(seen)[0]
    frame = pd.DataFrame(
        {"customer": customer[row], "type": kind[row], "day": TODAY - 400 + day[seen]}
    )
    frame = frame.astype({"customer": "int64", "type": "int64", "day": "int32"})
    return frame.drop_duplicates(ignore_index=True)
