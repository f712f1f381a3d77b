"""The forecast beside the nights that then come; it writes nothing."""

import hashlib
from collections import Counter
from itertools import pairwise
from xml.etree import ElementTree

import pandas as pd
import pytest
from sqlalchemy import select

from care.chart import draw_forecast
from care.domain.holdout import TREATED
from care.forecast import UnableToForecast, forecast
from care.storage.database import reading
from care.storage.tables import touches
from care.terminal.forecast import print_forecast
from care.terminal.screen import console
from tests.workflows.builders import (
    NIGHT,
    a_house,
    after,
    approve,
    ledger_of,
    release_at,
    run_night,
)
from tests.workflows.peer import Peer

DATES_ALONE = {
    "campaigns": {"replenishment": {"enabled": False}},
    "night": {"month_gift_budget": 4_000},
}
NIGHTS = 3
TEA_FOR_ALL = {
    "night": {"gift_budget": 2_000},
    "gifts": {"tea": {"stock": 5}},
    "ladders": {"birthday": {tier: ["tea", "card"] for tier in ("member", "silver", "gold")}},
}


def as_planned(runtime, first):
    """Touches by night, campaign, arm, channel and gift, of the nights after the first."""
    columns = touches.c["night", "campaign", "arm", "channel", "gift_cost"]
    with reading(runtime.engine) as connection:
        rows = connection.execute(select(*columns).where(touches.c.night > first)).all()
    return Counter(row[:4] for row in rows), sum(row.gift_cost for row in rows)


def foretold(found):
    names = ["night", "campaign", "arm", "channel", "touches"]
    return Counter(
        {
            (night.date(), campaign, arm, channel): count
            for night, campaign, arm, channel, count in found.touches[names].itertuples(index=False)
        }
    )


@pytest.mark.slow
def test_where_nothing_new_happens_the_nights_come_as_foretold(tmp_path, database_url):
    runtime = a_house(tmp_path / "home", database_url, policy=DATES_ALONE)
    peer = Peer(runtime.settings.outbound)
    run_night(runtime)
    found = forecast(runtime, count=NIGHTS)
    for night in map(after, range(NIGHTS + 1)):
        run_night(runtime, night)
        approve(runtime, night=night)
        release_at(runtime, "12:00", night)
        peer.answer()
    counted, cost = as_planned(runtime, NIGHT)
    assert foretold(found) == counted
    assert found.touches["gift_cost"].sum() == cost
    assert {campaign for _, campaign, _, _ in counted} == {"birthday", "membership_anniversary"}


def files_of(home):
    return {
        str(path.relative_to(home)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in home.rglob("*")
        if path.is_file() and not path.name.startswith("care.sqlite")
    }


def test_a_forecast_writes_nothing_and_says_the_same_again(planned):
    home = planned.settings.home
    before = ledger_of(planned.engine), files_of(home)
    first, second = forecast(planned, count=3), forecast(planned, count=3)
    assert (ledger_of(planned.engine), files_of(home)) == before
    assert first.numbers() == second.numbers()


# ── A month, with little tea ─────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def month(tmp_path_factory):
    """Thirty nights foretold from the first one, with little tea and little money."""
    runtime = a_house(tmp_path_factory.mktemp("month") / "home", policy=TEA_FOR_ALL)
    run_night(runtime)
    return forecast(runtime, count=30)


@pytest.mark.slow
def test_no_night_ahead_gives_more_than_there_is(month):
    spent = month.treated.groupby("night")["gift_cost"].sum()
    assert 0 < spent.max() <= TEA_FOR_ALL["night"]["gift_budget"]
    left = [month.gifts_left, *(night.gifts_left for night in month.nights)]
    assert all(gifts["tea"] >= 0 for gifts in left)
    taken = [before["tea"] - after["tea"] for before, after in pairwise(left)]
    assert min(taken) >= 0
    assert sum(taken) == left[0]["tea"] - left[-1]["tea"]


@pytest.mark.slow
def test_what_will_run_out_is_named_with_its_night(month):
    (gift, night), *others = month.runs_out.items()
    assert (gift, others) == ("tea", [])
    assert next(one for one in month.nights if one.night == night).gifts_left["tea"] == 0
    assert month.numbers()["gifts"]["tea"]["runs_out_on"] == night.isoformat()


@pytest.mark.slow
def test_a_habit_comes_round_again_though_nobody_has_bought_yet(month):
    nights = month.treated.loc[month.treated["campaign"] == "replenishment", "night"]
    assert nights.min() < pd.Timestamp(after(8))
    assert nights.max() > pd.Timestamp(after(22))


@pytest.mark.slow
def test_every_candidate_is_touched_or_accounted_for(month):
    counted = month.touches.groupby("night")["touches"].sum()
    for one in month.nights:
        assert counted.get(pd.Timestamp(one.night), 0) + one.deferred <= sum(one.due.values())


@pytest.mark.slow
def test_the_screen_says_how_much_what_runs_out_and_what_it_rests_on(month):
    with console.capture() as shown:
        print_forecast(month)
    said = " ".join(shown.get().split())
    assert f"30 nights ahead, {after(1)} to {after(30)}" in said
    assert f"tea: {month.gifts_left['tea']} now, none after {month.runs_out['tea']}" in said
    total = month.treated["touches"].sum()
    assert f"all {total:,}" in said
    assert f"customers as they stood on {NIGHT}" in said


@pytest.mark.slow
def test_the_picture_is_svg_with_a_bar_for_each_campaign_and_night(month):
    drawn = ElementTree.fromstring(draw_forecast(month))
    texts = {"".join(one.itertext()) for one in drawn.iter("{http://www.w3.org/2000/svg}text")}
    assert {"birthday", "membership anniversary", "replenishment", "Messages a night"} <= texts
    assert "15 Nov" in texts
    assert "14 Dec" in texts
    treated = month.touches[month.touches["arm"] == TREATED]
    bars = [
        one
        for one in drawn.iter("{http://www.w3.org/2000/svg}path")
        if "campaign" in one.get("aria-label", "")
    ]
    assert len(bars) == len(treated.groupby(["night", "campaign"]))


def test_before_the_first_night_there_is_nothing_to_go_on_from(tmp_path):
    with pytest.raises(UnableToForecast, match="care night --night"):
        forecast(a_house(tmp_path / "home"), count=3)
