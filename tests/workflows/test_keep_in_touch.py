"""Keep in touch through whole nights: nobody at first, whoever is silent once, and no more."""

from datetime import date

import pandas as pd
import pytest
from sqlalchemy import select

from care import correspondence, nightly
from care.explanation import explain
from care.runtime import Runtime
from care.storage.database import reading
from care.storage.tables import exclusions, identities, touches
from tests.workflows.builders import NIGHT, a_house, at, messages_of

POLICY = {
    "campaigns": {
        "birthday": {"enabled": False},
        "membership_anniversary": {"enabled": False},
        "replenishment": {"enabled": False},
        "keep_in_touch": {
            "channels": ["email"],
            "priority": 8,
            "audience": {"segments": ["repeat", "loyal"]},
            "after_months": 1,
            "spread_days": 1,
            "late_days": 2,
        },
    },
    "holdout": {"share": 0.5},
    "feed": {"max_age_days": 60},
}
NIGHTS = [NIGHT, *(date(2017, 12, day) for day in (13, 14, 16, 17))]
SILENT = "silent-1-months-since-2017-11-14"


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Runtime:
    """A house after its first night, and after the nights around the end of a month of silence."""
    runtime = a_house(tmp_path_factory.mktemp("keep-in-touch") / "home", policy=POLICY)
    for night in NIGHTS:
        nightly.take_snapshot(runtime, night=night)
        for shard in nightly.plan(runtime, night=night, now=at("01:00", night)):
            correspondence.compose(runtime, night=night, shard=shard)
    return runtime


def rows(runtime, table, *names):
    query = select(identities.c.customer_id, *(table.c[name] for name in names)).join(
        identities, identities.c.customer_key == table.c.customer_key
    )
    with reading(runtime.engine) as connection:
        return pd.DataFrame(connection.execute(query).all(), columns=["customer_id", *names])


def test_everybody_who_is_silent_is_planned_on_one_night_and_on_no_other(lived):
    found = rows(lived, touches, "night", "occasion_key", "arm", "state")
    assert set(found["night"]) == {date(2017, 12, 14)}
    assert set(found["occasion_key"]) == {SILENT}
    assert found["customer_id"].is_unique
    assert dict(found.groupby("arm")["state"].agg(set)) == {
        "treated": {"rendered"},
        "held_out": {"held_out"},
    }
    assert len(messages_of(lived, "keep_in_touch")) == (found["arm"] == "treated").sum()


def test_who_was_held_out_is_not_due_again_the_next_night(lived):
    found = rows(lived, touches, "arm")
    again = rows(lived, exclusions, "night")
    held = found.loc[found["arm"] == "held_out", "customer_id"]
    assert len(held) > 0
    assert again.loc[again["night"] > date(2017, 12, 14), "customer_id"].isin(held).sum() == 0


@pytest.mark.parametrize(
    ("arm", "outcome", "why"),
    [
        ("treated", "touched", "email for 14 Dec: written, and waits for its campaign's decision"),
        ("held_out", "held_out", "in the control group"),
    ],
)
def test_it_is_explained(lived, arm, outcome, why):
    found = rows(lived, touches, "arm")
    customer = found.loc[found["arm"] == arm, "customer_id"].iloc[0]

    def told(night):
        considered = explain(lived, customer, night=night).considered
        (one,) = (one for one in considered if one.campaign == "keep_in_touch")
        return one

    that_night = told(date(2017, 12, 14))
    assert (that_night.outcome, that_night.occasion_key) == (outcome, SILENT)
    assert that_night.why.startswith(why)
    assert told(NIGHT).why == "nothing is due"
