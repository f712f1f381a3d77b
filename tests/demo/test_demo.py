"""The demo as a newcomer runs it, and what its files say when they are read without our code."""

import hashlib
import io
import json
import math
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from bisect import bisect_right
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow.parquet
import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.xdist_group("demo"),
]
NIGHTS = ["2017-11-14", "2017-11-15", "2017-11-16"]
NAMED = "105"
"""The first household with a reminder on the first night whom the next two nights mention too."""


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command line as pasted into a terminal where ``care`` is installed."""
    environment = {name: value for name, value in os.environ.items() if name[:5] != "CARE_"}
    environment |= {"COLUMNS": "100", "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    return subprocess.run(
        command, shell=True, cwd=folder, env=environment, capture_output=True, text=True
    )


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """A folder with the demo's home, and what the demo printed."""
    folder = tmp_path_factory.mktemp("a newcomer")
    said = shell("care demo --home 'my demo' --nights 3", folder)
    assert said.returncode == 0, said.stderr
    return folder / "my demo", said.stdout


@pytest.fixture(scope="module")
def home(ran):
    return ran[0]


@pytest.fixture(scope="module")
def told(ran):
    return ran[1]


@pytest.fixture
def copy(home, tmp_path) -> Path:
    """The demo's home once more, to go on with."""
    shutil.copytree(home, tmp_path / "home")
    return tmp_path / "home"


def rows(home: Path, query: str, *values: object) -> list[sqlite3.Row]:
    ledger = sqlite3.connect(home / "care.sqlite")
    ledger.row_factory = sqlite3.Row
    found = ledger.execute(query, values).fetchall()
    ledger.close()
    return found


def sealed(home: Path) -> list[tuple[dict, dict]]:
    """Every message that left the house, each with the manifest of its batch."""
    found = []
    for manifest in sorted(home.glob("outbound/*/*/manifest.json")):
        said = json.loads(manifest.read_bytes())
        for part in said["parts"]:
            lines = (manifest.parent / part["name"]).read_bytes().split(b"\n")[:-1]
            found += [(json.loads(line), said) for line in lines]
    return found


# ── What a newcomer sees ────────────────────────────────────────────────────────────────────────


def test_the_demo_says_how_long_it_took_and_where_everything_lies(home, told):
    assert re.search(rf"Done in \d+ seconds\. Everything lies under {re.escape(str(home))}", told)


def test_every_night_is_told_as_it_is_done(told):
    for day, night in (("Tue 14 Nov", 0), ("Wed 15 Nov", 1), ("Thu 16 Nov", 2)):
        (line,) = [line for line in told.splitlines() if line.strip().startswith(day)]
        assert re.search(r"\d+ due, \d+ touched; \d+ messages to the gateway, \d+ wait", line), (
            night
        )


def test_the_last_night_and_all_nights_side_by_side_are_shown(told):
    assert "The night of Thursday, 16 November 2017" in told
    for night in NIGHTS:
        assert re.search(rf"^{night} +\d+ ", told, re.MULTILINE)


def test_a_message_of_each_campaign_of_the_last_night_is_shown(home, told):
    query = "SELECT count(*) AS n FROM campaign_nights WHERE night = ?"
    campaigns = rows(home, query, NIGHTS[-1])[0]["n"]
    assert f"{campaigns} messages of the last night" in told
    heads = re.findall(r"^╭─ (email|sms) · (en|zh-CN) · (\w+)", told, re.MULTILINE)
    assert len(heads) == campaigns >= 3


def test_what_is_invented_and_whose_the_data_are_is_said(told):
    words = " ".join(told.split())
    assert "None of these people exists" in words
    assert "84.51°" in words


def test_the_terminal_says_what_night_json_says(home, told):
    numbers = json.loads((home / "night.json").read_text())
    assert numbers["night"] == NIGHTS[-1]
    assert f"{numbers['customers']:,} customers, {numbers['order_lines']:,} order lines" in told
    table = {}
    for campaign in numbers["due"]:
        told = told.replace(campaign.replace("_", " "), campaign)
    for line in told.splitlines():
        cells = line.split()
        if len(cells) in (7, 8) and cells[0] in numbers["due"]:  # nothing to review: no state
            table[cells[0]] = [int(cell) for cell in cells[1:6]]
    assert table == {
        campaign: [
            due,
            sum(numbers["excluded"].get(campaign, {}).values()),
            numbers["deferred"].get(campaign, 0),
            numbers["held_out"].get(campaign, 0),
            numbers["touched"].get(campaign, 0),
        ]
        for campaign, due in numbers["due"].items()
    }
    assert f"Gifts      ${numbers['gift_cost'] / 100:,.2f}" in told
    for batch in numbers["batches"]:
        assert f"{batch['channel']}: {batch['records']} messages" in told
        assert batch["batch_id"] in told


