"""The demo as a newcomer runs it."""

import json
import re
import sqlite3
from collections import defaultdict
from pathlib import Path

from tests.demo.ran import NIGHTS, ON_THE_DEMO, rows, sealed, shell

pytestmark = ON_THE_DEMO


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
        "deferred", "held_out", "touched", "messages", "gift_cost", "account", "batches",
        "waiting_review", "models",
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
    suggested, console = told.split("Try next")[1].split("Or look at it all in a browser")
    assert console.split()[:3] == ["care", "console", "--now"]
    commands = [line.strip() for line in suggested.splitlines() if line.strip()]
    assert [re.sub(r" --.*", "", command) for command in commands] == [
        "care review show bad_review",
        "care review approve bad_review",
        "care release",
        "care status",
        "care forecast",
    ]
    for command in commands:
        assert f"'{home}'" in command
        said = shell(command.replace(str(home), str(copy)), copy.parent)
        assert said.returncode == 0, (command, said.stderr)
    approved = json.loads((copy / "night.json").read_text())
    before = json.loads((home / "night.json").read_text())["waiting_review"]
    assert approved["waiting_review"] == [one for one in before if one != "bad_review"]
    assert "bad_review" in {message["campaign"] for message, _ in sealed(copy)}


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
