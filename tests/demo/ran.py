"""The demo that was run: its home read without our code."""

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

ON_THE_DEMO = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
]
"""Marks of whatever needs the one run, which takes minutes."""
NIGHTS = ["2017-11-14", "2017-11-15", "2017-11-16"]


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command line as pasted into a terminal where ``care`` is installed."""
    environment = {name: value for name, value in os.environ.items() if name[:5] != "CARE_"}
    environment |= {"COLUMNS": "100", "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    return subprocess.run(
        command, shell=True, cwd=folder, env=environment, capture_output=True, text=True
    )


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
