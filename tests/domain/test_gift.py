"""Which gifts are possible for whom, one sentence each."""

from datetime import date

import pandas as pd
import pytest
from pydantic import ValidationError

from care.domain.gift import (
    LAST_GIFTS,
    POSSIBLE,
    Gift,
    possible_gifts,
    running_low,
)
from tests.builders import NIGHT, a_customer, customers, frame

TEXTS = {"en": "a gift", "zh-CN": "礼物"}
TOUCH = {
    "customer_key": "int64", "campaign": "str", "occasion_key": "str", "tier": "str",
    "priority": "int64", "send_from": "datetime64[s]", "send_until": "datetime64[s]",
}  # fmt: skip


def a_gift(**told):
    return Gift(**{"label": TEXTS, "description": TEXTS, "cost": 100} | told)


def a_touch(customer_key=1, **told):
    return {
        "customer_key": customer_key, "campaign": "birthday", "occasion_key": "birthday-2017",
        "tier": "member", "priority": 90, "send_from": pd.Timestamp(NIGHT),
        "send_until": pd.Timestamp("2017-11-16"),
    } | told  # fmt: skip


def possible(gifts, *touches, people=None, last=(), ladder=None):
    rows = touches or [a_touch()]
    ladder = tuple(gifts) if ladder is None else ladder
    keys = {row["customer_key"] for row in rows}
    return possible_gifts(
        frame(TOUCH, *rows),
        {"birthday": {"member": ladder, "gold": ladder}},
        gifts,
        customers(*map(a_customer, sorted(keys))) if people is None else people,
        pd.DataFrame(list(last), columns=list(LAST_GIFTS)).astype(dict(LAST_GIFTS)),
        night=NIGHT,
    )


def told(table):
    """Rung, gift and note of each row; a dash for going without."""
    names = table["gift_id"].fillna("-")
    return list(zip(table["rung"], names, table["note"], strict=True))


def test_every_rung_is_possible_where_nothing_speaks_against_it():
    table = possible({"tea": a_gift(worth=500), "card": a_gift(cost=60)})
    assert table.dtypes.astype(str).to_dict() == POSSIBLE
    assert told(table) == [(0, "tea", ""), (1, "card", ""), (2, "-", "")]
    assert table["cost"].tolist() == [100, 60, 0]
    assert table["worth"].tolist() == [500, 120, 0]


@pytest.mark.parametrize(
    ("wish", "she", "touch", "why"),
    [
        ({"regions": ["US"]}, {"region": "CN-31"}, {}, "is not given where she lives"),
        ({"regions": ["US"]}, {"region": ""}, {}, "is not given where she lives"),
        ({"regions": ["US"]}, {"region": "US-NY"}, {}, None),
        ({"regions": ["US-NY"]}, {"region": "US-NYX"}, {}, "is not given where she lives"),
        ({"locales": ["zh-CN"]}, {"locale": "en"}, {}, "is not given in her language"),
        ({"locales": ["zh-CN"]}, {"locale": "zh-CN"}, {}, None),
        ({"plain_style": "only"}, {}, {}, "is only for those who prefer a plain letter"),
        ({"plain_style": "only"}, {"plain_style": True}, {}, None),
        ({"plain_style": "never"}, {"plain_style": True}, {},
         "is not for those who prefer a plain letter"),
        ({"plain_style": "never"}, {}, {}, None),
        ({"kinds": ["Black tea", "tea"]}, {"dislikes": "flowers;black tea"}, {},
         "is nothing that she likes"),
        ({"kinds": ["tea"]}, {"dislikes": "tea"}, {}, "is nothing that she likes"),
        ({"kinds": ["tea"]}, {"dislikes": "black tea;steak"}, {}, None),
        ({"kinds": ["tea"]}, {}, {}, None),
        ({"tiers": ["gold"]}, {}, {}, "is not for her tier"),
        ({"tiers": ["gold"]}, {}, {"tier": "gold"}, None),
        ({"campaigns": ["welcome"]}, {}, {}, "is not given on this occasion"),
        ({"campaigns": ["birthday"]}, {}, {}, None),
        ({"valid_until": date(2017, 11, 16)}, {}, {}, None),
        ({"valid_until": date(2017, 11, 15)}, {}, {}, "cannot be had on the day"),
        ({"valid_from": date(2017, 11, 14)}, {}, {}, None),
        ({"valid_from": date(2017, 11, 15)}, {}, {}, "cannot be had on the day"),
        ({"valid_from": date(2017, 11, 15)}, {}, {"send_from": pd.Timestamp("2017-11-15")}, None),
        ({"valid_from": date(2017, 11, 14)}, {}, {"send_from": pd.Timestamp("2017-11-01")}, None),
    ],
)  # fmt: skip
def test_a_gift_falls_out_for_whom_it_is_not_meant_and_the_note_says_why(wish, she, touch, why):
    gifts = {"tea": a_gift(**wish), "card": a_gift()}
    table = possible(gifts, a_touch(**touch), people=customers(a_customer(1, **she)))
    if why is None:
        assert told(table)[0] == (0, "tea", "")
    else:
        assert told(table) == [(1, "card", f"tea {why}"), (2, "-", f"tea {why}")]


def test_nobody_gets_the_gift_she_was_given_last_nor_one_on_its_way_to_her():
    gifts = {"tea": a_gift(), "cake": a_gift(), "card": a_gift()}
    table = possible(
        gifts, a_touch(1), a_touch(2), last=[(1, "tea"), (1, "cake"), (2, "cake"), (9, "card")]
    )
    assert told(table) == [
        (2, "card", "tea was her last gift; cake was her last gift"),
        (3, "-", "tea was her last gift; cake was her last gift"),
        (0, "tea", ""),
        (2, "card", "cake was her last gift"),
        (3, "-", "cake was her last gift"),
    ]
    assert table["row"].tolist() == [0, 0, 1, 1, 1]


def test_a_touch_without_a_ladder_has_no_row():
    assert possible({"tea": a_gift()}, a_touch(campaign="welcome")).empty
    assert possible({"tea": a_gift()}, ladder=()).empty


# ── Running low ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("told", "left", "warned"),
    [
        ({"stock": 9, "warn_below": 4}, 5, [(3, "pieces", 4)]),
        ({"stock": 9, "warn_below": 3}, 5, []),
        ({"codes": True}, 3, [(1, "codes", 2)]),
        ({"codes": True}, 4, []),
        ({"codes": True, "stock": 3}, 2, [(0, "pieces or codes", 2)]),
    ],
)
def test_staff_are_warned_before_a_gift_runs_out(told, left, warned):
    tonight = pd.DataFrame({"gift_id": pd.array(["tea", None, "tea", "card"], dtype="str")})
    found = running_low({"tea": a_gift(**told), "card": a_gift()}, {"tea": left}, tonight)
    assert [(one["left"], one["of"], one["below"]) for one in found] == warned


@pytest.mark.parametrize(
    ("wrong", "remedy"),
    [
        ({"valid_from": "2018-01-02", "valid_until": "2018-01-01"}, "swap them"),
        ({"warn_below": 3}, "add stock or codes = true, or take it out"),
        ({"fulfilment": "pigeon"}, "'card', 'coupon'"),
    ],
)
def test_a_gift_that_contradicts_itself_is_refused(wrong, remedy):
    with pytest.raises(ValidationError, match=remedy):
        a_gift(**wrong)
