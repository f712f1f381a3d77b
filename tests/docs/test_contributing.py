"""The walk-throughs lead where they say, in a copy of the project."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, Block, blocks_of
from tests.docs.shell import run

PAGE = "CONTRIBUTING.md"
PARTS = ("care", "recommender", "templates", "policy.toml", "pyproject.toml")
PROBE = """
from datetime import date
import pandas as pd
from care.domain.campaigns import CAMPAIGNS
from care.policy import read_policy
from pathlib import Path
from tests.builders import a_customer, customers, tables

policy = read_policy(Path("policy.toml"))
people = customers(
    a_customer(1, joined_on=pd.Timestamp("2026-01-01")),
    a_customer(2, joined_on=pd.Timestamp("2026-01-02")),
    a_customer(3, joined_on=pd.Timestamp("2026-01-03")),
    a_customer(4, joined_on=pd.Timestamp("2025-12-30")),
    a_customer(5),
)
found = CAMPAIGNS["hundred_days"].candidates(
    tables(people), policy.campaigns["hundred_days"], night=date(2026, 4, 11)
)
print(found[["customer_key", "occasion_key", "occasion_on"]].to_csv(index=False), end="")
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of what the walk-throughs change."""
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, tmp_path / part)
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    return tmp_path


def follow(copy: Path, blocks: list[Block]) -> list[str]:
    """Write the files that the blocks hold, and run their commands."""
    commands = []
    for block in blocks:
        if block.is_command:
            commands.append(block)
        elif file := re.fullmatch(r"file: ([^ ,]+)(, added at the end)?", block.mark):
            path = copy / file[1]
            before = path.read_text("utf-8") + "\n" if file[2] else ""
            path.write_text(before + block.text, "utf-8")
        else:
            raise AssertionError(f"{block}: what becomes of it?")
    # -P: the copy comes first, not an installed package
    told = {"CARE_POLICY_PATH": str(copy / "policy.toml"), "CARE_HOME": str(copy / "var")}
    return run(commands, temporary=copy, folder=copy, **told)


def between(first: str, last: str) -> list[Block]:
    text = (ROOT / PAGE).read_text("utf-8")
    start = text.count("\n", 0, text.index(f"\n{first}\n")) + 1
    end = text.count("\n", 0, text.index(f"\n{last}\n")) + 1
    return [block for block in blocks_of(PAGE) if start < block.line < end]


def test_a_campaign_is_added_as_it_says(copy: Path) -> None:
    said = follow(copy, between("## Add a campaign", "## Add a gift"))

    assert "hundred_days: priority 55, approved by a person" in said[-1]
    found = subprocess.run(
        [sys.executable, "-c", PROBE],
        cwd=copy,
        env={"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert found.stdout.splitlines() == [
        "customer_key,occasion_key,occasion_on",
        "1,hundred-days,2026-04-10",
        "2,hundred-days,2026-04-11",
    ], found.stderr


def test_a_gift_is_added_as_it_says(copy: Path) -> None:
    (said,) = follow(copy, between("## Add a gift", "## Add a gateway"))

    gifts = (ROOT / "policy.toml").read_text("utf-8").count("\n[gifts.")
    assert f"{gifts + 1} gifts" in said
    assert "acacia_honey" not in said  # no note that nobody will get it


def test_what_a_gateway_must_have_is_named() -> None:
    contract = (ROOT / "care" / "gateways" / "contract.py").read_text("utf-8")
    protocol = contract.split("class Gateway(Protocol):")[1].split("\ndef ")[0]
    page = (ROOT / PAGE).read_text("utf-8").split("## Add a gateway")[1]
    for name in re.findall(r"^    def (\w+)", protocol, re.MULTILINE):
        assert f"`{name}`" in page
