"""Runs the commands of a page as a reader would: top to bottom, in one shell."""

import os
import subprocess
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from tests.docs.pages import ROOT, Block

NEXT = "-- next block --"


def run(
    blocks: Sequence[Block],
    *,
    temporary: Path,
    folder: Path = ROOT,
    timeout: int = 280,
    **told: str,
) -> list[str]:
    """What each block prints. ``told``: environment variables beside the few a shell needs."""
    commands = f"\necho '{NEXT}'\n".join(block.text for block in blocks)
    done = subprocess.run(
        ["bash", "-euc", commands],
        cwd=folder,
        env={
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(temporary),
            "USER": "reader",
            "TMPDIR": str(temporary),
            "COLUMNS": "100",
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(folder),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONWARNINGS": "ignore",
            **told,
        },
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, f"{blocks[0]}:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout.split(f"{NEXT}\n")


def promised(blocks: Sequence[Block]) -> dict[Block, str]:
    """What the page says that a block prints: the ``text`` block right after it."""
    return {
        before: after.text
        for before, after in pairwise(blocks)
        if before.is_command and after.kind == "text"
    }
