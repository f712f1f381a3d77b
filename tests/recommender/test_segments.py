"""What customers of one segment buy, for those of whom nothing else is known."""

import numpy as np
import pandas as pd
import pytest

from recommender import columns
from recommender.items.segments import EVERYBODY, LEAST_BUYERS, UNIT, SegmentPopularity

NORTH, SOUTH = 3, 8
CANDLES, ICE, BREAD, SLEDGE = 40, 50, 60, 70
COLD = np.array([901, 902, 903])


def segments(*rows):
    return pd.DataFrame(list(rows), columns=["customer", "segment"]).astype("int64")


ASKED = segments((901, NORTH), (902, SOUTH))


@pytest.fixture(scope="module")
def members():
    north = [(customer, NORTH) for customer in range(1, 31)]
    return segments(*north, *((customer, SOUTH) for customer in range(31, 61)))


@pytest.fixture
def model(a_history, today, members):
    """The north buys candles now and bought sledges in another season; the south buys ice."""
    lines = [(customer, customer, BREAD, 5) for customer in range(1, 61)]
    lines += [(customer, 100 + customer, CANDLES, 3) for customer in range(1, 26)]
    lines += [(customer, 200 + customer, ICE, 3) for customer in range(31, 56)]
    lines += [(customer, 300 + customer, SLEDGE, 150) for customer in range(1, 31)]
    return SegmentPopularity.fit(a_history(*lines), today=today, segments=members)


def told(answer, customer):
    hers = answer[answer["customer"] == customer]
    return list(zip(hers["item"].tolist(), hers["source"].tolist(), strict=True))


def test_who_has_no_history_gets_what_her_segment_chose(model):
    answer = model.recommend(COLD, 2, purpose="any", segments=ASKED)
    assert told(answer, 901) == [(BREAD, "segment"), (CANDLES, "segment")]
    assert told(answer, 902) == [(BREAD, "segment"), (ICE, "segment")]
    assert set(answer["reason"][answer["customer"] < 903]) == {"segment"}


def test_who_is_in_no_segment_gets_what_is_popular(model):
    answer = model.recommend(COLD, 3, purpose="any", segments=ASKED)
    assert {source for _, source in told(answer, 903)} == {"popular"}


def test_recent_weeks_weigh_more_so_that_the_season_leads(model):
    items = [item for item, _ in told(model.recommend(COLD, 3, purpose="any", segments=ASKED), 901)]
    assert items == [BREAD, CANDLES, SLEDGE]


def test_what_few_of_a_segment_bought_is_only_popular(a_history, today, members):
    lines = [(customer, customer, ICE, 3) for customer in range(31, 61)]
    lines += [(customer, 100 + customer, ICE, 1) for customer in range(1, LEAST_BUYERS)]
    few = SegmentPopularity.fit(a_history(*lines), today=today, segments=members)
    assert told(few.recommend(COLD, 1, purpose="any", segments=ASKED), 901) == [(ICE, "popular")]
    again = [(1, 200 + order, ICE, 1) for order in range(20)]
    often = SegmentPopularity.fit(a_history(*lines, *again), today=today, segments=members)
    assert told(often.recommend(COLD, 1, purpose="any", segments=ASKED), 901) == [(ICE, "popular")]


def test_a_small_segment_is_drawn_to_what_everybody_buys(a_history, today):
    lines = [(customer, customer, BREAD, 2) for customer in range(1, 500)]
    lines += [(customer, 600 + customer, CANDLES, 2) for customer in range(1, 12)]
    lines += [(customer, 700 + customer, ICE, 2) for customer in range(1, 11)]
    few = segments(*((customer, NORTH) for customer in range(1, 13)))
    model = SegmentPopularity.fit(a_history(*lines), today=today, segments=few)
    items = [item for item, _ in told(model.recommend(COLD, 3, purpose="any", segments=ASKED), 901)]
    assert items == [BREAD, CANDLES, ICE]


def test_permissions_hold_and_nothing_is_named_twice(model):
    allowed = np.array([ICE, SLEDGE, BREAD])
    never = pd.DataFrame({"customer": [901], "item": [BREAD]})
    answer = model.recommend(COLD, 5, purpose="any", segments=ASKED, allowed=allowed, exclude=never)
    assert set(answer["item"]) <= set(allowed.tolist())
    assert BREAD not in [item for item, _ in told(answer, 901)]
    assert not answer.duplicated(["customer", "item"]).any()
    assert {n: str(t) for n, t in answer.dtypes.items()} == dict(columns.RECOMMENDATIONS)


def test_again_tells_who_never_bought_nothing(model):
    assert model.recommend(COLD, 3, purpose="again", segments=ASKED).empty


def test_who_has_bought_is_told_of_what_she_has_not(model):
    hers = segments((1, NORTH))
    answer = model.recommend(np.array([1]), 4, purpose="discover", segments=hers)
    assert answer["item"].tolist() == [ICE]
    assert (answer["times"] == 0).all()


def test_counts_made_elsewhere_say_the_same(model, members, today):
    counted = [(EVERYBODY, BREAD, 60, 60), (EVERYBODY, ICE, 25, 25), (EVERYBODY, CANDLES, 25, 25)]
    counted += [(NORTH, BREAD, 30, 30), (NORTH, CANDLES, 25, 25)]
    frame = pd.DataFrame(counted, columns=list(columns.SEGMENT_ITEMS)).astype("int64")
    other = SegmentPopularity.of(frame.assign(weight=frame["weight"] * UNIT), today=today)
    answer = other.recommend(COLD, 2, purpose="any", segments=ASKED)
    assert told(answer, 901) == told(model.recommend(COLD, 2, purpose="any", segments=ASKED), 901)
    assert {source for _, source in told(answer, 902)} == {"popular"}


def test_it_comes_apart_into_arrays_and_together_again(model):
    again = SegmentPopularity.from_arrays(*model.to_arrays())
    pd.testing.assert_frame_equal(
        again.recommend(COLD, 4, purpose="any", segments=ASKED),
        model.recommend(COLD, 4, purpose="any", segments=ASKED),
    )


def test_a_shop_that_sold_nothing_lately_says_nothing(today):
    model = SegmentPopularity.of(columns.empty(columns.SEGMENT_ITEMS), today=today)
    assert model.recommend(COLD, 3, purpose="any", segments=ASKED).empty
