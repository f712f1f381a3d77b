"""From a campaign that waits to a sealed batch, or to none, by the commands of the desk."""

import json
import sqlite3

import pytest

from care.settings import shipped

NIGHT = ("--night", "2017-11-14")
MORNING = ("--now", "2017-11-14T09:30-05:00")
CAMPAIGN = {
    "night", "campaign", "state", "content_hash", "approval_id", "messages", "gift_cost",
    "fallback_share", "needs_person", "decide_by", "unanswered",
}  # fmt: skip


@pytest.fixture
def desk(care, home):
    """`care review …` on that night; what it prints as JSON, or its exit code and words."""

    def ask(verb, *words):
        night = () if verb == "list" else NIGHT
        said = care("review", verb, *words, *night, "--home", home, "--json")
        return json.loads(said.out) if said.code == 0 else (said.code, said.words)

    return ask


def messages(home, campaign):
    """Message states of a campaign, straight from the ledger."""
    ledger = sqlite3.connect(home / "care.sqlite")
    query = "SELECT state, count(*) FROM messages WHERE campaign = ? GROUP BY state"
    found = dict(ledger.execute(query, (campaign,)).fetchall())
    ledger.close()
    return found


def sealed(home):
    """Lines of all sealed batches."""
    parts = sorted(home.glob("outbound/*/*/part-*.jsonl"))
    return [json.loads(line) for part in parts for line in part.read_text().splitlines()]


def test_the_list_names_every_campaign_and_when_it_must_be_decided(care, home, desk):
    listed = desk("list")
    assert [one["campaign"] for one in listed] == ["birthday", "membership_anniversary"]
    assert all(set(one) == CAMPAIGN for one in listed)
    assert listed[0]["decide_by"] == "2017-11-15T18:00:00+00:00"
    out = care("review", "list", "--home", home).out
    for one in listed:
        assert one["campaign"] in out
        assert one["content_hash"][:12] in out


def test_an_empty_list_says_how_to_get_one(care, tmp_path):
    said = care("review", "list", "--home", tmp_path)
    assert (said.code, said.out) == (0, "No campaign. `care night --night DATE` plans one.\n")
    said = care("review", "list", "--home", tmp_path, "--json")
    assert json.loads(said.out) == []


def test_a_campaign_is_shown_with_messages_and_the_command_that_approves_it(care, home, desk):
    shown = desk("show", "birthday", "--samples", "2")
    assert set(shown) == {"campaign", "samples", "decisions"}
    assert set(shown["campaign"]) == CAMPAIGN
    assert len(shown["samples"]) == 2
    assert shown["decisions"] == []
    said = care("review", "show", "birthday", *NIGHT, "--samples", "2", "--home", home)
    for sample in shown["samples"]:
        assert sample["content"]["subject"] in said.out
    offered = next(line for line in said.out.splitlines() if "care review approve" in line)
    assert care(*offered.split()[1:], "--home", home).code == 0
    assert desk("show", "birthday")["campaign"]["state"] == "approved"


def test_what_is_approved_is_handed_over_and_nothing_else(care, home, desk):
    approved = desk("approve", "birthday", "--as", "mei", "-m", "reads well", *MORNING)
    assert approved["state"] == "approved"
    said = care("release", *MORNING, "--home", home)
    assert (said.code, said.out) == (0, "0 batches answered, 1 batch submitted\n")
    lines = sealed(home)
    assert {line["campaign"] for line in lines} == {"birthday"}
    # One birthday is today; the others' days have not come yet.
    assert [line["to"] for line in lines] == ["customer001@mail.example"]
    manifest = json.loads(next(home.glob("outbound/*/*/manifest.json")).read_text())
    assert manifest["approver"] == "mei"
    assert manifest["approval_id"] == str(approved["approval_id"])
    assert messages(home, "membership_anniversary") == {"rendered": 2}


def test_releasing_twice_hands_nothing_over_twice(care, home, desk):
    desk("approve", "birthday", *MORNING)
    care("release", *MORNING, "--home", home)
    before = {path: path.read_bytes() for path in home.glob("outbound/*/*/*")}
    assert care("release", *MORNING, "--home", home).out.endswith("0 batches submitted\n")
    assert {path: path.read_bytes() for path in home.glob("outbound/*/*/*")} == before


def test_the_gateways_answer_comes_back(care, home, desk):
    import subprocess
    import sys

    desk("approve", "birthday", *MORNING)
    care("release", *MORNING, "--home", home)
    gateway = [sys.executable, shipped("examples") / "gateway_consumer.py", home / "outbound"]
    subprocess.run([*gateway, "--once", *MORNING], check=True, capture_output=True)
    assert care("release", *MORNING, "--home", home).out.startswith("1 batch answered")
    assert messages(home, "birthday")["accepted"] == 1


