"""The page for gateway engineers: every command runs, every example is what really happens."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from care.domain.channel import Channel
from care.gateways.contract import read_acknowledgement
from tests.gateways.builders import ROOT, a_batch, a_message, an_sms, lines_of

PAGE = (ROOT / "docs" / "gateways.md").read_text()
BLOCKS: list[tuple[str, str]] = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
MANIFEST, EMAIL, SMS, ANSWER = (json.loads(text) for kind, text in BLOCKS if kind == "json")


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], Path]:
    """Run every block in one shell, as a reader would; give what each printed, and where."""
    home = tmp_path_factory.mktemp("page")
    commands = [text for kind, text in BLOCKS if kind == "bash"]
    marker = "-- next block --"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", f"\necho '{marker}'\n".join(commands)],
        cwd=ROOT,
        env={
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "TMPDIR": str(home),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    (folder,) = home.glob("*/outbound/email/*")
    return done.stdout.split(f"{marker}\n"), folder


def test_every_command_prints_what_the_page_says(ran: tuple[list[str], Path]) -> None:
    said = [text for kind, text in BLOCKS if kind == "text"]

    assert ran[0] == said


def test_the_examples_are_the_batch_that_the_page_publishes(ran: tuple[list[str], Path]) -> None:
    _, folder = ran
    assert json.loads((folder / "manifest.json").read_bytes()) == MANIFEST
    first = (folder / "part-00000.jsonl").read_bytes().split(b"\n")[0]
    assert json.loads(first) == EMAIL


def test_the_sms_example_has_the_fields_of_an_sms() -> None:
    batch = a_batch([a_message("lin", says=an_sms())], channel=Channel.SMS)
    (line,) = lines_of(batch)

    assert SMS.items() <= line.items()
    assert sorted(SMS) == sorted(
        ["body", "encoding", "segments", "sender", "signature", "signature_in_body", "to"]
    )


def test_the_example_answer_would_be_read(ran: tuple[list[str], Path]) -> None:
    answer = read_acknowledgement(
        json.dumps(ANSWER).encode(),
        batch_id=MANIFEST["batch_id"],
        manifest_sha256=(ran[1] / "_SUCCESS").read_text().strip(),
        records=3,
        message_ids=["m-lin", "m-mia", "m-ola"],
    )
    assert answer.status == "partial"


@pytest.mark.parametrize("example", [MANIFEST, EMAIL, SMS, ANSWER], ids=lambda e: min(e))
def test_every_field_is_explained(example: dict[str, object]) -> None:
    assert [name for name in example if f"`{name}`" not in PAGE] == []
