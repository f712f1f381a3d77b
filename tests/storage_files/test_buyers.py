"""Purchases of what a customer was interested in, and of nothing else."""

from datetime import date

import pandas as pd

from care.storage.buyers import bought_lately
from care.storage.history import open_history
from care.storage.store import Store
from tests.storage_files.builders import Line, updated


def test_the_last_purchase_of_each_pair_asked_for_is_found(folder_store: Store):
    lines = [
        Line("o1", "2017-11-03"),
        Line("o2", "2017-11-09"),
        Line("o3", "2017-11-09", product=11),
        Line("o4", "2017-11-09", customer=2),
        Line("o5", "2017-10-01", product=12),
    ]
    history = open_history(folder_store, updated(folder_store, lines), night=date(2017, 12, 1))
    asked = pd.DataFrame({"customer_key": [1, 1, 2], "type_key": [1010, 1012, 1011]})
    found = bought_lately(history, asked, since=date(2017, 11, 1))
    assert found.to_numpy(dtype=object).tolist() == [[1, 1010, pd.Timestamp("2017-11-09")]]
    assert bought_lately(history, asked.iloc[:0], since=date(2017, 11, 1)).empty
