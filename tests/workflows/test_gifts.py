"""Gifts from the plan to the customer: codes, stock and money, whatever happens on the way."""

import shutil
import signal
from datetime import date

import pandas as pd
import pytest
from sqlalchemy import select

from care import correspondence, desk, gifting, nightly, report, training
from care.desk.gift import swap_gift
from care.desk.look import show_message
from care.desk.undoing import undo
from care.domain.decision import Verdict
from care.runtime import Runtime
from care.storage import gifts
from care.storage.database import reading, writing
from care.storage.tables import touches, voucher_codes
from tests.workflows.builders import (
    NIGHT,
    a_house,
    after,
    approve,
    at,
    decide,
    messages_of,
    release_at,
    reopened,
)
from tests.workflows.conftest import as_one_file, copy_ledger, made_once
from tests.workflows.laws import assert_laws
from tests.workflows.peer import Peer, exported
from tests.workflows.victim import at_once, plan_the_next_night

TEXTS = {"en": "a coffee", "zh-CN": "咖啡一杯"}
COFFEE = {
    "label": TEXTS, "description": TEXTS, "cost": 300, "fulfilment": "coupon", "codes": True,
    "valid_until": "2017-12-31",
}  # fmt: skip
CARD = {"label": TEXTS, "description": TEXTS, "cost": 60}
TIERS = ("member", "silver", "gold")
POLICY = {
    "night": {"gift_budget": 5_600, "month_gift_budget": 6_000},
    "gifts": {"coffee": COFFEE, "note": CARD},
    "ladders": {
        "birthday": {tier: ["coffee", "card"] for tier in TIERS},
        "membership_anniversary": {tier: ["tea", "coffee", "note"] for tier in TIERS},
    },
    "holdout": {"share": 0.1, "salt": "tests"},
}
POOL = 9


@pytest.fixture(scope="session")
def scored(tmp_path_factory):
    """Two nights taken and foretold but not planned, and a pool of nine codes, on SQLite."""

    def make(home):
        runtime = a_house(home, policy=POLICY)
        for night in (NIGHT, after(1)):
            nightly.take_snapshot(runtime, night=night)
        training.train_items(runtime, night=NIGHT, now=at("01:00"))
        training.train_timing(runtime, night=NIGHT, now=at("01:00"))
        for night in (NIGHT, after(1)):
            nightly.score(runtime, night=night)
        bring_codes(runtime, POOL)
        as_one_file(home / "care.sqlite")

    return made_once(tmp_path_factory, "scored-with-codes", make)


def bring_codes(runtime: Runtime, count: int) -> gifting.Imported:
    path = runtime.settings.home / "codes.csv"
    path.write_text("code\n" + "".join(f"COFFEE-{n:04}\n" for n in range(count)), "utf-8")
    return gifting.import_codes(runtime, "coffee", path)


@pytest.fixture
def house(scored, tmp_path, database_url) -> Runtime:
    home = shutil.copytree(scored, tmp_path / "home")
    ledger = home / "care.sqlite"
    if database_url.startswith("sqlite"):
        shutil.move(ledger, database_url.removeprefix("sqlite:///"))
    else:
        copy_ledger(f"sqlite:///{ledger}", database_url)
    return reopened(home, database_url)


@pytest.fixture
def on_sqlite(scored, tmp_path) -> Runtime:
    return reopened(shutil.copytree(scored, tmp_path / "home"))


def plan_tonight(runtime: Runtime) -> None:
    for shard in nightly.plan(runtime, night=NIGHT, now=at("01:00")):
        correspondence.compose(runtime, night=NIGHT, shard=shard)
    desk.queue(runtime, night=NIGHT, now=at("01:00"))


def states(runtime: Runtime) -> dict[str, int]:
    with reading(runtime.engine) as connection:
        found = pd.Series(list(connection.scalars(select(voucher_codes.c.state))), dtype="str")
    return {str(state): int(count) for state, count in found.value_counts().items()}


def noted(runtime: Runtime, night: date = NIGHT) -> pd.DataFrame:
    query = select(touches.c["customer_key", "gift_id", "gift_note", "arm"])
    with reading(runtime.engine) as connection:
        rows = connection.execute(query.where(touches.c.night == night))
        return pd.DataFrame([row._asdict() for row in rows])


# ── One night ───────────────────────────────────────────────────────────────────────────────────


