"""The command line as a person meets it, and a home in which one small night is planned."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from care.cli import main
from tests.cli.shop import NIGHT, NOW, a_shop


@dataclass(frozen=True)
class Said:
    """What a command came to: its exit code and its words, on one line each."""

    code: int
    out: str
    err: str

    @property
    def words(self) -> str:
        """Standard error without the breaks of a narrow terminal."""
        return " ".join(self.err.split())


Care = Callable[..., Said]


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of this machine's, and a folder of its own, where ``./var`` would lie."""
    for name in [name for name in os.environ if name.startswith("CARE_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def care(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Care:
    """Run ``care …`` as its entry point does, within this process."""

    def run(*words: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["care", *map(str, words)])
        capsys.readouterr()
        code = 0
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        heard = capsys.readouterr()
        return Said(code, heard.out, heard.err)

    return run


@pytest.fixture(scope="session")
def _planned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    from care import nightly
    from care.runtime import open_runtime

    home = tmp_path_factory.mktemp("planned") / "home"
    a_shop(home / "shop")
    nightly.run(open_runtime(home=home), night=NIGHT, now=datetime.fromisoformat(NOW))
    yield home
    shutil.rmtree(home)


@pytest.fixture
def home(_planned: Path, tmp_path: Path) -> Path:
    """A copy of the home of a small shop whose night is planned; all its campaigns wait."""
    mine = tmp_path / "home"
    shutil.copytree(_planned, mine)
    return mine
