"""Who gets the title of champion, who loses it, and that all of it is on record."""

import shutil
from datetime import UTC, datetime
from typing import NamedTuple

import pytest

from care import champion, nightly, report, training
from care.champion import UnableToCrown, UnableToFindModel
from care.storage.database import reading
from care.storage.models import find_champion, find_trained, read_events
from care.terminal.night import print_night
from care.terminal.screen import console
from tests.workflows.builders import (
    NIGHT,
    a_shop,
    after,
    at,
    reopened,
    run_night,
    some_customers,
    some_orders,
)
from tests.workflows.conftest import as_one_file, made_once


class Interval(NamedTuple):
    mean: float
    low: float
    high: float


TOLD = {"by": "mei", "why": "odd letters", "now": at("09:00")}


def champion_of(runtime, kind="items"):
    with reading(runtime.engine) as connection:
        return find_champion(connection, kind).model_id


def happened(runtime, kind="items"):
    with reading(runtime.engine) as connection:
        return [(str(one.event), one.model_id, one.actor) for one in read_events(connection, kind)]


def train(runtime, night):
    nightly.take_snapshot(runtime, night=night)
    return training.train_items(runtime, night=night, now=at("01:00", night))


def redelivered(runtime, orders):
    a_shop(runtime.settings.home / "shop", orders=orders)


def item(night, name="personal"):
    return f"items-{night}-{name}"


ORDERS = list(some_orders(some_customers()))


# ── Bad data ────────────────────────────────────────────────────────────────────────────────────


def a_days_sale(count, *, product=None):
    """Made-up orders of the first night's day: one line each."""
    noon = datetime(2017, 11, 14, 17, tzinfo=UTC)
    return [
        {
            "order_id": f"sale-{number}",
            "customer_id": f"c{1 + number % 20:02}",
            "product_id": product or f"p-{number % 3}-0",
            "quantity": 1.0,
            "amount_minor": 500,
            "ordered_at": noon,
        }
        for number in range(count)
    ]


@pytest.mark.parametrize(
    ("extra", "why"),
    [
        (a_days_sale(180, product="p-0-0"), "one product has"),
        (a_days_sale(900), "order lines, usual are"),
        ([line | {"customer_id": "c01"} for line in a_days_sale(90)], "one customer has"),
    ],
    ids=["one product", "a jump", "one customer"],
)
def test_bad_data_trains_nothing_and_the_champion_stays(planned_on_sqlite, extra, why):
    runtime = planned_on_sqlite
    redelivered(runtime, ORDERS + extra)
    told = {train(runtime, after(1)) for _ in range(2)}
    assert why in told.pop()
    assert not told
    assert champion_of(runtime) == item(NIGHT)
    assert happened(runtime)[1:] == [("refused", None, "night")]


def test_a_bad_night_says_why_nothing_was_trained(planned):
    runtime, why = planned, "one product has"
    redelivered(runtime, ORDERS + a_days_sale(180, product="p-0-0"))
    run_night(runtime, after(1))
    assert happened(runtime)[1:] == [("refused", None, "night")]
    with reading(runtime.engine) as connection:
        assert find_trained(connection, "items", after(1)) is None
        last = read_events(connection, "items")[-1]
    assert why in last.reason
    assert last.champion_before == champion_of(runtime) == item(NIGHT)
    found = report.night_report(runtime, after(1))
    said = found.numbers()
    assert said["models"]["items"]["trained"] == "none"
    assert why in said["models"]["items"]["verdict"]
    assert said["paused"]["replenishment"]
    assert said["models"]["items"]["champion"] == "personal"
    with console.capture() as shown:
        print_night(found)
    assert "nothing trained:" in shown.get()


# ── Promotion and rollback ──────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="session")
def second_night(first_night, tmp_path_factory):
    """The home of the same house after another night's training."""

    def make(home):
        train(reopened(shutil.copytree(first_night, home)), after(1))
        as_one_file(home / "care.sqlite")

    return made_once(tmp_path_factory, "second-night", make)


@pytest.fixture
def two_nights(second_night, tmp_path):
    return reopened(shutil.copytree(second_night, tmp_path / "home"))


def test_each_promotion_is_on_record_and_older_files_are_kept(two_nights):
    assert happened(two_nights) == [
        ("promoted", item(NIGHT), "night"),
        ("promoted", item(after(1)), "night"),
    ]
    assert all(champion.show(two_nights, item(night)).broken is None for night in (NIGHT, after(1)))