def test_staff_are_warned_once_of_what_several_brought_back(home, told):
    nights = rows(home, "SELECT warnings FROM nights ORDER BY night")
    assert [len(json.loads(night["warnings"])) for night in nights] == [0, 1, 0]
    assert "5 customers in 14 days returned or complained of" in " ".join(told.split())


def test_night_json_has_every_figure_and_they_add_up(home):
    numbers = json.loads((home / "night.json").read_text())
    assert set(numbers) == {
        "night", "customers", "order_lines", "set_aside", "paused", "warnings", "due", "excluded",
        "deferred", "held_out", "touched", "messages", "gift_cost", "batches", "waiting_review",
        "models",
    }  # fmt: skip
    assert sum(numbers["messages"].values()) == sum(numbers["touched"].values())
    for kind in ("items", "timing"):
        model = numbers["models"][kind]
        assert set(model) == {"champion", "trained", "verdict", "figures"}
        assert model["champion"] in model["figures"]
    gifts = rows(home, "SELECT sum(gift_cost) AS cost FROM touches WHERE night = ?", NIGHTS[-1])
    assert numbers["gift_cost"] == gifts[0]["cost"]


def test_some_campaigns_wait_for_a_person_and_the_others_went_out(home):
    numbers = json.loads((home / "night.json").read_text())
    last_waiting = rows(
        home,
        "SELECT campaign FROM campaign_nights WHERE state = 'waiting' AND night = ? ORDER BY 1",
        NIGHTS[-1],
    )
    assert numbers["waiting_review"] == [row["campaign"] for row in last_waiting]
    assert "replenishment" in numbers["waiting_review"]
    states = rows(home, "SELECT DISTINCT campaign, state FROM campaign_nights")
    by_state = defaultdict(set)
    for row in states:
        by_state[row["state"]].add(row["campaign"])
    assert set(by_state) == {"approved", "waiting"}
    assert by_state["waiting"] == {
        *("hand_over", "replenishment", "rhythm_break", "tier_news", "win_back"),
        *("bad_review", "referral_thanks", "vip_care"),
    }
    assert {"birthday", "product_introduction", "quality_notice", "warranty"} <= by_state[
        "approved"
    ]
    assert {message["campaign"] for message, _ in sealed(home)} == by_state["approved"]


def test_the_suggested_commands_run_when_they_are_pasted(home, told, copy):
    commands = [line.strip() for line in told.split("Try next")[1].splitlines() if line.strip()]
    assert [re.sub(r" --.*", "", command) for command in commands] == [
        "care review show bad_review",
        "care review approve bad_review",
        "care release",
        "care status",
    ]
    for command in commands:
        assert f"'{home}'" in command
        said = shell(command.replace(str(home), str(copy)), copy.parent)
        assert said.returncode == 0, (command, said.stderr)
    approved = json.loads((copy / "night.json").read_text())
    before = json.loads((home / "night.json").read_text())["waiting_review"]
    assert approved["waiting_review"] == [one for one in before if one != "bad_review"]
    assert "bad_review" in {message["campaign"] for message, _ in sealed(copy)}


# ── The laws of the ledger, by plain SQL and JSON ───────────────────────────────────────────────


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
    for row in rows(home, query):
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
    for message, manifest in sealed(home):
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


# ── What three nights in a row show ─────────────────────────────────────────────────────────────


def reasons(home: Path, night: str) -> Counter[str]:
    query = "SELECT reason, count(*) AS n FROM exclusions WHERE night = ? GROUP BY reason"
    return Counter({row["reason"]: row["n"] for row in rows(home, query, night)})


def test_occasions_already_planned_are_left_alone_from_the_second_night_on(home):
    first, *later = (reasons(home, night) for night in NIGHTS)
    assert first["already_touched"] == first["already_held_out"] == 0
    for night in later:
        assert night["already_touched"] > 50
        assert night["already_held_out"] > 0


