"""What a person does wrong is told in a sentence with a remedy and a meaningful exit code."""

import os
import sqlite3
import subprocess
import sys

import pytest

from care.settings import shipped
from tests.builders import write
from tests.cli.shop import NOW, a_shop

NIGHT = ("night", "--night", "2017-11-14", "--now", NOW)
A_FILE = "a file, not a folder"


def assert_told(said, code, *fragments):
    assert said.code == code, said
    assert "Traceback" not in said.err
    for fragment in fragments:
        assert fragment in said.words


# ── Misused: exit code 2 ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("words", "fragments"),
    [
        (("nonsense",), ["No such command 'nonsense'", "care --help"]),
        (("night",), ["Missing option '--night'"]),
        (
            ("night", "--night", "2017-13-01"),
            ["'--night'", "'2017-13-01' is no date", "2017-11-14"],
        ),
        (("night", "--night", "tonight"), ["'tonight' is no date"]),
        (("demo", "--night", "14.11.2017"), ["'14.11.2017' is no date"]),
        (("demo", "--nights", "0"), ["'--nights'"]),
        (("demo", "--nights", "many"), ["'--nights'"]),
        ((*NIGHT[:3], "--now", "yesterday"), ["'--now'", "'yesterday' is no moment"]),
        (
            (*NIGHT[:3], "--now", "2017-11-14T01:00"),
            ["'2017-11-14T01:00' is no moment", "its UTC offset", "2017-11-14T09:30-05:00"],
        ),
        (("release", "--now", "noon"), ["'noon' is no moment"]),
        (("review", "approve", "birthday"), ["Missing option '--night'"]),
        (("review", "approve", "--night", "2017-11-14"), ["Missing argument 'CAMPAIGN'"]),
        (("review", "hold", "birthday", "--night", "2017-11-14"), ["Missing option '--reason'"]),
        (
            ("review", "approve", "birthday", "--night", "2017-11-14", "--content", "abc"),
            ["'--content'", "'abc' is too short", "12 digits"],
        ),
        (("review", "show", "x", "--night", "2017-11-14", "--samples", "-1"), ["'--samples'"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_command_used_wrongly_says_how_to_use_it(care, words, fragments):
    assert_told(care(*words), 2, *fragments)


def test_a_login_without_a_name_asks_who_decides(care, home, monkeypatch):
    def nameless():
        raise KeyError("getpwuid(): uid not found: 12345")

    monkeypatch.setattr("getpass.getuser", nameless)
    words = ("review", "approve", "birthday", "--night", "2017-11-14", "--home", home)
    assert_told(care(*words), 2, "--as")
    assert care(*words, "--as", "mei").code == 0


# ── Wrong configuration: exit code 3 ────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "value", "fragments"),
    [
        ("CARE_SHARDS", "0", ["CARE_SHARDS='0'", "greater than or equal to 1"]),
        ("CARE_SHARDS", "many", ["CARE_SHARDS='many'", "valid integer"]),
        ("CARE_LOG", "LOUD", ["CARE_LOG='LOUD'", "DEBUG, INFO, WARNING, ERROR"]),
        ("CARE_DATABASE_URL", "care.sqlite", ["CARE_DATABASE_URL", "sqlite:////folder"]),
        (
            "CARE_DATABASE_URL",
            "mysql://me:hush@db/care",
            ["CARE_DATABASE_URL", "postgresql+psycopg"],
        ),
        ("CARE_TEMPLATES_PATH", "/nowhere", ["CARE_TEMPLATES_PATH='/nowhere'", "no such folder"]),
        ("CARE_POLICY_PATH", "/nowhere/policy.toml", ["/nowhere/policy.toml", "CARE_POLICY_PATH"]),
        ("CARE_DATABASE_ULR", "sqlite:////a", ["CARE_DATABASE_ULR", "Write CARE_DATABASE_URL"]),
    ],
)
def test_a_wrong_setting_is_named_with_its_value_and_remedy(
    care, monkeypatch, name, value, fragments
):
    monkeypatch.setenv(name, value)
    said = care("status", "--home", "home")
    assert_told(said, 3, *fragments)
    assert "hush" not in said.err


@pytest.mark.parametrize("key", ["abcd", "0" * 63, "g" * 64, "0" * 66])
def test_a_master_key_of_a_wrong_length_is_refused_before_anybody_is_known(
    care, monkeypatch, tmp_path, key
):
    a_shop(tmp_path / "shop")
    monkeypatch.setenv("CARE_MASTER_KEY", key)
    said = care(*NIGHT, "--home", tmp_path)
    assert_told(said, 3, "CARE_MASTER_KEY must hold 64 hexadecimal digits")
    assert key not in said.err
    ledger = sqlite3.connect(tmp_path / "care.sqlite")
    assert ledger.execute("SELECT count(*) FROM customers").fetchone() == (0,)


def test_another_master_key_than_the_ledger_was_sealed_with_is_told(care, monkeypatch, home):
    monkeypatch.setenv("CARE_MASTER_KEY", "0" * 64)
    said = care("review", "show", "birthday", "--night", "2017-11-14", "--home", home)
    assert_told(said, 3, "the master key is another one", "CARE_MASTER_KEY")


def test_a_home_without_a_shop_says_where_the_shop_is_looked_for(care, tmp_path):
    said = care(*NIGHT, "--home", tmp_path)
    assert_told(said, 3, f"{tmp_path}/shop/shop.toml", "no such file", "CARE_SOURCES_PATH")


def test_a_mapping_that_is_wrong_names_its_line(care, tmp_path):
    mapping = a_shop(tmp_path / "shop")
    text = mapping.read_text().replace('money = "major"', 'money = "euros"', 1)
    mapping.write_text(text)
    line = text.splitlines().index('money = "euros"') + 1
    said = care(*NIGHT, "--home", tmp_path)
    assert_told(said, 3, f"{mapping}:{line}: products.money: 'euros' cannot be")


def test_a_file_the_mapping_names_and_the_shop_did_not_deliver_is_told(care, tmp_path):
    mapping = a_shop(tmp_path / "shop")
    (tmp_path / "shop" / "orders.parquet").unlink()
    said = care(*NIGHT, "--home", tmp_path)
    line = mapping.read_text().splitlines().index('path = "orders.parquet"') + 1
    assert_told(said, 3, f"{mapping}:{line}: orders.path", "orders.parquet")


def test_a_broken_policy_stops_every_command_before_anything_is_made(care, monkeypatch, tmp_path):
    policy = write(tmp_path / "policy.toml", "[shop\n")
    monkeypatch.setenv("CARE_POLICY_PATH", str(policy))
    commands = [("status",), ("release",), ("review", "list"), ("policy", "check"), ("demo",)]
    for words in (*commands, NIGHT):
        said = care(*words, "--home", tmp_path / "home")
        assert_told(said, 3, f"{policy}:1: not TOML")
    assert not (tmp_path / "home").exists()


def test_a_broken_template_is_refused_with_file_line_and_remedy(care, monkeypatch, tmp_path):
    templates = tmp_path / "templates"
    subprocess.run(["cp", "-r", shipped("templates"), templates], check=True)
    letter = templates / "birthday" / "email.en.txt"
    letter.write_text(letter.read_text().replace("{{", "{{ nobody.knows }} {{", 1))
    lines = letter.read_text().splitlines()
    line = next(number for number, text in enumerate(lines, 1) if "nobody" in text)
    monkeypatch.setenv("CARE_TEMPLATES_PATH", str(templates))
    said = care("policy", "check")
    assert_told(said, 3, f"birthday/email.en.txt:{line}:", "no letter knows 'nobody'", "say one of")


def test_a_ledger_of_a_newer_version_is_left_alone(care, home):
    ledger = sqlite3.connect(home / "care.sqlite")
    ledger.execute("UPDATE alembic_version SET version_num = '9999'")
    ledger.commit()
    said = care("status", "--home", home)
    assert_told(said, 3, "the ledger's schema is 9999", "Upgrade care")
    assert ledger.execute("SELECT version_num FROM alembic_version").fetchone() == ("9999",)


def test_a_home_that_is_a_file_is_refused(care, tmp_path):
    said = care("status", "--home", write(tmp_path / "home", A_FILE))
    assert_told(said, 3, f"{tmp_path}/home: File exists", "--home or CARE_HOME")


@pytest.mark.parametrize("words", [("status",), NIGHT, ("demo",)], ids=["status", "night", "demo"])
def test_a_home_that_cannot_be_made_is_refused(care, words):
    said = care(*words, "--home", "/proc/nowhere")
    assert_told(said, 3, "/proc/nowhere: No such file or directory", "--home or CARE_HOME")


@pytest.mark.parametrize("url", ["gibberish://bucket", "s3://bucket"])
def test_a_store_that_cannot_be_opened_is_told(care, monkeypatch, tmp_path, url):
    a_shop(tmp_path / "shop")
    monkeypatch.setenv("CARE_STORE_URL", url)
    assert_told(care(*NIGHT, "--home", tmp_path), 3, repr(url), "CARE_STORE_URL")


# ── Failed: exit code 1 ─────────────────────────────────────────────────────────────────────────


def test_a_database_that_does_not_answer_is_told_without_its_password(care, monkeypatch):
    monkeypatch.setenv("CARE_DATABASE_URL", "postgresql://me:hush@127.0.0.1:1/care")
    said = care("status", "--home", "home")
    assert_told(said, 1, "me:***@127.0.0.1:1/care", "Connection refused", "Start the database")
    assert "hush" not in said.err


def test_a_ledger_that_is_no_database_is_told(care, tmp_path):
    write(tmp_path / "care.sqlite", "This is a shopping list, and not even a short one. " * 100)
    said = care("status", "--home", tmp_path)
    assert_told(said, 1, "care.sqlite: file is not a database", "CARE_DATABASE_URL")


def test_a_night_that_is_not_planned_cannot_be_reported(care, home, monkeypatch):
    monkeypatch.setattr("care.nightly.run", lambda *_, **__: None)
    said = care("night", "--night", "2017-11-15", "--now", NOW, "--home", home)
    assert_told(said, 1, "2017-11-15 is not planned", "care night --night 2017-11-15")


def test_a_disk_that_refuses_a_file_is_told_with_the_file(care, home, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device", "/disk/night.json")

    monkeypatch.setattr("care.report.write_night_json", full)
    said = care("release", "--home", home)
    assert_told(said, 1, "/disk/night.json: No space left on device. Make room")


# ── Refused: exit code 4 ────────────────────────────────────────────────────────────────────────


def test_a_night_long_past_is_refused(care, tmp_path):
    a_shop(tmp_path / "shop")
    said = care("night", "--night", "2017-11-14", "--home", tmp_path)
    assert_told(said, 4, "2017-11-14 is", "days ago", "night.stale_after_days", "--now")
    late = ("--now", "2017-11-22T00:00-05:00")
    assert care("night", "--night", "2017-11-14", *late, "--home", tmp_path).code == 4


@pytest.mark.parametrize("verb", ["approve", "hold", "reject"])
def test_a_campaign_nobody_knows_is_refused(care, home, verb):
    words = ("review", verb, "brithday", "-m", "a reason", "--home", home)
    said = care(*words, "--night", "2017-11-14")
    assert_told(said, 4, "no campaign 'brithday' on 2017-11-14", "there is birthday")
    said = care(*words, "--night", "2017-11-13")
    assert_told(said, 4, "no campaign 'brithday' on 2017-11-13", "care review list")
    said = care("review", "show", "brithday", "--night", "2017-11-14", "--home", home)
    assert_told(said, 4, "no campaign 'brithday' on 2017-11-14")


# ── Whatever it was ─────────────────────────────────────────────────────────────────────────────


def test_an_error_of_our_own_making_keeps_its_traceback(care, home, monkeypatch):
    monkeypatch.setattr("care.report.last_report", lambda runtime: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        care("status", "--home", home)


def test_debugging_says_where_an_error_came_from(tmp_path):
    environment = os.environ | {"CARE_LOG": "DEBUG", "CARE_POLICY_PATH": "/nowhere"}
    said = subprocess.run(
        [sys.executable, "-c", "from care.cli import main; main()", "status", "--home", tmp_path],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert said.returncode == 3
    assert said.stderr.startswith("care: /nowhere")
    assert "Traceback" in said.stderr
    assert said.stdout == ""
