"""A model that fails stops nobody's birthday: who speaks then, and what the reviewer is told."""

import logging
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select

from care import correspondence, desk, nightly, report, training
from care.storage.database import reading
from care.storage.models import find_champion
from care.storage.nights import find_night
from care.storage.tables import messages
from tests.workflows.builders import (
    NIGHT,
    WITHIN_BOUNDS,
    a_house,
    after,
    at,
    forget_plan,
    reopened,
    run_night,
    some_customers,
    some_orders,
)
from tests.workflows.laws import assert_laws


def orders_of_a_young_shop():
    """Nobody has come back often enough to be known."""
    young = datetime(2017, 10, 25, tzinfo=UTC)
    return [line for line in some_orders(some_customers()) if line["ordered_at"] > young]


def orders_of_a_few_regulars():
    """Regular enough for timing; too few of anything for items."""
    regulars = [f"c0{number}" for number in range(1, 7)]
    summer, last_day = datetime(2017, 7, 1, tzinfo=UTC), datetime(2017, 11, 13, tzinfo=UTC)
    return [
        line
        for line in some_orders(some_customers())
        if not line["product_id"].startswith("p-3")
        and line["ordered_at"] > (summer if line["customer_id"] in regulars else last_day)
    ]


def orders_without_habits():
    """Many baskets of the same few things, and no type bought more than twice by anybody."""
    lines: dict[tuple[str, str], list] = {}
    for line in some_orders(some_customers(), until=date(2017, 11, 13)):
        kind = line["product_id"].rsplit("-", 1)[0]
        lines.setdefault((line["customer_id"], kind), []).append(line | {"product_id": f"{kind}-0"})
    return [line for bought in lines.values() for line in bought[-2:]]


def sources_of(runtime, campaign="birthday", night=NIGHT):
    with reading(runtime.engine) as connection:
        found = select(messages.c.items_source).where(
            messages.c.campaign == campaign, messages.c.night == night
        )
        return set(connection.scalars(found))


def champions_of(runtime, night=NIGHT):
    with reading(runtime.engine) as connection:
        return dict(find_night(connection, night).champions)


@pytest.mark.parametrize(
    ("orders", "untrained", "champions"),
    [
        (orders_of_a_young_shop, ["items", "timing"], {"items": None, "timing": None}),
        (orders_of_a_few_regulars, ["items"], {"items": None, "timing": "law"}),
        (orders_without_habits, ["timing"], {"items": None, "timing": None}),
    ],
)
def test_the_first_night_goes_on_without_a_model(tmp_path, caplog, orders, untrained, champions):
    however_little = {"feed": {"max_age_days": 30, "min_share": 0}}
    runtime = a_house(tmp_path / "home", orders=orders(), policy=however_little)
    run_night(runtime)
    told = [one.getMessage() for one in caplog.records if "is trained" in one.getMessage()]
    kinds = zip(untrained, told, strict=True)
    assert all(f"no model of {kind} is trained" in line for kind, line in kinds)
    assert not [one for one in caplog.records if one.levelno >= logging.ERROR]
    assert champions_of(runtime) == champions
    said = report.night_report(runtime, NIGHT).numbers()
    assert said["touched"]["birthday"] == 9
    assert ("replenishment" in said["due"]) == (champions["timing"] is not None)
    assert sources_of(runtime) == {"popular"}
    found, _, _ = desk.show(runtime, NIGHT, "birthday", samples=0)
    assert found.fallback_share == 1.0
    assert_laws(runtime)


def test_when_training_fails_the_champion_of_an_earlier_night_speaks(planned_on_sqlite, caplog):
    runtime = planned_on_sqlite
    for kind, name in {"items": "personal", "timing": "law"}.items():
        in_its_place = runtime.settings.home / f"store/models/{kind}/{after(1)}-{name}.zip"
        in_its_place.mkdir()
    run_night(runtime, after(1))
    failed = [one for one in caplog.records if one.levelno == logging.ERROR]
    assert len(failed) == 2
    assert champions_of(runtime, after(1)) == {"items": "personal", "timing": "law"}
    with reading(runtime.engine) as connection:
        assert find_champion(connection, "items").night == NIGHT
    assert sources_of(runtime, night=after(1)) == {"personal"}
    assert report.night_report(runtime, after(1)).numbers()["due"]["replenishment"] > 0
    assert_laws(runtime)


