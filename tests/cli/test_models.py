"""`care models`: what was trained, and the title given by a person."""

import json

import pytest

from care import nightly, training
from care.runtime import open_runtime
from tests.cli.shop import NIGHT, NOW

LAW = f"timing-{NIGHT}-law"
WORDS = ("--by", "mei", "--why", "odd days")


def numbers(said):
    assert said.code == 0, said.err
    return json.loads(said.out)


@pytest.fixture
def two(home):
    """A home with the timing models of two nights."""
    from datetime import datetime, timedelta

    runtime, later = open_runtime(home=home), NIGHT + timedelta(days=1)
    nightly.take_snapshot(runtime, night=later)
    training.train_timing(runtime, night=later, now=datetime.fromisoformat(NOW))
    return home


def test_a_list_names_every_model_its_figure_and_who_speaks(care, home):
    said = care("models", "list", "--home", home)
    assert said.code == 0
    assert LAW in said.out
    assert "champion" in said.out
    found = numbers(care("models", "list", "--kind", "timing", "--json", "--home", home))
    (law,) = found["models"]
    assert (law["model_id"], law["state"], law["metric"]) == (LAW, "champion", "ap")
    assert set(law["baselines"]) == {"interval", "frequency", "gamma_poisson"}
    assert found["untrained"] == []


def test_a_model_is_shown_with_its_papers_and_its_record(care, home):
    found = numbers(care("models", "show", LAW, "--json", "--home", home))
    assert found["artifact"]["verified"]
    assert found["papers"]["data"]
    assert found["papers"]["versions"]["numpy"]
    assert {"interval", "frequency", "gamma_poisson", "law"} <= set(found["figures"])
    assert [one["event"] for one in found["events"]] == ["promoted"]
    said = care("models", "show", LAW, "--home", home)
    for told in ("verified", "Parameters", "Made with", "promoted by night"):
        assert told in said.out


def test_a_broken_file_is_told_and_not_a_traceback(care, home):
    (home / f"store/models/timing/{NIGHT}-law.zip").unlink()
    said = care("models", "show", LAW, "--home", home)
    assert said.code == 0
    assert "cannot be read" in " ".join(said.out.split())
    found = numbers(care("models", "show", LAW, "--json", "--home", home))
    assert not found["artifact"]["verified"]
    assert found["papers"] is None


def test_a_rollback_and_a_promotion_say_what_speaks_now(care, two):
    newer = LAW.replace("14", "15")
    said = care("models", "rollback", "timing", *WORDS, "--home", two)
    assert said.code == 0
    assert f"{LAW} speaks again, {newer} no longer." in said.out
    said = care("models", "promote", newer, *WORDS, "--home", two)
    assert said.out.startswith(f"{newer} speaks from now on.")
    events = numbers(care("models", "show", newer, "--json", "--home", two))["events"]
    assert [one["event"] for one in events] == ["promoted", "rolled_back", "appointed"]
    assert events[-1]["by"] == "mei"
    found = numbers(care("models", "rollback", "timing", *WORDS, "--json", "--home", two))
    assert found == {"kind": "timing", "champion": LAW, "was": newer}
    told = care("models", "show", newer, "--home", two)
    assert f"lost the title to {LAW}, by mei" in told.out


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("show", "x"), 4, "there is no model 'x'; `care models list` shows"),
        (("promote", "x", *WORDS), 4, "there is no model 'x'"),
        (("promote", LAW, *WORDS), 4, f"{LAW} is champion of timing already"),
        (("promote", LAW, "--by", "mei"), 2, "Missing option '--why'"),
        (("promote", LAW, "--by", " ", "--why", "x"), 4, "say who decides and why"),
        (("rollback", "timing", *WORDS), 4, f"nobody is on record before {LAW}"),
        (("rollback", "prices", *WORDS), 2, "'prices' is none of items, timing"),
        (("list", "--kind", "prices"), 2, "'prices' is none of items, timing"),
        (("rollback", "timing", *WORDS, "--to", "x"), 4, "there is no model 'x'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_is_told_with_its_remedy(care, home, words, code, told):
    said = care("models", *words, "--home", home)
    assert said.code == code
    assert told in said.words
    assert "Traceback" not in said.err


def test_a_model_with_a_damaged_file_is_not_promoted(care, two):
    path = two / f"store/models/timing/{NIGHT}-law.zip"
    path.write_bytes(path.read_bytes()[:-1])
    said = care("models", "promote", LAW, *WORDS, "--home", two)
    assert said.code == 4
    assert "it was changed or only half written" in said.words
    assert "The champion stays" in said.words


def test_before_the_first_night_there_is_nothing_to_list(care, tmp_path):
    said = care("models", "list", "--home", tmp_path / "new")
    assert said.code == 0
    assert "No model was trained yet" in said.out
