import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender.keys import UnableToPackKeys, distinct, pack, place, position, starts

codes = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 4)), max_size=30)


@given(codes)
def test_packed_keys_sort_as_their_columns_do(rows):
    first = np.array([a for a, _ in rows], np.int64)
    second = np.array([b for _, b in rows], np.int64)
    packed = pack((first, second), (7, 5))
    assert [rows[i] for i in np.argsort(packed, kind="stable")] == sorted(rows)


@given(st.lists(st.integers(-5, 5)), st.lists(st.integers(-5, 5)))
def test_position_finds_what_is_there_and_nothing_else(values, others):
    ordered = distinct(np.array(others, np.int64))
    assert ordered.tolist() == sorted(set(others))
    found = position(np.array(values, np.int64), ordered)
    assert [int(ordered[i]) if i >= 0 else None for i in found] == [
        value if value in others else None for value in values
    ]


def test_place_counts_within_each_run():
    values = np.array([3, 3, 3, 8, 9, 9])
    assert place(starts(values), values.size).tolist() == [0, 1, 2, 0, 0, 1]


def test_too_many_combinations_are_refused():
    with pytest.raises(UnableToPackKeys, match="smaller chunks"):
        pack((np.zeros(1, np.int64),) * 3, (2**31, 2**31, 2))
