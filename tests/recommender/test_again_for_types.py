import numpy as np
import pandas as pd
import pytest

from recommender import columns
from recommender.items.personal import Personal

TYPES = pd.DataFrame({"item": [5, 6, 7, 8, 99], "type": [1, 1, 1, 2, 2]})


def ask(*pairs):
    return pd.DataFrame(pairs, columns=["customer", "type"])


@pytest.fixture
def model(a_history, today):
    return Personal.fit(
        a_history((1, 1, 5, 90), (1, 2, 5, 80), (1, 3, 6, 0), (1, 3, 8, 0), (2, 4, 7, 5)),
        today=today,
    )


def test_the_most_frequent_item_of_each_type_wins(model):
    answer = model.again_for_types(ask((1, 1), (1, 2), (2, 1)), item_types=TYPES)
    assert answer[["customer", "type", "item"]].to_numpy().tolist() == [
        [1, 1, 6],
        [1, 2, 8],
        [2, 1, 7],
    ]
    assert answer["times"].tolist() == [1, 1, 1]
    assert {n: str(t) for n, t in answer.dtypes.items()} == dict(columns.AGAIN)


def test_frequency_beats_recency_when_it_has_not_decayed(a_history, today):
    model = Personal.fit(a_history((1, 1, 5, 9), (1, 2, 5, 8), (1, 3, 6, 0)), today=today)
    answer = model.again_for_types(ask((1, 1)), item_types=TYPES)
    assert answer[["item", "times", "last_day"]].to_numpy().tolist() == [[5, 2, today - 8]]


def test_of_equals_the_latest_wins_then_the_lower_key(a_history, today):
    # Two orders at the age of one half life weigh as much as one of today.
    history = a_history((1, 1, 5, 80), (1, 2, 5, 80), (1, 3, 7, 0), (1, 3, 6, 0))
    model = Personal.fit(history, today=today)
    assert model.again_for_types(ask((1, 1)), item_types=TYPES)["item"].tolist() == [6]


def test_only_allowed_items_are_named(model):
    answer = model.again_for_types(ask((1, 1)), item_types=TYPES, allowed=np.array([5, 7]))
    assert answer["item"].tolist() == [5]


def test_pairs_without_an_own_item_have_no_row(model):
    answer = model.again_for_types(ask((2, 2), (3, 1), (1, 9), (1, 1), (1, 1)), item_types=TYPES)
    assert answer[["customer", "type"]].to_numpy().tolist() == [[1, 1]]
    empty = ask().astype({"customer": "int64", "type": "int64"})
    assert model.again_for_types(empty, item_types=TYPES).empty


def test_every_answer_equals_a_naive_search(a_shop, today):
    model = Personal.fit(a_shop, today=today)
    types = pd.DataFrame({"item": np.arange(100, 160), "type": np.arange(60) % 7})
    own = a_shop.drop_duplicates(["customer", "order", "item"]).merge(types, on="item")
    latest = a_shop.groupby("customer")["day"].max()
    own["weight"] = 0.5 ** ((own["customer"].map(latest) - own["day"]) / 80.0)
    sums = own.groupby(["customer", "type", "item"]).agg(
        weight=("weight", "sum"), last=("day", "max")
    )
    sums["weight"] = sums["weight"].round(9)
    naive = (
        sums.reset_index()
        .sort_values(
            ["customer", "type", "weight", "last", "item"],
            ascending=[True, True, False, False, True],
        )
        .drop_duplicates(["customer", "type"])
    )
    pairs = own[["customer", "type"]].drop_duplicates()
    answer = model.again_for_types(pairs, item_types=types)
    assert answer[["customer", "type", "item"]].to_numpy().tolist() == (
        naive[["customer", "type", "item"]].to_numpy().tolist()
    )