def test_a_rollback_brings_the_champion_before_back_and_a_rerun_leaves_it(two_nights):
    runtime = two_nights
    restored, lost = champion.rollback(runtime, "items", **TOLD)
    assert (restored.model_id, lost.model_id) == (item(NIGHT), item(after(1)))
    assert training.load_champion(runtime, "items")[0] == "personal"
    train(runtime, after(1))
    assert champion_of(runtime) == item(NIGHT)
    assert happened(runtime)[-1] == ("rolled_back", item(NIGHT), "mei")
    with pytest.raises(UnableToCrown, match="nobody is on record before"):
        champion.rollback(runtime, "items", **TOLD)
    train(runtime, after(2))
    assert champion_of(runtime) == item(after(2))


def test_a_recipe_that_was_rolled_back_needs_more_than_a_tie(planned_on_sqlite, monkeypatch):
    runtime = planned_on_sqlite
    asked = []
    decide = training.gate.decide

    def als_wins(kind, figures, **told):
        asked.append(set(told["doubted"]))
        best = {name: dict(found) for name, found in figures.items()}
        best["two_stage"][told["metric"]] = 0.99
        return decide(kind, best, **told)

    monkeypatch.setattr(training.gate, "decide", als_wins)
    train(runtime, after(1))
    assert champion_of(runtime) == item(after(1), "two_stage")
    champion.rollback(runtime, "items", **TOLD)
    train(runtime, after(2))
    assert asked == [set(), {"two_stage"}]


def test_a_refused_challenger_is_kept_and_a_person_may_overrule_the_gate(planned, monkeypatch):
    runtime = planned
    decide = training.gate.decide

    def close(kind, figures, **told):
        better = {name: dict(found) for name, found in figures.items()}
        better["two_stage"][told["metric"]] = better["personal"][told["metric"]] + 0.01
        perhaps = Interval(0.01, -0.5, 0.5)
        sure = Interval(0.5, 0.4, 0.6)
        found = {("two_stage", "personal"): perhaps, ("two_stage", "popularity"): sure}
        return decide(kind, better, **told | {"differences": found})

    monkeypatch.setattr(training.gate, "decide", close)
    train(runtime, after(1))
    assert happened(runtime)[1:] == [
        ("promoted", item(after(1)), "night"),
        ("refused", item(after(1), "two_stage"), "night"),
    ]
    states = {one.model.model_id: one.state for one in champion.list_known(runtime, kind="items")}
    assert states == {
        item(after(1), "two_stage"): "refused",
        item(after(1)): "champion",
        item(NIGHT): "was champion",
    }
    champion.promote(runtime, item(after(1), "two_stage"), **TOLD)
    assert training.load_champion(runtime, "items")[0] == "two_stage"
    restored, _ = champion.rollback(runtime, "items", **TOLD)
    assert restored.model_id == item(after(1))


def test_a_rollback_may_skip_some_but_goes_to_former_champions_alone(two_nights):
    runtime = two_nights
    train(runtime, after(2))
    with pytest.raises(UnableToCrown, match="never was champion of items"):
        champion.rollback(runtime, "items", to=f"timing-{NIGHT}-law", **TOLD)
    with pytest.raises(UnableToCrown, match="is champion of items already"):
        champion.rollback(runtime, "items", to=item(after(2)), **TOLD)
    with pytest.raises(UnableToFindModel, match="there is no model 'x'"):
        champion.rollback(runtime, "items", to="x", **TOLD)
    champion.rollback(runtime, "items", to=item(NIGHT), **TOLD)
    assert champion_of(runtime) == item(NIGHT)


@pytest.mark.parametrize(
    "damage", [lambda path: path.unlink(), lambda path: path.write_bytes(path.read_bytes()[:99])]
)
def test_a_model_whose_file_is_missing_or_another_gets_no_title(two_nights, damage):
    runtime = two_nights
    damage(runtime.settings.home / f"store/models/items/{NIGHT}-personal.zip")
    for attempt in (
        lambda: champion.promote(runtime, item(NIGHT), **TOLD),
        lambda: champion.rollback(runtime, "items", **TOLD),
    ):
        with pytest.raises(UnableToCrown, match=r"cannot speak: .* The champion stays; restore"):
            attempt()
    assert champion_of(runtime) == item(after(1))
    assert len(happened(runtime)) == 2
    assert champion.show(runtime, item(NIGHT)).broken is not None


# ── What was watched ────────────────────────────────────────────────────────────────────────────


def test_each_night_keeps_what_its_input_and_its_champions_scores_looked_like(two_nights):
    with reading(two_nights.engine) as connection:
        watched = find_trained(connection, "items", after(1)).watched
    assert set(watched["inputs"]) >= {"lines", "customers", "basket", "top_item_share"}
    assert watched["scores"]["recipe"] == "personal"
    assert 0 <= watched["scores"]["fallback_share"] < 0.5
