import numpy as np
import pandas as pd
import pytest

from recommender import columns
from recommender.columns import UnableToReadFrame, require


def a_frame(**changes):
    frame = {"customer": [1], "type": [2], "day": [3]} | changes
    return pd.DataFrame(frame)


def test_columns_come_in_declared_order_and_type_and_others_are_dropped():
    frame = require(
        a_frame(note=["x"])[["day", "note", "type", "customer"]], columns.PURCHASE_DAYS, what="days"
    )
    assert {name: str(kind) for name, kind in frame.dtypes.items()} == dict(columns.PURCHASE_DAYS)
    assert list(frame.columns) == list(columns.PURCHASE_DAYS)


@pytest.mark.parametrize(
    ("frame", "says"),
    [
        (a_frame().drop(columns="type"), "lacks the column"),
        (a_frame(day=[np.nan]), "gaps in day"),
        (a_frame(day=[1.5]), "does not fit int32"),
        (a_frame(day=[2**40]), "day"),
        (a_frame(type=["tea"]), "cannot be read as int64"),
    ],
)
def test_a_frame_that_would_be_misread_is_refused(frame, says):
    with pytest.raises(UnableToReadFrame, match=says):
        require(frame, columns.PURCHASE_DAYS, what="days")
