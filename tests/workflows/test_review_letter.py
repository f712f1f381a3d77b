"""The review letter through a whole night."""

import pandas as pd
from sqlalchemy import select

from care import correspondence, nightly
from care.storage.database import reading
from care.storage.tables import identities, touches
from tests.workflows.builders import NIGHT, a_house, at, messages_of

POLICY = {
    "campaigns": {
        "review_letter": {
            "channels": ["email"],
            "priority": 99,
            "days": [f"{NIGHT:%m-%d}"],
            "months": 6,
            "spread_days": 1,
            "min_visits": 2,
            "min_times": 2,
        }
    },
    "holdout": {"share": 0},
}


def test_whoever_came_often_is_thanked_on_the_day_and_on_no_other(tmp_path):
    runtime = a_house(tmp_path / "home", policy=POLICY)
    nightly.take_snapshot(runtime, night=NIGHT)
    for shard in nightly.plan(runtime, night=NIGHT, now=at("01:00", NIGHT)):
        correspondence.compose(runtime, night=NIGHT, shard=shard)
    query = select(
        identities.c.customer_id, touches.c["campaign", "occasion_key", "state", "product_key"]
    ).join(identities, identities.c.customer_key == touches.c.customer_key)
    with reading(runtime.engine) as connection:
        found = pd.DataFrame([row._asdict() for row in connection.execute(query)])
    assert len(found) > 0
    assert set(found["campaign"]) == {"review_letter"}
    assert set(found["occasion_key"]) == {"review-to-2017-10"}
    assert set(found["state"]) == {"rendered"}
    assert len(messages_of(runtime, "review_letter")) == len(found)