def test_each_message_carries_its_own_code_and_the_last_day_it_is_good(on_sqlite):
    plan_tonight(on_sqlite)
    assert states(on_sqlite) == {"reserved": POOL}
    found = messages_of(on_sqlite)
    assert (found["gift_id"] == "coffee").sum() == POOL
    approve(on_sqlite)
    release_at(on_sqlite, "06:30")
    lines = [line.get("text") or line["body"] for line in exported(on_sqlite.settings.outbound)]
    with_code = [text for text in lines if "COFFEE-" in text]
    assert with_code
    assert any("December 31" in text for text in with_code)
    assert_laws(on_sqlite)


def test_who_comes_too_late_gets_the_declared_fallback_and_the_note_says_so(on_sqlite):
    plan_tonight(on_sqlite)
    found = noted(on_sqlite)
    late = found[found["gift_note"].str.contains("coffee is short")]
    assert len(late)
    assert set(late["gift_id"].dropna()) <= {"card", "note"}
    assert late["gift_id"].notna().any()


def test_looking_at_samples_burns_no_code_and_neither_do_those_held_out(on_sqlite):
    plan_tonight(on_sqlite)
    before = states(on_sqlite)
    _, samples, _ = desk.show(on_sqlite, NIGHT, "birthday", samples=5)
    assert any("COFFEE-" in str(sample.content) for sample in samples)
    assert states(on_sqlite) == before
    held_out = noted(on_sqlite).query("arm == 'held_out'")
    assert len(held_out)
    assert held_out["gift_id"].isna().all()


def test_a_rejected_campaign_gives_codes_and_money_back(on_sqlite):
    plan_tonight(on_sqlite)
    names = [one.campaign for one in desk.list_campaigns(on_sqlite)]
    decide(on_sqlite, Verdict.REJECT, *names, reason="not this year")
    assert states(on_sqlite) == {"free": POOL}
    with reading(on_sqlite.engine) as connection:
        assert gifts.spent_in(connection, NIGHT) == (0, 0)
    assert_laws(on_sqlite)


def test_a_rejection_that_is_taken_back_brings_codes_and_letters_that_name_them(house):
    plan_tonight(house)
    names = [one.campaign for one in desk.list_campaigns(house)]
    decide(house, Verdict.REJECT, *names, reason="not this year")
    by = {"actor": "mei", "reason": "it is", "now": at("06:10")}
    for name in reversed(names):  # so that codes come to others than had them before
        assert undo(house, NIGHT, name, **by).state == "waiting"
    assert states(house) == {"reserved": POOL}
    assert_laws(house)
    approve(house)
    release_at(house, "06:30")
    assert any("COFFEE-" in str(line) for line in exported(house.settings.outbound))
    assert_laws(house)


def test_a_rejection_is_not_taken_back_once_its_codes_are_somebody_elses(on_sqlite):
    plan_tonight(on_sqlite)
    decide(on_sqlite, Verdict.REJECT, "birthday", reason="not this year")
    bring_none = select(voucher_codes.c.code).where(voucher_codes.c.state == "free").limit(1)
    with writing(on_sqlite.engine) as connection:
        code = connection.scalar(bring_none)
        connection.exec_driver_sql("DELETE FROM voucher_codes WHERE code = ?", (code,))
        connection.exec_driver_sql("UPDATE code_pools SET free = free - 1 WHERE free > 0")
    with pytest.raises(desk.UnableToDecide, match=r"needs \d of coffee, and \d are left"):
        undo(on_sqlite, NIGHT, "birthday", actor="mei", reason="it is", now=at("06:10"))
    assert set(messages_of(on_sqlite, "birthday")["state"]) == {"withdrawn"}


def test_a_code_goes_back_with_the_gift_that_is_exchanged(house):
    plan_tonight(house)
    by = {"actor": "mei", "reason": "she does not drink it", "now": at("06:10")}
    found = messages_of(house, "birthday").query("gift_id == 'coffee'")
    message_id = found["message_id"].iloc[0]
    for gift_id, reserved in (("card", POOL - 1), (None, POOL - 1), ("coffee", POOL)):
        swap_gift(house, NIGHT, "birthday", message_id=message_id, gift_id=gift_id, **by)
        assert states(house)["reserved"] == reserved
        assert ("COFFEE-" in str(show_message(house, message_id).content)) == (gift_id == "coffee")
        assert_laws(house)


