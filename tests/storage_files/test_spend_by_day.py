"""What each customer bought on each day, as tiers are worked out from."""

from datetime import date

import pandas as pd

from care.storage.history import bought_since, open_history, spend_by_day, update_history
from care.storage.store import Store
from tests.storage_files.builders import Line, relation, totals


def test_purchases_are_added_up_by_customer_and_day(folder_store: Store):
    lines = [
        Line("o1", "2017-10-31", amount=5),
        Line("o2", "2017-11-03", amount=30, product=11),
        Line("o2", "2017-11-03", amount=4),
        Line("o3", "2017-11-03", amount=200),
        Line("o3", "2017-11-03", amount=7, customer=2),  # another customer's order of that name
    ]
    files = update_history(folder_store, relation(lines), by_day=totals(lines))
    history = open_history(folder_store, files, night=date(2017, 12, 1))
    found = spend_by_day(bought_since(history, date(2017, 11, 1)))
    assert found.dtypes.astype(str).to_dict() == {
        "customer_key": "int64",
        "day": "datetime64[s]",
        "amount_minor": "int64",
        "orders": "int64",
    }
    third = pd.Timestamp("2017-11-03")
    assert found.to_numpy(dtype=object).tolist() == [[1, third, 234, 2], [2, third, 7, 1]]
    assert len(spend_by_day(history)) == 3
