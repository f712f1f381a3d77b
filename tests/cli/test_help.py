"""`--help` teaches, and answers before anything heavy is imported."""

import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from care.cli import app

COMMANDS = [
    [],
    ["demo"],
    ["night"],
    ["release"],
    ["status"],
    ["evaluate"],
    ["evaluate", "items"],
    ["review"],
    ["review", "list"],
    ["review", "show"],
    ["review", "approve"],
    ["review", "hold"],
    ["review", "reject"],
    ["policy"],
    ["policy", "check"],
    ["gifts"],
    ["gifts", "status"],
    ["gifts", "import-codes"],
    ["models"],
    *(["models", one] for one in ("list", "show", "promote", "rollback")),
    ["points"],
    ["points", "show"],
    ["points", "redeem"],
    ["points", "adjust"],
    ["consent"],
    *(["consent", one] for one in ("show", "grant", "withdraw", "confirm", "import", "export")),
    ["suppress"],
    *(["suppress", one] for one in ("add", "lift", "list", "import", "imports", "lift-import")),
]
HEAVY = {"pandas", "numpy", "airflow", "sqlalchemy", "duckdb", "ibis", "scipy", "lightgbm"} | {
    "implicit",
    "babel",
    "rich",
}


def words(*command: str) -> str:
    """What a command says, without the breaks of a narrow terminal."""
    return " ".join(CliRunner().invoke(app, list(command)).output.split())


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command) or "care")
def test_every_command_explains_itself(command):
    found = CliRunner().invoke(app, [*command, "--help"])
    assert found.exit_code == 0
    assert "Usage: care" in found.output
    summary = found.output.split("\n\n")[1].strip()
    assert summary[0].isupper()
    assert summary.endswith(".")


@pytest.mark.parametrize(
    "command", [[], ["review"], ["policy"], ["models"]], ids=["care", "review", "policy", "models"]
)
def test_the_summaries_of_the_commands_are_not_cut_short(command):
    commands = CliRunner().invoke(app, [*command, "--help"]).output.split("Commands:")[1]
    assert "..." not in commands.split("\n\n")[0]


def test_the_first_page_says_where_to_begin_and_what_exit_codes_mean():
    told = words("--help")
    assert "care demo three nights" in told
    for meaning in (
        "0 done",
        "1 failed",
        "2 misused",
        "3 wrong configuration",
        "4 refused",
        "CARE_LOG=INFO",
    ):
        assert meaning in told


def test_without_a_command_the_first_page_is_shown_and_the_exit_code_says_misused():
    found = CliRunner().invoke(app, [])
    assert found.exit_code == 2
    assert "Exit codes" in found.output


def test_dates_and_moments_are_shown_as_they_are_written():
    assert "--night DATE" in words("night", "--help")
    assert "2017-11-14T09:30-05:00" in words("night", "--help")


def test_deciding_needs_a_reason_where_something_is_stopped():
    required = "-m, --reason TEXT Why, for the audit trail. [required]"
    assert required in words("review", "hold", "--help")
    assert required in words("review", "reject", "--help")
    assert required not in words("review", "approve", "--help")


@pytest.mark.parametrize(
    "command",
    [
        "--help",
        "review --help",
        "review approve --help",
        "evaluate items --help",
        "policy check --help",
        "nonsense",
    ],
)
def test_nothing_heavy_is_imported_to_answer(command):
    program = (
        "import sys, json, atexit; from care.cli import main;"
        f"sys.argv = ['care', *{command.split()!r}];"
        "atexit.register(lambda: print(json.dumps(sorted(sys.modules)), file=sys.stderr));"
        "main()"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    imported = {name.split(".")[0] for name in json.loads(found.stderr.splitlines()[-1])}
    assert "typer" in imported
    assert sorted(HEAVY & imported) == []