def test_a_held_campaign_stays_until_it_is_approved(care, home, desk):
    assert desk("hold", "birthday", "-m", "ask the florist", *MORNING)["state"] == "held"
    care("release", *MORNING, "--home", home)
    assert sealed(home) == []
    assert desk("approve", "birthday", *MORNING)["state"] == "approved"
    care("release", *MORNING, "--home", home)
    assert len(sealed(home)) == 1
    trail = desk("show", "birthday")["decisions"]
    assert [(line["verdict"], line["reason"]) for line in trail] == [
        ("hold", "ask the florist"),
        ("approve", ""),
    ]


def test_a_rejected_campaign_is_withdrawn_and_its_gifts_come_back(care, home, desk):
    ledger = sqlite3.connect(home / "care.sqlite")
    assert ledger.execute("SELECT sum(taken) FROM gifts").fetchone() == (3,)
    assert desk("reject", "birthday", "-m", "wrong picture", *MORNING)["state"] == "rejected"
    assert messages(home, "birthday") == {"withdrawn": 3}
    assert ledger.execute("SELECT sum(taken) FROM gifts").fetchone() == (0,)
    care("release", *MORNING, "--home", home)
    assert sealed(home) == []
    code, words = desk("approve", "birthday", *MORNING)
    assert code == 4
    assert "birthday of 2017-11-14 is rejected: nothing to approve" in words


def test_approval_of_what_was_shown_is_refused_once_it_is_something_else(care, home, desk):
    shown = desk("show", "birthday")["campaign"]["content_hash"]
    code, words = desk("approve", "birthday", "--content", "0" * 12)
    assert code == 4
    assert f"content is now {shown[:12]}. Look again, then decide." in words
    assert desk("approve", "birthday", "--content", shown[:12])["state"] == "approved"


@pytest.mark.parametrize("verb", ["hold", "reject"])
def test_a_blank_reason_is_no_reason(desk, verb):
    code, words = desk(verb, "birthday", "-m", "  ")
    assert code == 4
    assert f"{verb} needs a reason" in words


def test_what_is_on_its_way_cannot_be_called_back(care, home, desk):
    desk("approve", "birthday", *MORNING)
    care("release", *MORNING, "--home", home)
    code, words = desk("reject", "birthday", "-m", "too late", *MORNING)
    assert code == 4
    assert "already on its way" in words


def test_the_waiting_list_shrinks_with_every_decision(desk):
    assert len(desk("list", "--waiting")) == 2
    desk("approve", "birthday", *MORNING)
    assert [one["campaign"] for one in desk("list", "--waiting")] == ["membership_anniversary"]


def test_who_decided_is_the_login_name_unless_told(desk, monkeypatch):
    monkeypatch.setattr("getpass.getuser", lambda: "lena")
    desk("approve", "birthday", *MORNING)
    assert [line["actor"] for line in desk("show", "birthday")["decisions"]] == ["lena"]


def test_a_customer_is_taken_out_and_the_trail_tells_it(care, home, desk):
    customer = (
        sqlite3.connect(home / "care.sqlite")
        .execute(
            "SELECT customer_id FROM identities JOIN touches USING (customer_key) "
            "JOIN messages USING (touch_id) WHERE touches.campaign = 'birthday'"
        )
        .fetchone()[0]
    )
    before = messages(home, "birthday")["rendered"]
    out = ("exclude", "birthday", "--customer", customer, "-m", "she called", "--as", "mei")
    done = desk(*out, *MORNING)
    assert (done["messages"], done["campaign"]["state"]) == (1, "waiting")
    assert messages(home, "birthday") == {"rendered": before - 1, "withdrawn": 1}
    code, words = desk(*out, *MORNING)
    assert (code, "no message in birthday" in words) == (4, True)
    (line,) = json.loads(care("review", "audit", "--home", home, "--json").out)
    assert (line["verdict"], line["actor"], line["reason"]) == ("exclude", "mei", "she called")
    said = care("review", "audit", "--home", home)
    assert "exclude by mei: she called" in said.out


def test_a_rejection_is_taken_back(care, home, desk):
    before = messages(home, "birthday")
    desk("reject", "birthday", "-m", "wrong season", *MORNING)
    undone = desk("undo", "birthday", "-m", "it is not", *MORNING)
    assert (undone["state"], messages(home, "birthday")) == ("waiting", before)
    code, words = desk("undo", "birthday", "-m", "again", *MORNING)
    assert (code, "nothing was decided yet" in words) == (4, True)


def test_a_forged_trail_ends_with_one_and_says_where(care, home, desk):
    desk("hold", "birthday", "-m", "wait", *MORNING)
    said = care("review", "audit", "--check", "--home", home)
    assert (said.code, said.out) == (0, "1 line(s), and each follows the one before it.\n")
    with sqlite3.connect(home / "care.sqlite") as ledger:
        ledger.execute("DROP TRIGGER decisions_no_update")
        ledger.execute("UPDATE decisions SET actor = 'nobody'")
    ledger.close()
    said = care("review", "audit", "--check", "--home", home)
    assert (said.code, said.out.startswith("Decision 1 does not fit: it is not what")) == (1, True)
    said = care("review", "audit", "--check", "--home", home, "--json")
    assert (said.code, json.loads(said.out)["broken_at"]) == (1, 1)
