"""Somebody is found by a whole number of hers, or by her name with a reason that is kept."""

import pytest

from care.desk import UnableToDecide, search
from care.desk.acts import acts_of_staff
from care.domain.act import Act
from care.domain.suppression import Why
from care.storage.database import reading
from care.storage.people import find_customer
from care.suppression import Scope, suppress
from tests.workflows.builders import NIGHT, at, messages_of

MESSAGES = f"/nights/{NIGHT}/birthday/messages"
API = f"/api/nights/{NIGHT}/campaigns/birthday/messages"


@pytest.mark.parametrize("text", ["Em", "Carter", "王", "Emma Carter", "%", "c1"])
def test_no_part_of_a_name_finds_a_message(mei, text):
    page = mei.read(MESSAGES, text=text)
    assert "No message matches" in page
    assert mei.client.get(API, params={"text": text}).json()["rows"] == []
    assert mei.client.get("/customers", params={"who": text}).status_code == 404


def test_a_whole_number_finds_one(mei, house):
    with reading(house.engine) as connection:
        ref = find_customer(connection, "c15").customer_ref
    message_id = messages_of(house, "birthday").loc["c15", "message_id"]
    for text in ("c15", ref, message_id):
        (row,) = mei.client.get(API, params={"text": text}).json()["rows"]
        assert row["message_id"] == message_id


def test_nobody_is_taken_out_by_a_part_of_her_name(mei, house):
    seen = mei.seen(f"/nights/{NIGHT}/birthday")
    told = {"chosen": {"text": "Carter"}, "seen": seen, "reason": "no", "expected": 1}
    heads = {"X-Care-Seal": mei.seal()}
    answer = mei.client.post(API.replace("messages", "exclude"), json=told, headers=heads)
    assert answer.status_code == 409
    assert "finds nobody" in answer.text
    assert set(messages_of(house, "birthday")["state"]) == {"rendered"}


def test_who_looks_for_a_name_says_why_and_it_is_on_record_with_whom_she_found(mei, house):
    answer = mei.send("/customers/by-name", name="Emmad", reason="she called")
    assert answer.status_code == 200
    assert "Emmad Carter" in answer.text
    done = acts_of_staff(house).rows
    assert [one.act for one in done[-1:]] == [Act.SEARCH]
    assert {one.act for one in done[:-1]} == {Act.NAME}
    assert len(done) - 1 == done[-1].count == answer.text.count("grant=")
    assert {(one.actor, one.words) for one in done} == {("mei", "she called")}
    assert "Emmad" not in repr(done)


def test_a_search_that_finds_nobody_is_on_record_too(mei, house):
    answer = mei.send("/customers/by-name", name="Nobody", reason="she called")
    assert "Nobody has that in the name" in answer.text
    assert [(one.act, one.count) for one in acts_of_staff(house).rows] == [(Act.SEARCH, 0)]


def test_too_short_or_too_common_a_name_shows_nobody(mei, house):
    for name, status in (("E", 409), ("Carter", 409), ("E ", 409)):
        answer = mei.send("/customers/by-name", name=name, reason="she called")
        assert answer.status_code == status
        assert "grant=" not in answer.text
    assert mei.send("/customers/by-name", name="Emmad", reason=" ").status_code == 409
    assert [one.act for one in acts_of_staff(house).rows] == [Act.SEARCH]
    with pytest.raises(UnableToDecide, match="more than 20"):
        search.find_by_name(house, "Carter", actor="mei", reason="x", now=at("06:00"))


def test_a_program_looks_for_a_name_in_the_same_way(mei, house):
    heads = {"X-Care-Seal": mei.seal()}
    asked = {"name": "Emmad", "reason": "she called"}
    found = mei.client.post("/api/customers/by-name", json=asked, headers=heads).json()
    assert {one["name"] for one in found} == {"Emmad Carter"}
    asked = {"name": "Emmad"}
    assert mei.client.post("/api/customers/by-name", json=asked, headers=heads).status_code == 422
    assert len(acts_of_staff(house).rows) == len(found) + 1


def test_what_must_not_be_sent_names_a_pseudonym_as_her_page_does(mei, house):
    suppress(house, Scope(customer="c07"), reason=Why.MANUAL, source="desk", now=at("05:00"))
    with reading(house.engine) as connection:
        ref = find_customer(connection, "c07").customer_ref
    page = mei.read("/library/suppressions")
    assert ref[:12] in page
    assert "c07" not in page
    (told,) = mei.client.get("/api/library/suppressions").json()["rows"]
    assert told["customer_ref"] == ref
    assert "c07" not in repr(told)


def test_goods_that_say_something_of_her_are_not_named_before_it_is_asked(mei, house):
    hidden = mei.read("/customers/c01")
    told = mei.client.get("/api/customers/c01").text
    assert "Ground Coffee" in hidden
    assert "cigarettes" not in (hidden + told).lower()
    answer = mei.send("/customers/c01/reveal", reason="she called")
    shown = mei.client.get(f"/{answer.headers['location'].lstrip('./')}").text
    assert "Cigarettes" in shown