def test_a_message_that_was_handed_over_and_refused_takes_its_code_with_it(on_sqlite):
    plan_tonight(on_sqlite)
    approve(on_sqlite)
    release_at(on_sqlite, "06:30")
    peer = Peer(on_sqlite.settings.outbound)
    peer.answer(lambda line: ("550", False) if "COFFEE-" in str(line) else None)
    release_at(on_sqlite, "06:40")
    refused = messages_of(on_sqlite).query("state == 'rejected' and gift_id == 'coffee'")
    assert len(refused)
    assert states(on_sqlite)["spent"] == len(refused)
    assert "issued" not in states(on_sqlite)
    assert_laws(on_sqlite)


def test_the_night_warns_before_the_codes_run_out(on_sqlite):
    plan_tonight(on_sqlite)
    warnings = report.night_report(on_sqlite, NIGHT).numbers()["warnings"]
    assert [one for one in warnings if one["gift"] == "coffee"] == [
        {"kind": "low_gift", "gift": "coffee", "left": 0, "of": "codes", "below": POOL}
    ]


def test_no_customer_gets_the_same_gift_twice_in_a_row(on_sqlite):
    plan_tonight(on_sqlite)
    bring_codes(on_sqlite, 40)
    plan_the_next_night(on_sqlite)
    both = noted(on_sqlite).merge(noted(on_sqlite, after(1)), on=["customer_key", "gift_id"])
    assert both.dropna(subset="gift_id").empty


def test_status_says_what_there_is_promised_and_left(on_sqlite):
    plan_tonight(on_sqlite)
    found = gifting.status(on_sqlite)
    coffee = next(one for one in found.gifts if one.gift_id == "coffee")
    assert (coffee.promised, coffee.free, coffee.left, coffee.low) == (POOL, 0, 0, True)
    assert [(one.period, one.budget) for one in found.budgets] == [
        ("2017-11-14", 5_600), ("2017-11", 6_000)
    ]  # fmt: skip
    assert found.budgets[0].spent == sum(
        one.cost * one.promised for one in found.gifts
    ) == found.budgets[1].spent  # fmt: skip


def test_the_month_leaves_less_to_the_second_night(on_sqlite):
    plan_tonight(on_sqlite)
    bring_codes(on_sqlite, 40)
    plan_the_next_night(on_sqlite)
    tonight, month = gifting.status(on_sqlite, night=after(1)).budgets
    assert month.spent > 5_600
    assert tonight.spent <= 6_000 - gifting.status(on_sqlite, night=NIGHT).budgets[0].spent
    assert noted(on_sqlite, after(1))["gift_note"].str.contains("short").any()
    assert_laws(on_sqlite)


# ── Sixteen at once, some of them killed ────────────────────────────────────────────────────────

DEATHS = (
    ("after", "care.storage.codes.take_codes", 1),
    ("before", "care.storage.gifts._spend", 1),
    ("after", "care.storage.nights.reserve", 1),
    ("before", "care.storage.messages.save_messages", 1),
    ("after", "care.storage.messages.save_messages", 1),
    ("before", "care.desk.queue", 1),
)


@pytest.mark.slow
def test_two_nights_and_sixteen_workers_stay_within_stock_codes_and_money(house):
    stages = ["tonight", "the next night"] * 8
    ends = at_once(house, *stages, killed=dict(enumerate(DEATHS)))
    assert set(ends) <= {0, -signal.SIGKILL}
    assert -signal.SIGKILL in ends
    assert at_once(house, "tonight", "the next night") == [0, 0]
    assert_laws(house)
    assert states(house) == {"reserved": POOL}

    approve(house)
    approve(house, night=after(1))
    peer = Peer(house.settings.outbound)
    dies = ("after", "care.storage.batches.claim", 1)
    at_once(house, *["release, and again"] * 4, killed={0: dies})
    peer.answer(refuse_a_third)
    dies = ("after", "care.storage.codes.issue_codes", 1)
    at_once(house, *["collect"] * 4, killed={1: dies})
    assert_laws(house)
    for day in (NIGHT, after(1)):
        for clock in ("06:50", "07:00"):
            release_at(house, clock, day)
            peer.answer(refuse_a_third)
    assert_laws(house)
    assert "issued" in states(house)


def refuse_a_third(line):
    return ("550", False) if int(line["message_id"][:4], 16) % 3 == 0 else None
