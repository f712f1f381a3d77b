"""One run of the demo for all that look at it."""

import shutil
from pathlib import Path

import pytest

from tests.demo.ran import shell


@pytest.fixture(scope="session")
def ran(tmp_path_factory):
    """A folder with the demo's home, and what the demo printed."""
    folder = tmp_path_factory.mktemp("a newcomer")
    said = shell("care demo --home 'my demo' --nights 3", folder)
    assert said.returncode == 0, said.stderr
    return folder / "my demo", said.stdout


@pytest.fixture(scope="session")
def home(ran):
    return ran[0]


@pytest.fixture(scope="session")
def told(ran):
    return ran[1]


@pytest.fixture
def copy(home, tmp_path) -> Path:
    """The demo's home once more, to go on with."""
    shutil.copytree(home, tmp_path / "home")
    return tmp_path / "home"
