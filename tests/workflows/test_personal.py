"""Reviews, advisors and wishes, from the shop's files through a night to the letters."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import select

from care import correspondence, desk, nightly, report
from care.runtime import Runtime
from care.storage.database import reading
from care.storage.people import read_people
from care.storage.snapshot import load_snapshot, read_pinned
from care.storage.tables import exclusions, identities, touches
from tests.workflows.builders import NIGHT, a_house, at, some_customers
from tests.workflows.delivered import deliver

BY_EMAIL = {"channels": ["email"], "priority": 50}
POLICY = {
    "campaigns": {
        "bad_review": BY_EMAIL,
        "referral_thanks": BY_EMAIL | {"priority": 95},
        "vip_care": BY_EMAIL
        | {"priority": 96, "audience": {"tiers": ["gold"]}, "per_advisor": 3, "per_house": 50},
    },
    "segments": {"loyal_orders": 3},
    "holdout": {"share": 0},
}
RUTH = {
    "advisor": "Ruth Palmer",
    "advisor_phone": "+1 555 0111",
    "advisor_email": "ruth@maple.example",
    "household_id": "H1",
}
LOOKED_AFTER = {"c01": RUTH, "c03": RUTH | {"festivals": "christmas;easter"}}
REVIEWS = [
    {"review_id": "R1", "customer_id": "c01", "stars": 1, "product_id": "p-0-0"},
    {"review_id": "R2", "customer_id": "c06", "stars": 2, "product_id": "p-3-0"},  # cigarettes
    {"review_id": "R3", "customer_id": "c31", "stars": 5, "product_id": "p-0-0"},
    {"review_id": "R4", "customer_id": "c32", "stars": 4, "helpful": 25},
    {"review_id": "R5", "customer_id": "c33", "stars": 9},
]


def tell_more(home: Path) -> None:
    """Let the shop say who looks after whom, and what customers wrote."""
    people = [row | LOOKED_AFTER.get(row["customer_id"], {}) for row in some_customers()]
    written = [row | {"reviewed_on": "2017-11-13"} for row in REVIEWS]
    deliver(home, customers=people, reviews=written)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Runtime:
    home = tmp_path_factory.mktemp("personal") / "home"
    runtime = a_house(home, policy=POLICY)
    tell_more(home)
    nightly.take_snapshot(runtime, night=NIGHT)
    for shard in nightly.plan(runtime, night=NIGHT, now=at("01:00")):
        correspondence.compose(runtime, night=NIGHT, shard=shard)
    desk.queue(runtime, night=NIGHT, now=at("01:00"))
    return runtime


def touched(runtime: Runtime, campaign: str) -> pd.DataFrame:
    query = (
        select(identities.c.customer_id, touches.c["occasion_key", "state", "product_key"])
        .join(identities, identities.c.customer_key == touches.c.customer_key)
        .where(touches.c.campaign == campaign)
        .order_by(identities.c.customer_id)
    )
    with reading(runtime.engine) as connection:
        return pd.DataFrame([row._asdict() for row in connection.execute(query)])


def letters(runtime: Runtime, campaign: str) -> list[dict[str, Any]]:
    return [dict(one.content) for one in desk.show(runtime, NIGHT, campaign, samples=50)[1]]


def test_reviews_are_pinned_with_the_night_and_counted(told):
    snapshot = load_snapshot(told.store, NIGHT)
    assert snapshot.reviews is not None
    assert read_pinned(told.store, snapshot.reviews)["review_id"].tolist() == [
        "R1", "R2", "R3", "R4",
    ]  # fmt: skip
    count = snapshot.counts["reviews"]
    assert (count.read, count.kept, count.set_aside) == (5, 4, {"bad_number": 1})
    manifest = json.loads(told.store.read(f"nights/{NIGHT}/manifest.json"))
    assert manifest["reviews"]["rows"] == 4


def test_nothing_is_noted_as_left_out(told):
    assert report.night_report(told, NIGHT).numbers()["paused"] == {}


def test_who_was_not_pleased_is_written_to_by_her_advisor_who_gets_the_answer(told):
    found = touched(told, "bad_review").set_index("customer_id")
    assert found["occasion_key"].to_dict() == {"c01": "bad-review-R1", "c06": "bad-review-R2"}
    assert pd.isna(found.loc["c06", "product_key"])  # which no letter may name
    assert set(found["state"]) == {"rendered"}
    by_advisor = {"Ruth Palmer" in one["text"]: one for one in letters(told, "bad_review")}
    assert set(by_advisor) == {True, False}
    assert by_advisor[True]["reply_to"] == "ruth@maple.example"
    assert "+1 555 0111" in by_advisor[True]["text"]
    assert by_advisor[False]["reply_to"] == told.policy.shop.reply_to


def test_she_gets_no_marketing_meanwhile_and_the_night_says_why(told):
    query = (
        select(identities.c.customer_id, exclusions.c.campaign)
        .join(identities, identities.c.customer_key == exclusions.c.customer_key)
        .where(exclusions.c.reason == "bad_review")
    )
    with reading(told.engine) as connection:
        muted = {(row.customer_id, row.campaign) for row in connection.execute(query)}
    assert {customer for customer, _ in muted} <= {"c01", "c06"}
    assert ("c06", "birthday") in muted


def test_who_is_pleased_is_asked_and_who_helped_is_thanked(told):
    found = touched(told, "referral_thanks").set_index("customer_id")["occasion_key"]
    assert found.to_dict() == {"c31": "pleased-review-R3", "c32": "helped-review-R4"}


def test_the_tier_that_the_policy_names_hears_from_its_people(told):
    found = touched(told, "vip_care")
    assert set(found["occasion_key"]) == {"vip-2017-Q4"}
    assert len(letters(told, "vip_care")) == len(found) > 0


def test_planned_once_more_nobody_is_written_to_again(told):
    before = touched(told, "vip_care")
    assert nightly.plan(told, night=NIGHT, now=at("02:00")) != []
    assert touched(told, "vip_care").equals(before)


def test_households_and_wishes_are_known_to_the_planner(told):
    with reading(told.engine) as connection:
        people = read_people(connection).set_index("customer_id")
    assert people.loc[["c01", "c03"], "household_id"].tolist() == ["H1", "H1"]
    assert people.loc["c03", "festivals"] == "christmas"
    aside = read_pinned(told.store, load_snapshot(told.store, NIGHT).set_aside)
    noted = aside[aside["field"] == "festivals"]
    assert noted[["value", "reason", "scope"]].to_numpy().tolist() == [
        ["christmas;easter", "unknown_value", "field"]
    ]
