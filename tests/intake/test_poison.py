"""One row in a hundred is poison: each is named, the others go through, whatever the format."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime

import pandas as pd
import pytest

from care.intake.customers import read_customers
from care.intake.orders import OrdersTaken, open_orders
from care.intake.taken import Taken
from tests.intake.builders import kept_lines
from tests.intake.poison import (
    CUSTOMERS,
    FORMS,
    NIGHT,
    ORDERS,
    SOUND_FOR_EACH,
    Poison,
    a_poisoned_shop,
)


@dataclass
class Took:
    customers: Taken
    orders: OrdersTaken
    lines: pd.DataFrame


@pytest.fixture(scope="module")
def took(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Took]:
    """What came of the same shop in every form."""
    found = {}
    for form in FORMS:
        sources = a_poisoned_shop(tmp_path_factory.mktemp("poison"), form)
        customers = read_customers(sources, night=NIGHT)
        orders = open_orders(
            sources,
            customers=customers.kept[["customer_id"]].assign(customer_key=lambda f: f.index),
            products=pd.DataFrame({"product_id": ["p1"], "product_key": [1], "type_key": [1]}),
            until=datetime(2017, 12, 1, tzinfo=UTC),
            timezone="UTC",
        )
        found[form] = Took(customers, orders, kept_lines(orders))
    return found


@pytest.mark.parametrize("form", [form for form in FORMS if form != "Parquet"])
def test_the_same_rows_come_to_the_same_whatever_their_form(took: dict[str, Took], form: str):
    one, other = took["Parquet"], took[form]
    pd.testing.assert_frame_equal(one.customers.kept, other.customers.kept)
    pd.testing.assert_frame_equal(one.lines, other.lines)
    for mine, its in ((one.customers, other.customers), (one.orders, other.orders)):
        listed, its_listed = mine.set_aside, its.set_aside
        pd.testing.assert_frame_equal(listed.drop(columns="file"), its_listed.drop(columns="file"))
        assert mine.read == its.read


def row_of(place: int) -> int:
    return (place + 1) * (SOUND_FOR_EACH + 1)


def expected(cases: tuple[Poison, ...]) -> Counter[tuple[int, str]]:
    return Counter(
        (row_of(place), case.reason) for place, case in enumerate(cases) if case.reason is not None
    )


@pytest.mark.parametrize("form", FORMS)
def test_every_broken_row_is_listed_for_its_reason_and_no_other_is(
    took: dict[str, Took], form: str
):
    for taken, cases, again in (
        (took[form].customers, CUSTOMERS, (1, "duplicate_key")),
        (took[form].orders, ORDERS, (1, "duplicate_line")),
    ):
        listed = taken.set_aside
        found = Counter(zip(listed["row"], listed["reason"], strict=True))
        assert found == expected(tuple(cases)) + Counter([again])


@pytest.mark.parametrize("form", FORMS)
def test_the_other_rows_go_through_and_all_add_up(took: dict[str, Took], form: str):
    for taken, cases, kept in (
        (took[form].customers, CUSTOMERS, len(took[form].customers.kept)),
        (took[form].orders, ORDERS, took[form].orders.kept),
    ):
        assert taken.read == len(cases) * (SOUND_FOR_EACH + 1)
        assert taken.read == kept + sum(taken.rows_set_aside.values())
        lost = sum(not case.kept for case in cases) + 1  # the earlier of two alike
        assert kept == taken.read - lost


@pytest.mark.parametrize("form", FORMS)
def test_what_is_kept_can_be_printed_and_no_address_can_carry_a_header(
    took: dict[str, Took], form: str
):
    kept = took[form].customers.kept
    for name in ("customer_id", "name", "email", "phone"):
        assert not kept[name].str.contains("[\x00-\x1f\x7f\u202a-\u202e]", regex=True).any()
        assert kept[name].str.len().max() <= 200
    assert {"{{7*7}}", "{% raw %}", "=cmd|' /C calc'!A0", "עדי כהן"} <= set(kept["name"])
    assert not kept["email"].str.contains("Bcc").any()


@pytest.mark.parametrize("form", FORMS)
def test_nothing_of_a_person_is_shown_in_what_was_set_aside(took: dict[str, Took], form: str):
    listed = took[form].customers.set_aside
    shown = " ".join([*listed["key"], *listed["value"]])
    for private in ("example.com", "王芳", "1380", "Ann", "evil", "nobody"):
        assert private not in shown
