"""Settings come from the environment or the caller, and wrong ones are refused."""

import multiprocessing
import os
import re
import stat
from pathlib import Path

import pytest

from care.settings import Settings, UnableToReadSettings, read_settings, shipped

KEY = "ab" * 32


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch, tmp_path):
    for name in [name for name in os.environ if name.startswith("CARE_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_a_laptop_needs_no_setting_at_all(tmp_path):
    settings = read_settings()
    here = tmp_path / "var"
    assert settings.home == Path("var")
    assert settings.ledger_url == f"sqlite:///{here}/care.sqlite"
    assert settings.store == str(here / "store")
    assert settings.outbound == here / "outbound"
    assert settings.sources == here / "shop" / "shop.toml"
    assert settings.policy_path == shipped("policy.toml")
    assert settings.templates_path == shipped("templates")


def test_what_is_shipped_is_there():
    for name in ("policy.toml", "templates", "dags", "examples"):
        assert shipped(name).exists()


def test_the_environment_is_read(monkeypatch, tmp_path):
    told = {
        "CARE_HOME": "elsewhere",
        "CARE_DATABASE_URL": "postgresql://me@db/care",
        "CARE_STORE_URL": "s3://bucket/care",
        "CARE_OUTBOUND_PATH": "/out",
        "CARE_SOURCES_PATH": "/shop.toml",
        "CARE_POLICY_PATH": "/policy.toml",
        "CARE_TEMPLATES_PATH": str(tmp_path),
        "CARE_SHARDS": "8",
    }
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    settings = read_settings()
    assert settings.home == Path("elsewhere")
    assert settings.ledger_url == "postgresql://me@db/care"
    assert settings.store == "s3://bucket/care"
    assert settings.outbound == Path("/out")
    assert settings.sources == Path("/shop.toml")
    assert settings.policy_path == Path("/policy.toml")
    assert settings.templates_path == tmp_path
    assert settings.shards == 8


def test_what_the_caller_chose_wins_over_the_environment(monkeypatch):
    monkeypatch.setenv("CARE_HOME", "elsewhere")
    assert read_settings(home=Path("here")).home == Path("here")
    assert read_settings(home=None).home == Path("elsewhere")


def test_an_empty_variable_is_no_setting(monkeypatch):
    for name in ("CARE_HOME", "CARE_DATABASE_URL", "CARE_SHARDS", "CARE_MASTER_KEY"):
        monkeypatch.setenv(name, "")
    assert read_settings() == Settings()


def test_settings_do_not_change_once_read():
    with pytest.raises(Exception, match="frozen"):
        read_settings().home = Path("elsewhere")


# ── Wrong values ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("CARE_SHARDS", "0", "CARE_SHARDS='0': Input should be greater than or equal to 1"),
        ("CARE_SHARDS", "257", "less than or equal to 256"),
        ("CARE_SHARDS", "two", "CARE_SHARDS='two': Input should be a valid integer"),
        ("CARE_TEMPLATES_PATH", "/nowhere", "CARE_TEMPLATES_PATH='/nowhere': there is no such"),
        ("CARE_DATABASE_URL", "care.sqlite", "write sqlite:////folder/care.sqlite"),
        ("CARE_DATABASE_URL", "sqlite://", "write sqlite:////folder/care.sqlite"),
        ("CARE_DATABASE_URL", "mysql://db/care", "postgresql+psycopg://"),
        ("CARE_DATABASE_URL", "postgresql+psycopg2://db/care", "postgresql+psycopg://"),
    ],
)
def test_a_wrong_value_is_refused_by_name(monkeypatch, name, value, told):
    monkeypatch.setenv(name, value)
    with pytest.raises(UnableToReadSettings, match=re.escape(told)):
        read_settings()


def test_every_wrong_value_is_told_at_once(monkeypatch):
    monkeypatch.setenv("CARE_SHARDS", "0")
    monkeypatch.setenv("CARE_TEMPLATES_PATH", "/nowhere")
    with pytest.raises(UnableToReadSettings) as refused:
        read_settings()
    assert "CARE_SHARDS" in str(refused.value)
    assert "CARE_TEMPLATES_PATH" in str(refused.value)


def test_a_password_is_never_repeated(monkeypatch):
    monkeypatch.setenv("CARE_DATABASE_URL", "mysql://me:hush@db/care")
    monkeypatch.setenv("CARE_SHARDS", "0")
    with pytest.raises(UnableToReadSettings) as refused:
        read_settings()
    assert "hush" not in str(refused.value)


