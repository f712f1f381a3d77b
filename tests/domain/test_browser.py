"""Who looked around and never bought: a browser, and no other customer is."""

import pandas as pd
import pytest

from care.domain.segment import find_segments
from tests.builders import NIGHT, a_customer, customers
from tests.domain.test_segment import RULES, history


@pytest.mark.parametrize(
    ("row", "seen", "segment"),
    [
        (None, [1], "browser"),
        (None, [2], "prospect"),
        (None, [], "prospect"),
        ((10, 1, 500), [1], "one_time"),
        ((181, 1, 500), [1], "lapsed"),
    ],
)
def test_who_looked_around_and_never_bought_is_a_browser(row, seen, segment):
    assert segments(row, seen=pd.Series(seen, dtype="int64")) == [segment]


def test_without_events_nobody_is_one():
    assert segments(None, seen=()) == ["prospect"]


def segments(row, *, seen):

    bought = history(row)
    people = customers(a_customer(1))
    return find_segments(people, bought, bought, RULES, night=NIGHT, seen=seen)["segment"].tolist()
