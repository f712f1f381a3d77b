"""The laws of the ledger after the demo, by plain SQL and JSON."""

import hashlib
import json
import sqlite3
from collections import Counter, defaultdict
from datetime import UTC, datetime

from tests.demo.ran import NIGHTS, ON_THE_DEMO, rows, sealed

pytestmark = ON_THE_DEMO


def test_law_1_everybody_who_was_due_is_accounted_for(home):
    for night in NIGHTS:
        (due,) = rows(home, "SELECT due FROM nights WHERE night = ?", night)
        became = Counter()
        for table in ("touches", "exclusions"):
            query = f"SELECT campaign, count(*) AS n FROM {table} WHERE night = ? GROUP BY campaign"
            became.update({row["campaign"]: row["n"] for row in rows(home, query, night)})
        assert json.loads(due["due"]) == dict(became)


def test_law_1_every_touch_has_come_to_something(home):
    query = """
        SELECT t.arm, t.state, m.state AS message, count(*) AS n
        FROM touches t LEFT JOIN messages m USING (touch_id) GROUP BY 1, 2, 3"""
    found = rows(home, query)
    assert {row["arm"] for row in found} == {"treated", "held_out"}
    for row in found:
        if row["arm"] == "held_out":
            assert (row["state"], row["message"]) == ("held_out", None)
        else:
            assert row["state"] == "rendered"
            assert row["message"] in ("rendered", "sealed", "accepted")


def test_law_2_nobody_is_touched_twice_for_one_occasion(home):
    query = """
        SELECT count(*) AS touches, count(DISTINCT customer_key || campaign || occasion_key) AS once
        FROM touches"""
    (found,) = rows(home, query)
    assert found["touches"] == found["once"] > 150
    query = """
        SELECT count(*) AS messages, count(DISTINCT touch_id || channel) AS once,
               count(DISTINCT idempotency_key) AS keys FROM messages"""
    (found,) = rows(home, query)
    assert found["messages"] == found["once"] == found["keys"]


def test_law_2_no_key_leaves_the_house_twice(home):
    keys = [message["idempotency_key"] for message, _ in sealed(home)]
    assert len(keys) == len(set(keys)) > 0


def test_law_5_what_left_is_what_was_approved(home):
    content = defaultdict(list)
    for row in rows(home, "SELECT night, campaign, message_id, render_sha256 FROM messages"):
        content[row["night"], row["campaign"]].append((row["message_id"], row["render_sha256"]))
    hashes = {
        key: hashlib.sha256(
            "".join(f"{i}:{sha}\n" for i, sha in sorted(pairs)).encode()
        ).hexdigest()
        for key, pairs in content.items()
    }
    decisions = {
        str(row["decision_id"]): row
        for row in rows(home, "SELECT * FROM decisions WHERE verdict = 'approve'")
    }
    left = sealed(home)
    assert left
    for message, manifest in left:
        decision = decisions[message["approval_id"]]
        (given,) = [
            one for one in manifest["approvals"] if one["approval_id"] == message["approval_id"]
        ]
        assert given["campaign"] == message["campaign"] == decision["campaign"]
        assert given["content_hash"] == decision["content_hash"]
        assert decision["content_hash"] == hashes[decision["night"], message["campaign"]]
        # … and the message is letter by letter the one whose hash was approved
        shown = ["headers", "html", "reply_to", "subject", "text", "from", "unsubscribe_url"]
        if manifest["channel"] == "sms":
            shown = ["sender", "signature", "signature_in_body", "body", "encoding", "segments"]
        said = json.dumps(
            {name: message[name] for name in shown},
            sort_keys=True,
            separators=(",", ":"),
            ensure_ascii=False,
        )
        assert hashlib.sha256(said.encode()).hexdigest() == message["render_sha256"]
        assert (message["message_id"], message["render_sha256"]) in content[
            decision["night"], message["campaign"]
        ]


def test_law_5_the_trail_of_decisions_is_one_unbroken_chain(home):
    before = "0" * 64
    for row in rows(home, "SELECT * FROM decisions ORDER BY decision_id"):
        moment = datetime.fromisoformat(row["decided_at"]).replace(tzinfo=UTC)
        fields = [str(row["decision_id"]), moment.isoformat()]
        fields += [row[name] for name in ("actor", "verdict", "night", "campaign", "content_hash")]
        entry = hashlib.sha256("\x1f".join([*fields, row["reason"], before]).encode()).hexdigest()
        assert row["previous_hash"] == before
        assert row["entry_hash"] == entry
        before = entry
    assert before != "0" * 64


def test_the_gateway_sent_all_that_was_handed_over_within_its_window(home):
    gateway = sqlite3.connect(home / "outbound.ledger.sqlite")
    states = dict(gateway.execute("SELECT state, count(*) FROM messages GROUP BY state"))
    gateway.close()
    assert states == {"sent": len(sealed(home))}
    query = "SELECT count(*) AS n FROM messages WHERE state = 'accepted'"
    assert rows(home, query)[0]["n"] == len(sealed(home))