def test_the_minimum_gap_shows_in_the_later_nights_and_is_kept(home):
    assert reasons(home, NIGHTS[0])["minimum_gap"] == 0
    assert reasons(home, NIGHTS[1])["minimum_gap"] > 0
    assert reasons(home, NIGHTS[2])["minimum_gap"] > 0
    days = defaultdict(list)
    query = """
        SELECT customer_key, send_on FROM touches
        WHERE arm = 'treated' AND message_class = 'marketing' ORDER BY send_on"""
    for row in rows(home, query):
        days[row["customer_key"]].append(date.fromisoformat(row["send_on"]))
    for sent in days.values():
        assert all((b - a).days >= 3 for a, b in pairwise(sent))


def test_two_campaigns_for_one_customer_show_and_one_wins(home):
    outranked = rows(home, "SELECT * FROM exclusions WHERE reason = 'outranked'")
    assert outranked
    for row in outranked:
        query = """
            SELECT campaign FROM touches
            WHERE night = ? AND customer_key = ? AND message_class = 'marketing'"""
        (winner,) = rows(home, query, row["night"], row["customer_key"])
        assert row["detail"] == f"by {winner['campaign']}"


def test_a_second_demo_in_the_same_home_adds_no_row_and_seals_nothing(home, copy):
    def dump(folder: Path) -> list[str]:
        ledger = sqlite3.connect(folder / "care.sqlite")
        lines = sorted(ledger.iterdump())
        ledger.close()
        return lines

    def files(folder: Path) -> dict[str, bytes]:
        return {
            str(path.relative_to(folder)): path.read_bytes()
            for name in ("outbound", "shop", "store/history", "store/models", "store/products")
            for path in (folder / name).rglob("*")
            if path.is_file()
        }

    said = shell(f"care demo --home {copy} --nights 3", copy.parent)
    assert said.returncode == 0, said.stderr
    assert dump(copy) == dump(home)
    assert files(copy) == files(home)
    assert (copy / "night.json").read_text() == (home / "night.json").read_text()


def test_another_night_and_another_number_of_nights_can_be_chosen(tmp_path):
    said = shell("care demo --home june --night 2017-06-10 --nights 1", tmp_path)
    assert said.returncode == 0, said.stderr
    assert "This demo runs 1 night" in said.stdout
    assert "The night of Saturday, 10 June 2017" in said.stdout
    assert "Night by night" not in said.stdout
    assert [row["night"] for row in rows(tmp_path / "june", "SELECT night FROM nights")] == [
        "2017-06-10"
    ]
    assert "--now 2017-06-10T09:30-04:00" in said.stdout  # it is summer in New York


def test_what_is_set_up_on_this_machine_is_left_alone(tmp_path, monkeypatch):
    from care.demo.run import demo_settings, environment

    for name in ("DATABASE_URL", "STORE_URL", "OUTBOUND_PATH", "SOURCES_PATH"):
        monkeypatch.setenv(f"CARE_{name}", "sqlite:////production/care.sqlite")
    settings = demo_settings(tmp_path)
    assert settings.ledger_url == f"sqlite:///{tmp_path}/care.sqlite"
    assert settings.store == f"{tmp_path}/store"
    assert settings.outbound == tmp_path / "outbound"
    assert settings.sources == tmp_path / "shop" / "shop.toml"
    assert "production" not in json.dumps(environment(settings))


# ── One household, by hand ──────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def reminder(home) -> sqlite3.Row:
    """The first night's reminder to the household that this chapter is about."""
    query = """
        SELECT i.customer_id, i.email, i.phone, t.*, p.product_id, k.product_type
        FROM touches t JOIN identities i USING (customer_key)
        JOIN products p USING (product_key) JOIN product_types k ON k.type_key = t.type_key
        WHERE t.night = ? AND t.campaign = 'replenishment' AND t.arm = 'treated'
          AND (SELECT count(DISTINCT night) FROM exclusions e
               WHERE e.customer_key = t.customer_key AND e.campaign = t.campaign) = 2
        ORDER BY CAST(i.customer_id AS INTEGER) LIMIT 1"""
    (found,) = rows(home, query, NIGHTS[0])
    assert found["customer_id"] == NAMED
    return found


@pytest.fixture(scope="module")
def bought(home) -> dict[str, list[date]]:
    """What the household bought before the night, from the shop's own files: product → days."""
    read = pyarrow.parquet.read_table
    orders = read(
        home / "shop" / "orders.parquet", filters=[("household_id", "==", int(NAMED))]
    ).to_pylist()
    found = defaultdict(list)
    for line in orders:
        stamp = line["transaction_timestamp"].replace(tzinfo=UTC)
        day = stamp.astimezone(ZoneInfo("America/New_York")).date()
        if line["quantity"] > 0 and day.isoformat() < NIGHTS[0]:
            found[str(line["product_id"])].append(day)
    return found


