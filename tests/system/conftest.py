"""Airflow for a module of tests, always ended; its logs are shown when a test fails."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.stack import Airflow

RUNNING: list[Airflow] = []


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A folder for one Airflow and one shop, with a short name because sockets want one."""
    folder = Path(tempfile.mkdtemp(prefix="care-system-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def keep() -> Iterator[object]:
    """Takes an Airflow into keeping, before it is started: it ends with the module."""
    mine: list[Airflow] = []

    def keeping(airflow: Airflow) -> Airflow:
        mine.append(airflow)
        RUNNING.append(airflow)
        return airflow

    yield keeping
    for airflow in mine:
        airflow.stop()
        RUNNING.remove(airflow)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        report.sections += [(f"Airflow in {one.home}", one.tails()) for one in RUNNING]
