"""A home in which the demo has run, made once for all slow tests of the pages."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's home after its three nights; not to be changed."""
    home = tmp_path_factory.mktemp("demo") / "var"
    done = subprocess.run(
        [Path(sys.executable).with_name("care"), "demo", "--home", home],
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return home


@pytest.fixture
def reader_home(demo_home: Path, tmp_path: Path) -> Path:
    """A copy of it, to try things on."""
    return Path(shutil.copytree(demo_home, tmp_path / "var"))
