"""What a shop may tell beside customers, products and orders, through a whole night."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import select

from care import correspondence, desk, nightly, report
from care.runtime import Runtime
from care.storage.database import reading
from care.storage.snapshot import load_snapshot, read_pinned
from care.storage.tables import exclusions, identities, touches
from tests.workflows.builders import NIGHT, a_house, at, messages_of, some_products
from tests.workflows.delivered import deliver

BY_EMAIL = {"channels": ["email"], "priority": 50}
CAMPAIGNS = (
    *("maintenance", "warranty", "quality_notice", "hand_over"),
    *("service_follow_up", "post_purchase", "order_progress"),
)
POLICY = {
    "campaigns": dict.fromkeys(CAMPAIGNS, BY_EMAIL)
    | {"maintenance": BY_EMAIL | {"times": 50}}
    | {"post_purchase": BY_EMAIL | {"steps": [{"name": "how_to", "after_days": 5}]}},
    "holdout": {"share": 0},
}

LIFE: dict[str, dict[str, Any]] = {
    "p-1-0": {"service_interval_days": 1},  # whoever buys dish soap has it looked after every day
    "p-2-0": {"flagged_on": "2017-11-12"},
    "p-0-0": {"stage": "retired", "successor": "p-0-1"},
    "p-0-2": {"warranty_days": 30},
    "p-3-0": {"flagged_on": "2017-11-12", "service_interval_days": 1},  # cigarettes: not nameable
}
CASES = [
    {"case_id": "T1", "customer_id": "c01", "kind": "repair", "closed_on": "2017-11-10"},
    {"case_id": "T2", "customer_id": "c06", "kind": "complaint", "closed_on": None},
    {"case_id": "T3", "customer_id": "c99", "kind": "complaint", "closed_on": None},
]
DELIVERIES = [
    {"order_id": "o1", "customer_id": "c03", "promised_on": "2017-11-12", "delivered_on": None},
    {"order_id": "o2", "customer_id": "c31", "promised_on": None, "delivered_on": "2017-11-06"},
    {"order_id": "o3", "customer_id": "c32", "promised_on": None, "delivered_on": "2017-11-13"},
]


def plan(runtime: Runtime, night: date = NIGHT) -> None:
    """A night without models: what is due here needs none."""
    nightly.take_snapshot(runtime, night=night)
    for shard in nightly.plan(runtime, night=night, now=at("01:00", night)):
        correspondence.compose(runtime, night=night, shard=shard)
    desk.queue(runtime, night=night, now=at("01:00", night))


def tell_more(home: Path) -> None:
    """Let the shop's files say what few shops say."""
    goods = [row | LIFE.get(row["product_id"], {}) for row in some_products()]
    opened = [row | {"opened_on": "2017-11-05"} for row in CASES]
    deliver(home, products=goods, cases=opened, deliveries=DELIVERIES)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Runtime:
    """A house whose shop tells all of it, after its first night."""
    home = tmp_path_factory.mktemp("told") / "home"
    runtime = a_house(home, policy=POLICY)
    tell_more(home)
    plan(runtime)
    return runtime


def touched(runtime: Runtime) -> pd.DataFrame:
    query = select(
        identities.c.customer_id, touches.c["campaign", "state", "message_class", "product_key"]
    ).join(identities, identities.c.customer_key == touches.c.customer_key)
    with reading(runtime.engine) as connection:
        return pd.DataFrame([row._asdict() for row in connection.execute(query)])


@pytest.mark.parametrize("campaign", CAMPAIGNS)
def test_every_campaign_finds_somebody_and_writes_to_her(told, campaign):
    found = touched(told)
    found = found[found["campaign"] == campaign]
    assert len(found) > 0
    assert set(found["state"]) == {"rendered"}
    assert len(messages_of(told, campaign)) == len(found)


def test_nothing_is_noted_as_left_out(told):
    assert report.night_report(told, NIGHT).numbers()["paused"] == {}


def test_the_letters_are_about_whom_and_what_the_shop_told(told):
    found = touched(told).set_index("campaign")
    assert found.loc[["service_follow_up"], "customer_id"].tolist() == ["c01"]
    assert found.loc[["order_progress"], "customer_id"].tolist() == ["c03"]
    assert found.loc[["post_purchase"], "customer_id"].tolist() == ["c31"]
    sold = read_pinned(told.store, load_snapshot(told.store, NIGHT).products)
    keys = sold.set_index("product_id")["product_key"]
    assert set(found.loc[["quality_notice"], "product_key"]) == {keys["p-2-0"], keys["p-3-0"]}
    assert set(found.loc[["maintenance"], "product_key"]) == {keys["p-1-0"]}


def test_she_who_complained_gets_no_marketing_and_the_night_says_why(told):
    query = (
        select(exclusions.c["campaign", "reason"])
        .join(identities, identities.c.customer_key == exclusions.c.customer_key)
        .where(identities.c.customer_id == "c06")
    )
    with reading(told.engine) as connection:
        said = {row.campaign: row.reason for row in connection.execute(query)}
    assert said["birthday"] == "open_complaint"
    mine = touched(told)
    assert set(mine.loc[mine["customer_id"] == "c06", "message_class"]) <= {"service"}


def test_what_was_set_aside_is_counted(told):
    snapshot = load_snapshot(told.store, NIGHT)
    assert snapshot.counts["cases"].set_aside == {"unknown_customer": 1}
    assert (snapshot.counts["cases"].read, snapshot.counts["cases"].kept) == (3, 2)
    assert snapshot.counts["deliveries"].kept == 3


def test_a_night_that_was_taken_reads_the_cases_it_pinned(told):
    snapshot = load_snapshot(told.store, NIGHT)
    assert snapshot.cases is not None
    pinned = read_pinned(told.store, snapshot.cases)
    assert pinned["case_id"].tolist() == ["T1", "T2"]
    assert nightly.take_snapshot(told, night=NIGHT) == snapshot.sha256


def test_a_shop_that_tells_none_of_it_is_told_once_what_is_left_out(tmp_path: Path, caplog):
    runtime = a_house(tmp_path / "home", policy=POLICY)
    plan(runtime)
    noted = report.night_report(runtime, NIGHT).numbers()["paused"]
    assert noted == {
        "maintenance": ["the shop delivers no products.service_interval_days"],
        "warranty": ["the shop delivers no products.warranty_days"],
        "quality_notice": ["the shop delivers no products.flagged_on"],
        "hand_over": ["the shop delivers no products.successor"],
        "service_follow_up": ["the shop delivers no cases"],
        "post_purchase": ["the shop delivers no deliveries.delivered_on"],
        "order_progress": ["the shop delivers no deliveries"],
    }
    (line,) = [record.message for record in caplog.records if "left out" in record.message]
    for name, why in noted.items():
        assert f"{name}, as {' and '.join(why)}" in line
    found = touched(runtime)
    assert set(found["campaign"]) == {"birthday", "membership_anniversary"}


def test_its_manifest_says_nothing_of_tables_it_does_not_have(tmp_path: Path):
    runtime = a_house(tmp_path / "home")
    nightly.take_snapshot(runtime, night=NIGHT)
    manifest = json.loads(runtime.store.read(f"nights/{NIGHT}/manifest.json"))
    assert not {"cases", "deliveries"} & set(manifest)
