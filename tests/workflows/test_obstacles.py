"""What a reviewer is told beforehand of messages that would be stopped as they leave."""

from care.desk.obstacle import LOOKED_AT, obstacles, obstacles_of
from care.domain.suppression import Why
from care.suppression import Scope, suppress
from tests.workflows.builders import NIGHT, approve, at, messages_of, release_at

NOW = at("06:00")


def stop(house, customer):
    suppress(
        house, Scope(customer=customer), reason=Why.MANUAL, source="desk", now=at("05:00"), note="x"
    )


def test_a_night_as_it_was_planned_meets_no_obstacle(planned):
    found = messages_of(planned)
    assert obstacles(planned, found["message_id"].tolist(), now=NOW) == {}
    for campaign, rows in found.groupby("campaign"):
        told = obstacles_of(planned, NIGHT, str(campaign), now=NOW)
        assert (told.looked_at, told.stopped) == (min(len(rows), LOOKED_AT), 0)
    assert obstacles(planned, [], now=NOW) == {}


def test_what_is_told_beforehand_is_what_happens_at_the_door(planned):
    found = messages_of(planned, "birthday")
    for customer in ("c15", "c05"):
        stop(planned, customer)
    told = obstacles(planned, found["message_id"].tolist(), now=NOW)
    assert set(told) == set(found.loc[["c15", "c05"], "message_id"])
    whole = obstacles_of(planned, NIGHT, "birthday", now=NOW)
    assert whole.why == {"suppressed since it was planned": 2}
    approve(planned, "birthday")
    for hour in ("06:30", "12:30"):
        release_at(planned, hour)
    after = messages_of(planned, "birthday").set_index("message_id")
    stopped = after[after["state"] == "suppressed"]
    assert stopped["state_reason"].to_dict() == told
    assert obstacles(planned, list(told), now=NOW) == {}  # they wait no more


def test_who_was_taken_out_or_comes_too_late_is_told_apart(planned_on_sqlite):
    from care.desk.exclusion import exclude

    house = planned_on_sqlite
    stop(house, "c15")
    exclude(house, NIGHT, "birthday", customers=["c15"], actor="mei", reason="x", now=NOW)
    assert obstacles_of(house, NIGHT, "birthday", now=NOW).stopped == 0
    late = obstacles_of(house, NIGHT, "birthday", now=at("06:00").replace(year=2018))
    assert late.why == {"too late to send": late.looked_at}
