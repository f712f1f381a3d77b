"""Staff are warned of a product before anybody flags it, once, and the ledger remembers."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from care import nightly, report
from care.runtime import Runtime
from care.storage.database import reading, writing
from care.storage.nights import read_warnings
from care.storage.tables import nights
from care.terminal.night import print_night
from care.terminal.screen import console
from tests.workflows.builders import NIGHT, a_house, at
from tests.workflows.delivered import deliver

BAD = "p-0-1"  # one of the coffees
PAST = [("p-1-0", "2017-06-20"), ("p-2-1", "2017-08-02"), ("p-2-0", "2017-09-11")]
LATELY = [f"2017-11-{day:02}" for day in (3, 6, 8, 9, 11, 12)]
ENOUGH_TEA = {"gifts": {"tea": {"stock": 99}}}


def some_cases(lately=LATELY):
    about = [*PAST, *((BAD, day) for day in lately)]
    return [
        {
            "case_id": f"T{number}",
            "customer_id": f"c{number:02}",
            "product_id": product,
            "kind": "complaint" if number % 2 else "return",
            "opened_on": day,
            "closed_on": "2017-11-13",
        }
        for number, (product, day) in enumerate(about, start=1)
    ]


def a_house_with_cases(home: Path, cases: list[dict], **changes) -> Runtime:
    changes = {"policy": ENOUGH_TEA | changes.get("policy", {})}
    runtime = a_house(home, **changes)
    deliver(home, cases=cases)
    return runtime


def plan(runtime: Runtime, night: date) -> list[dict]:
    nightly.take_snapshot(runtime, night=night)
    nightly.plan(runtime, night=night, now=at("01:00", night))
    return list(report.night_report(runtime, night).numbers()["warnings"])


@pytest.fixture(scope="module")
def warned(tmp_path_factory: pytest.TempPathFactory) -> Runtime:
    runtime = a_house_with_cases(tmp_path_factory.mktemp("warned") / "home", some_cases())
    plan(runtime, NIGHT)
    return runtime


def test_the_night_says_which_product_and_how_many(warned):
    (found,) = report.night_report(warned, NIGHT).numbers()["warnings"]
    assert (found["kind"], found["product_id"], found["customers"]) == ("rise", BAD, 6)
    assert 0 < found["expected"] < 2


def test_the_terminal_says_it_in_words(warned):
    with console.capture() as said:
        print_night(report.night_report(warned, NIGHT))
    told = " ".join(said.get().split())
    assert "Look 6 customers in 14 days returned or complained of" in told
    assert f"({BAD})" in told


def test_the_same_night_again_says_the_same_and_the_next_one_nothing(warned):
    before = report.night_report(warned, NIGHT).numbers()["warnings"]
    assert plan(warned, NIGHT) == before
    assert plan(warned, NIGHT + timedelta(days=1)) == []
    with reading(warned.engine) as connection:
        assert read_warnings(connection) == [(NIGHT, warning) for warning in before]


def test_the_same_rise_that_no_night_warned_of_is_told_on_the_next_one(warned):
    night = NIGHT + timedelta(days=2)
    with writing(warned.engine) as connection:
        connection.execute(update(nights).values(warnings=[]))
    (found,) = plan(warned, night)
    assert found["product_id"] == BAD


@pytest.mark.parametrize(
    ("cases", "changes"),
    [
        (some_cases(LATELY[:2]), {}),
        (some_cases(), {"policy": {"rise": {"min_customers": 7}}}),
    ],
)
def test_nobody_is_warned_of_few(tmp_path, cases, changes):
    assert plan(a_house_with_cases(tmp_path / "home", cases, **changes), NIGHT) == []


@pytest.mark.parametrize(("max_age_days", "warnings"), [(2, 1), (1, 0)])
def test_nobody_is_warned_while_the_order_feed_is_in_doubt(tmp_path, max_age_days, warnings):
    policy = {"feed": {"max_age_days": max_age_days}}
    cases = some_cases([f"2017-11-{day}" for day in range(9, 15)])
    runtime = a_house_with_cases(tmp_path / "home", cases, policy=policy)
    two_days_after_the_last_order = date(2017, 11, 22)
    assert len(plan(runtime, two_days_after_the_last_order)) == warnings


def test_a_shop_without_cases_is_never_warned(tmp_path: Path):
    assert plan(a_house(tmp_path / "home", policy=ENOUGH_TEA), NIGHT) == []
