"""Products that age, break, want looking after and are followed by others."""

import numpy as np
import pandas as pd


def draw_products(
    rng: np.random.Generator, type_of: np.ndarray, *, began: np.datetime64, ends: np.datetime64
) -> pd.DataFrame:
    """A catalogue as a shop delivers it, one product for each number of a type.

    A few are found to be faulty, and a few come in new, between ``began`` and the end.
    """
    n, span = len(type_of), int((ends - began).astype(int))
    number, kind = np.arange(n), type_of
    lasting = kind % 80 >= 64
    stage = np.full(n, "maturity", dtype=object)
    stage[rng.random(n) < 0.04] = "decline"
    successor = np.where(
        stage == "decline", np.char.add("p", ((number + n // 5) % n).astype(str)), None
    )
    flagged = np.full(n, np.datetime64("NaT", "D"))
    flagged[rng.choice(n, 5, replace=False)] = began + rng.integers(0, span, 5)
    new = np.full(n, np.datetime64("NaT", "D"))
    new[rng.choice(n, 8, replace=False)] = began + rng.integers(0, span, 8)
    missing = pd.Series(pd.NA, index=number, dtype="Int64")
    return pd.DataFrame(
        {
            "product_id": np.char.add("p", number.astype(str)),
            "name": np.char.add("good thing ", number.astype(str)),
            "name_zh": np.char.add("好物", number.astype(str)),
            "product_type": np.char.add("type ", kind.astype(str)),
            "category": np.char.add("category ", (kind // 10).astype(str)),
            "price": rng.integers(300, 6000, n),
            "stage": pd.Series(stage, dtype="str"),
            "successor": pd.Series(successor, dtype="str"),
            "service_interval_days": missing.mask(pd.Series(lasting), 120),
            "warranty_days": missing.mask(pd.Series(lasting), 365),
            "flagged_on": flagged.astype("datetime64[s]"),
            "introduced_on": new.astype("datetime64[s]"),
        }
    )
