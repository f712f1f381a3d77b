"""`care points`: what a till or a person does with a customer's points."""

import json

import pytest
from sqlalchemy import select

from care.runtime import open_runtime
from care.storage.database import reading
from care.storage.tables import identities


@pytest.fixture
def her(care, home):
    """A customer who has used all that her orders had earned."""
    with reading(open_runtime(home=home).engine) as connection:
        first = select(identities.c.customer_id).order_by("customer_id")
        customer = connection.scalars(first).first()
    shown = care("points", "show", customer, "--json", "--home", home)
    earned = json.loads(shown.out)["points"]
    assert earned > 0
    care("points", "redeem", customer, "--points", earned, "--for", "all of it", "--home", home)
    return customer


def test_points_are_added_used_and_shown(care, home, her):
    added = care("points", "adjust", her, "--points", 120, "--for", "welcome", "--home", home)
    assert (added.code, added.out) == (0, f"{her}: 120 points\n")
    used = care("points", "redeem", her, "--points", 100, "--for", "receipt-7", "--home", home)
    assert used.out == f"{her}: 20 points\n"
    shown = care("points", "show", her, "--json", "--home", home)
    assert json.loads(shown.out) == {"customer_id": her, "points": 20}


def test_the_same_receipt_takes_its_points_once(care, home, her):
    care("points", "adjust", her, "--points", 120, "--for", "welcome", "--home", home)
    for _ in range(2):
        said = care("points", "redeem", her, "--points", 50, "--for", "r", "--home", home)
        assert (said.code, said.out) == (0, f"{her}: 70 points\n")
    other = care("points", "redeem", her, "--points", 20, "--for", "r", "--home", home)
    assert other.code == 4
    assert "'r' already moved -50 points" in other.words


def test_more_than_there_is_cannot_be_taken_by_any_road(care, home, her):
    for command, count in (("redeem", 1), ("adjust", -1)):
        said = care("points", command, her, "--points", count, "--for", "x", "--home", home)
        assert said.code == 4
        assert "she has 0 points, and 1 were to be taken" in said.words


def test_a_refund_is_taken_back_by_adjusting(care, home, her):
    care("points", "adjust", her, "--points", 30, "--for", "order-1", "--home", home)
    said = care("points", "adjust", her, "--points", -10, "--for", "refund of 1", "--home", home)
    assert said.out == f"{her}: 20 points\n"


def test_a_customer_nobody_knows_is_named(care, home):
    said = care("points", "show", "nobody", "--home", home)
    assert said.code == 4
    assert "there is no customer 'nobody'" in said.words


def test_nothing_cannot_be_moved(care, home, her):
    for command in ("redeem", "adjust"):
        said = care("points", command, her, "--points", 0, "--for", "x", "--home", home)
        assert said.code == 2