def flipped(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut_short(path):
    path.write_bytes(path.read_bytes()[:100])


@pytest.mark.parametrize("damage", [flipped, cut_short, lambda path: path.unlink()])
def test_a_damaged_model_of_items_falls_back_with_a_warning(planned_on_sqlite, caplog, damage):
    runtime = planned_on_sqlite
    forget_plan(runtime)
    damage(runtime.settings.home / f"store/models/items/{NIGHT}-personal.zip")
    run_night(runtime)
    assert "the champion of items cannot speak" in caplog.text
    assert not [one for one in caplog.records if one.levelno >= logging.ERROR]
    assert sources_of(runtime) == {"popular"}
    found, _, _ = desk.show(runtime, NIGHT, "birthday", samples=0)
    assert found.fallback_share == 1.0
    assert_laws(runtime)


@pytest.mark.parametrize("damage", [flipped, cut_short, lambda path: path.unlink()])
def test_a_damaged_model_of_timing_foretells_nothing_and_the_rest_goes_on(
    planned_on_sqlite, caplog, damage
):
    runtime = planned_on_sqlite
    forget_plan(runtime)
    damage(runtime.settings.home / f"store/models/timing/{NIGHT}-law.zip")
    run_night(runtime)
    assert "the champion of timing cannot speak" in caplog.text
    said = report.night_report(runtime, NIGHT).numbers()
    assert "replenishment" not in said["due"]
    assert said["touched"] == {"birthday": 9, "membership_anniversary": 6}
    assert_laws(runtime)


@pytest.mark.parametrize(
    ("damage", "state", "why"),
    [
        (lambda path: None, "approved", []),
        (cut_short, "waiting", ["100% fallback recommendations, more than 50%"]),
    ],
    ids=["sound", "damaged"],
)
def test_too_many_fallbacks_ask_for_a_person(planned_on_sqlite, damage, state, why):
    bounds = {"auto_approve": WITHIN_BOUNDS | {"max_fallback_share": 0.5}}
    runtime = reopened(planned_on_sqlite.settings.home, policy={"campaigns": {"birthday": bounds}})
    forget_plan(runtime)
    damage(runtime.settings.home / f"store/models/items/{NIGHT}-personal.zip")
    nightly.plan(runtime, night=NIGHT, now=at("01:00"))
    for shard in (0, 1):
        correspondence.compose(runtime, night=NIGHT, shard=shard)
    desk.queue(runtime, night=NIGHT, now=at("01:00"))
    birthday, *_ = desk.list_campaigns(runtime, night=NIGHT)
    assert (birthday.campaign, str(birthday.state)) == ("birthday", state)
    assert birthday.needs_person == why


# ── Awkward shops ───────────────────────────────────────────────────────────────────────────────


def test_a_figure_that_could_not_be_measured_is_left_out(tmp_path, database_url):
    """Where everybody buys the same again, nothing tells how well new things are found."""
    first = {}
    creatures_of_habit = [
        line
        | {
            "product_id": first.setdefault(
                (line["customer_id"], line["product_id"][:3]), line["product_id"]
            )
        }
        for line in some_orders(some_customers())
    ]
    runtime = a_house(tmp_path / "home", database_url, orders=creatures_of_habit)
    nightly.take_snapshot(runtime, night=NIGHT)
    training.train_items(runtime, night=NIGHT, now=at("01:00"))
    with reading(runtime.engine) as connection:
        assert find_champion(connection, "items").name == "personal"


def test_timing_learns_although_the_shop_was_closed_yesterday(tmp_path):
    yesterday = at("00:00", after(-1))
    orders = [
        line
        for line in some_orders(some_customers())
        if not yesterday <= line["ordered_at"] < at("00:00")
    ]
    runtime = a_house(tmp_path / "home", orders=orders)
    nightly.take_snapshot(runtime, night=NIGHT)
    training.train_timing(runtime, night=NIGHT, now=at("01:00"))
    with reading(runtime.engine) as connection:
        assert find_champion(connection, "timing").name == "law"
