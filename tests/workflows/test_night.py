"""Three nights in a row, from the shop's files to what the gateway took, on both databases."""

import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pandas as pd
import pytest
from sqlalchemy import make_url, select, text

from care import desk, report
from care.domain.decision import Verdict
from care.runtime import Runtime
from care.storage.database import open_engine, reading
from care.storage.tables import exclusions, gift_moves, gifts, identities, messages, touches
from tests.workflows.builders import (
    NIGHT,
    WITHIN_BOUNDS,
    a_house,
    after,
    decide,
    messages_of,
    release_at,
    reopened,
    run_night,
)
from tests.workflows.conftest import as_one_file, copy_ledger, made_once
from tests.workflows.laws import assert_laws
from tests.workflows.peer import Peer, exported

NIGHTS = [after(day) for day in range(3)]
BIRTHDAYS_BY_POLICY = {"campaigns": {"birthday": {"auto_approve": WITHIN_BOUNDS}}}


@dataclass(frozen=True, slots=True)
class Life:
    """A house after three nights.

    ``said``: the numbers of each night as it had just been planned, ``written``: its night.json.
    ``taken``: the message ids that the gateway took.
    """

    runtime: Runtime
    said: list[dict[str, Any]]
    written: list[dict[str, Any]]
    taken: list[str]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def life(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Life:
    """What is left of three nights on a database; its ledger is read from a copy."""

    def make(folder: Path) -> None:
        url = None
        if request.param == "postgresql":
            url = a_database_of_its_own(request.getfixturevalue("postgresql_url"))
        live(folder, url)
        if url is not None:
            copy_ledger(url, f"sqlite:///{folder / 'home' / 'care.sqlite'}")
        as_one_file(folder / "home" / "care.sqlite")

    folder = made_once(tmp_path_factory, f"three-nights-{request.param}", make)
    home = shutil.copytree(folder / "home", tmp_path_factory.mktemp("three-nights") / "home")
    return Life(reopened(home), **orjson.loads((folder / "life.json").read_bytes()))


def live(folder: Path, url: str | None) -> None:
    """Plan, review, release and answer three nights; then two quiet days for what is left.

    Birthdays are approved by policy, the second night's reminders are rejected. The gateway refuses
    some addresses for good and is out of order for others at the first try.
    """
    runtime = a_house(folder / "home", url, policy=BIRTHDAYS_BY_POLICY)
    peer = Peer(runtime.settings.outbound)
    said, written = [], []
    for night in NIGHTS:
        run_night(runtime, night)
        said.append(report.night_report(runtime, night).numbers())
        written.append(orjson.loads((runtime.settings.home / "night.json").read_bytes()))
        review(runtime, night)
        for clock in ("06:30", "06:40", "06:50"):
            release_at(runtime, clock, night)
            peer.answer(in_a_bad_mood)
    assert_laws(runtime)
    for day in (3, 4):
        for clock in (
            "06:30",
            "10:00",
            "22:00",
        ):  # when it is day in Shanghai, in New York, in both
            release_at(runtime, clock, after(day))
            peer.answer()
    release_at(runtime, "23:30", after(4))
    assert_laws(runtime)
    life = {"said": said, "written": written, "taken": sorted(peer.taken.values())}
    (folder / "life.json").write_bytes(orjson.dumps(life))


def a_database_of_its_own(url: str) -> str:
    with open_engine(url).connect().execution_options(isolation_level="AUTOCOMMIT") as server:
        server.execute(text("CREATE DATABASE three_nights"))
    return make_url(url).set(database="three_nights").render_as_string(hide_password=False)


def review(runtime, night):
    waiting = [one.campaign for one in desk.list_campaigns(runtime, night=night, waiting_only=True)]
    for campaign in waiting:
        verdict = (
            Verdict.REJECT if (campaign, night) == ("replenishment", NIGHTS[1]) else Verdict.APPROVE
        )
        decide(runtime, verdict, campaign, night=night)


def in_a_bad_mood(line):
    mood = int(line["idempotency_key"][:2], 16) % 8
    return {0: ("550", False), 1: ("451", True)}.get(mood)


def touched_by(runtime) -> pd.DataFrame:
    query = select(identities.c.customer_id, touches).join(
        identities, identities.c.customer_key == touches.c.customer_key
    )
    with reading(runtime.engine) as connection:
        rows = [row._asdict() for row in connection.execute(query)]
    return pd.DataFrame(rows)


def excluded_on(runtime, night) -> dict[tuple[str, str], tuple[str, str]]:
    """(customer, campaign) → (outcome, reason)."""
    query = (
        select(identities.c.customer_id, exclusions.c["campaign", "outcome", "reason"])
        .join(identities, identities.c.customer_key == exclusions.c.customer_key)
        .where(exclusions.c.night == night)
    )
    with reading(runtime.engine) as connection:
        return {(row[0], row[1]): (row[2], row[3]) for row in connection.execute(query)}


# ── The numbers ─────────────────────────────────────────────────────────────────────────────────


def test_the_first_night_says_what_came_in_and_what_became_of_everybody(life):
    said = dict(life.said[0])
    models = said.pop("models")
    assert said == {
        "night": "2017-11-14",
        "customers": 48,
        "order_lines": 1343,
        "set_aside": {"bad_quantity": 1, "unknown_customer": 1, "unknown_product": 1},
        "due": {"birthday": 11, "membership_anniversary": 8, "replenishment": 15},
        "excluded": {
            "birthday": {"no_address": 1},
            "replenishment": {"no_address": 1, "no_consent": 1},
        },
        "deferred": {"membership_anniversary": 1, "replenishment": 4},
        "held_out": {"birthday": 1, "membership_anniversary": 1, "replenishment": 1},
        "touched": {"birthday": 9, "membership_anniversary": 6, "replenishment": 8},
        "messages": {"email": 17, "sms": 6},
        "gift_cost": 3 * 900 + 6 * 60,
        "account": {
            "chosen_by": "priority",
            "value": 4710.0,
            "bound": 4830.0,
            "prices": [{"what": "gift", "name": "tea", "price": 840.0}],
            "instead": 4830.0,
        },
        "batches": [],
        "paused": {},
        "warnings": [{"kind": "low_gift", "gift": "tea", "left": 0, "of": "pieces", "below": 3}],
        "waiting_review": ["membership_anniversary", "replenishment"],
    }
    assert {kind: model["champion"] for kind, model in models.items()} == {
        "items": "personal",
        "timing": "law",
    }
    assert all(
        sorted(model) == ["champion", "figures", "trained", "verdict"] for model in models.values()
    )


def test_night_json_says_the_same(life):
    assert life.written == life.said


@pytest.mark.parametrize("night", range(3))
def test_due_is_touched_and_held_out_and_deferred_and_excluded(life, night):
    said = life.said[night]
    for campaign, due in said["due"].items():
        assert due == (
            said["touched"].get(campaign, 0)
            + said["held_out"].get(campaign, 0)
            + said["deferred"].get(campaign, 0)
            + sum(said["excluded"].get(campaign, {}).values())
        )
    assert sum(said["messages"].values()) == sum(said["touched"].values())


def test_the_laws_hold_at_the_end(life):
    assert_laws(life.runtime)


# ── One night after another ─────────────────────────────────────────────────────────────────────


def test_an_occasion_found_again_on_the_next_night_is_not_touched_again(life):
    first = touched_by(life.runtime)
    first = first[first["night"] == NIGHTS[0]]
    found_again = excluded_on(life.runtime, NIGHTS[1])
    birthdays = first[(first["campaign"] == "birthday") & (first["send_on"] > NIGHTS[0])]
    assert len(birthdays) > 3
    for touch in birthdays.itertuples():
        why = "already_held_out" if touch.arm == "held_out" else "already_touched"
        assert found_again[touch.customer_id, "birthday"] == ("excluded", why)


def test_the_minimum_gap_makes_a_second_occasion_wait(life):
    found = touched_by(life.runtime)
    assert ("c11", "birthday") in set(zip(found["customer_id"], found["campaign"], strict=True))
    assert excluded_on(life.runtime, NIGHTS[0])["c11", "membership_anniversary"] == (
        "deferred",
        "outranked",
    )
    for night in NIGHTS[1:]:
        assert excluded_on(life.runtime, night)["c11", "membership_anniversary"] == (
            "deferred",
            "minimum_gap",
        )


def test_the_weekly_cap_makes_a_third_occasion_wait(life):
    hers = touched_by(life.runtime)
    hers = hers[hers["customer_id"] == "c21"].sort_values("send_on")
    assert hers["campaign"].tolist() == ["membership_anniversary", "birthday"]
    assert excluded_on(life.runtime, NIGHTS[2])["c21", "replenishment"] == (
        "deferred",
        "weekly_cap",
    )


def test_nobody_hears_from_the_shop_more_often_than_the_policy_allows(life):
    heard = messages_of(life.runtime).query("state == 'accepted'").sort_values("send_on")
    gaps = pd.to_datetime(heard["send_on"]).groupby(level="customer_id").diff().dt.days
    assert gaps.min() >= life.runtime.policy.contact.min_gap_days
    assert heard.groupby(level="customer_id").size().max() == 2


def test_who_is_held_out_gets_no_message_and_no_gift(life):
    found = touched_by(life.runtime)
    held_out = found[found["arm"] == "held_out"]
    assert len(held_out) >= 3
    assert held_out["gift_id"].isna().all()
    with reading(life.runtime.engine) as connection:
        written = set(connection.scalars(select(messages.c.touch_id)))
        moved = set(connection.scalars(select(gift_moves.c.touch_id)))
    assert not set(held_out["touch_id"]) & (written | moved)


def test_what_no_message_may_name_is_neither_reminded_of_nor_recommended(life):
    said = [
        line.get("text", "") + line.get("body", "")
        for line in exported(life.runtime.settings.outbound)
    ]
    assert any("Green Tea" in one for one in said)
    assert not any("Cigarettes" in one or "香烟" in one for one in said)


def test_the_first_night_of_both_databases_is_the_same_plan(life, first_night):
    other = reopened(first_night)
    mine, theirs = (
        touched_by(runtime).query("night == @NIGHT").drop(columns="state")
        for runtime in (life.runtime, other)
    )
    pd.testing.assert_frame_equal(
        *(f.sort_values("touch_id", ignore_index=True) for f in (mine, theirs))
    )
    assert excluded_on(life.runtime, NIGHT) == excluded_on(other, NIGHT)


# ── What became of it ───────────────────────────────────────────────────────────────────────────


def test_policy_approves_within_its_bounds_and_people_the_rest(life):
    with reading(life.runtime.engine):
        decided = [
            (one.campaign, one.night)
            for one in desk.list_campaigns(life.runtime)
            if one.state == "approved"
        ]
    by_whom = {
        key: desk.show(life.runtime, key[1], key[0], samples=0)[2][-1].actor for key in decided
    }
    assert {who for (name, _), who in by_whom.items() if name == "birthday"} == {"policy"}
    assert {who for (name, _), who in by_whom.items() if name != "birthday"} == {"mei"}


def test_the_gateway_took_what_the_ledger_says_was_accepted_and_nothing_twice(life):
    found = messages_of(life.runtime)
    accepted = found[found["state"] == "accepted"]["message_id"]
    assert life.taken == sorted(accepted)
    assert len(life.taken) == len(set(life.taken))


def test_at_the_end_every_message_came_to_an_end(life):
    ends = Counter(messages_of(life.runtime)["state"])
    assert set(ends) == {"accepted", "rejected", "withdrawn"}
    assert min(ends.values()) >= 1


def test_what_was_rejected_at_the_desk_never_left(life):
    found = messages_of(life.runtime, "replenishment")
    stopped = found[found["night"] == NIGHTS[1]]
    assert set(stopped["state"]) == {"withdrawn"}
    left = {line["message_id"] for line in exported(life.runtime.settings.outbound)}
    assert not left & set(stopped["message_id"])


def test_every_gift_was_given_or_given_back_and_the_tea_never_ran_below_nothing(life):
    with reading(life.runtime.engine) as connection:
        kinds = Counter(connection.scalars(select(gift_moves.c.kind)))
        taken = {row.gift_id: (row.taken, row.stock) for row in connection.execute(select(gifts))}
    assert kinds["reserve"] == kinds["commit"] + kinds["release"]
    assert kinds["release"] >= 1
    assert taken["tea"][0] <= taken["tea"][1] == 3
    assert taken["card"][1] is None


def test_gold_customers_get_tea_while_it_lasts_and_then_a_card(life):
    first = touched_by(life.runtime)
    gold = first[(first["tier"] == "gold") & (first["campaign"] == "birthday")]
    gold = gold[(gold["night"] == NIGHTS[0]) & (gold["arm"] == "treated")]
    assert gold.sort_values("customer_key")["gift_id"].tolist() == ["tea", "tea", "tea", "card"]
    assert gold.sort_values("customer_key")["gift_note"].tolist()[-1] == "tea is short"