def test_keys_are_not_shown_with_the_settings():
    assert KEY not in repr(read_settings(master_key=KEY, gateway_secret=KEY))


@pytest.mark.parametrize(
    ("slip", "meant"),
    [
        ("CARE_DATABASE_ULR", "CARE_DATABASE_URL"),
        ("CARE_DATBASE_URL", "CARE_DATABASE_URL"),
        ("CARE_SHARD", "CARE_SHARDS"),
        ("CARE_MASTERKEY", "CARE_MASTER_KEY"),
        ("CARE_POLICIES_PATH", "CARE_POLICY_PATH"),
    ],
)
def test_a_slip_in_a_name_is_not_silently_ignored(monkeypatch, slip, meant):
    monkeypatch.setenv(slip, "anything")
    with pytest.raises(UnableToReadSettings, match=f"{slip}: .*Write {meant}"):
        read_settings()


@pytest.mark.parametrize("name", ["CARE_LOG", "CARE_CI", "CARE_UPDATE_GOLDEN", "CARETAKER"])
def test_other_variables_are_nobodys_slip(monkeypatch, name):
    monkeypatch.setenv(name, "1")
    read_settings()


def test_a_caller_cannot_choose_what_there_is_not():
    with pytest.raises(UnableToReadSettings, match="CARE_HOUSE"):
        read_settings(house="var")


# ── The home ────────────────────────────────────────────────────────────────────────────────────


def test_a_home_is_made_for_its_owner_only(tmp_path):
    home = tmp_path / "deep" / "down"
    read_settings(home=home).make_home()
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    read_settings(home=home).make_home()


def test_a_home_that_may_not_be_written_is_refused(monkeypatch, tmp_path):
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write everywhere
    with pytest.raises(UnableToReadSettings, match=rf"{tmp_path}: Permission denied.*CARE_HOME"):
        read_settings(home=tmp_path).make_home()


# ── The keys ────────────────────────────────────────────────────────────────────────────────────


def test_keys_are_made_once_and_only_their_owner_may_read_them(tmp_path):
    first = read_settings(home=tmp_path)
    keys = first.vault_key, first.batch_key
    again = read_settings(home=tmp_path)
    assert (again.vault_key, again.batch_key) == keys
    assert keys[0] != keys[1]
    assert [len(key) for key in keys] == [32, 32]
    for name in ("care.key", "gateway.key"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["care.key", "gateway.key"]


def test_a_given_key_is_used_and_no_file_is_made(tmp_path):
    settings = read_settings(home=tmp_path, master_key=f" {KEY}\n", gateway_secret=KEY.upper())
    assert settings.vault_key == settings.batch_key == bytes.fromhex(KEY)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("key", ["", "ab", "ab" * 31, "ab" * 33, "xy" * 32])
def test_a_key_of_a_wrong_length_is_refused_without_being_repeated(tmp_path, key):
    settings = read_settings(home=tmp_path, gateway_secret=key)
    with pytest.raises(UnableToReadSettings, match="CARE_GATEWAY_SECRET must hold 64 hex") as told:
        _ = settings.batch_key
    assert not key or key not in str(told.value)


def test_a_key_file_that_was_cut_short_is_refused_and_kept(tmp_path):
    (tmp_path / "care.key").write_text(KEY[:40])
    with pytest.raises(UnableToReadSettings, match=rf"{tmp_path}/care.key must hold 64 hex"):
        _ = read_settings(home=tmp_path).vault_key
    assert (tmp_path / "care.key").read_text() == KEY[:40]


def _key(home: Path, ready: "multiprocessing.synchronize.Barrier") -> bytes:
    settings = read_settings(home=home)
    ready.wait(timeout=30)
    return settings.vault_key


def test_processes_that_start_at_once_agree_on_one_key(tmp_path):
    together = 4
    context = multiprocessing.get_context("forkserver")
    with context.Manager() as manager, context.Pool(together) as pool:
        for turn in range(3):
            home = tmp_path / str(turn)
            ready = manager.Barrier(together)
            keys = pool.starmap(_key, [(home, ready)] * together)
            assert len(set(keys)) == 1
            assert [path.name for path in home.iterdir()] == ["care.key"]