@pytest.fixture(scope="module")
def catalogue(home) -> dict[str, dict]:
    table = pyarrow.parquet.read_table(home / "shop" / "products.parquet").to_pylist()
    return {str(product["product_id"]): product for product in table}


@pytest.fixture(scope="module")
def days(reminder, bought, catalogue) -> list[date]:
    """The days on which the household bought what the reminder is about, whichever product."""
    kind = reminder["product_type"]
    return sorted(
        {day for product, on in bought.items() if catalogue[product]["product_type"] == kind
         for day in on}
    )  # fmt: skip


def test_the_product_of_the_reminder_is_among_the_households_purchases(reminder, bought, catalogue):
    assert reminder["product_id"] in bought
    assert catalogue[reminder["product_id"]]["product_type"] == reminder["product_type"]


def test_the_occasion_is_the_last_purchase_of_that_kind(reminder, days):
    assert reminder["occasion_key"] == f"replenish-{reminder['type_key']}-{days[-1]}"


def test_the_rhythm_is_one_that_deserves_a_reminder(reminder, days):
    assert len(days) >= 4
    assert (days[-1] - days[0]).days / (len(days) - 1) >= 21
    ahead = (date.fromisoformat(reminder["occasion_on"]) - date.fromisoformat(NIGHTS[0])).days
    assert -4 <= ahead <= 3


def test_the_expected_day_adds_up_by_hand(home, reminder, days):
    """Last purchase + the law's median: a mean log interval shrunk towards its type's."""
    query = "SELECT artifact FROM models WHERE kind = 'timing' AND night = ? AND name = 'law'"
    (model,) = rows(home, query, NIGHTS[0])
    with zipfile.ZipFile(home / "store" / model["artifact"]) as archive:
        prior = json.loads(archive.read("meta.json"))["parameters"]["prior"]
        arrays = {
            name.removesuffix(".npy"): np.load(io.BytesIO(archive.read(name))).tolist()
            for name in archive.namelist()
            if name.endswith(".npy")
        }
    of_type = arrays["prior_types"].index(reminder["type_key"])
    mean, within = arrays["prior_mean"][of_type], arrays["prior_within"][of_type]
    between = prior["between"]

    intervals = [(b - a).days for a, b in pairwise(days)]
    precision = len(intervals) / within + 1 / between
    mu = (sum(map(math.log, intervals)) / within + mean / between) / precision
    spread = math.sqrt(within + 1 / precision)
    curve = arrays["survival"][bisect_right([3, 6, 12], len(days))]
    place = next(point for point, alive in enumerate(curve) if alive <= 0.5)
    above, below = curve[place - 1], curve[place]
    median = -6 + 0.01 * (place - 1 + (above - 0.5) / (above - below))
    expected = days[-1] + timedelta(days=round(math.exp(mu + spread * median)))

    assert reminder["occasion_on"] == expected.isoformat()


def test_the_ledger_explains_all_three_nights_of_the_household(home, reminder):
    story = {}
    for night in NIGHTS:
        values = (night, reminder["customer_key"])
        touched = rows(home, "SELECT * FROM touches WHERE night = ? AND customer_key = ?", *values)
        passed = rows(
            home, "SELECT * FROM exclusions WHERE night = ? AND customer_key = ?", *values
        )
        story[night] = [("touched", row["occasion_key"]) for row in touched]
        story[night] += [(row["reason"], row["occasion_key"]) for row in passed]
    occasion = reminder["occasion_key"]
    assert story == {
        NIGHTS[0]: [("touched", occasion)],
        NIGHTS[1]: [("already_touched", occasion)],
        NIGHTS[2]: [("already_touched", occasion)],
    }


def test_her_message_names_the_product_in_her_words_once_it_is_approved(copy, reminder, catalogue):
    moment = "--now 2017-11-14T09:30-05:00"
    approve = f"care review approve replenishment --night {NIGHTS[0]} {moment} --home {copy}"
    assert shell(approve, copy.parent).returncode == 0
    assert shell(f"care release {moment} --home {copy}", copy.parent).returncode == 0
    (mine,) = [
        message
        for message, _ in sealed(copy)
        if message["campaign"] == "replenishment"
        and message["to"] in (reminder["email"], reminder["phone"])
    ]
    product = catalogue[reminder["product_id"]]
    name = product["description_zh" if mine["locale"] == "zh-CN" else "description"]
    assert name.lower() in mine.get("text", mine.get("body", "")).lower()
