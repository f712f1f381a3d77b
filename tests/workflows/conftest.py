"""A house whose first night is planned and queued: worked out once, then copied for each test."""

import fcntl
import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from care.runtime import Runtime
from care.storage import schema
from care.storage.database import open_engine, reading, writing
from care.storage.tables import metadata
from tests.workflows.builders import a_house, reopened, run_night


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder that ``make`` fills, once for all workers of a run. Copy it, never work in it."""
    root = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent
    folder = root / name
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            make(draft := root / f"{name}.draft")
            draft.rename(folder)
    return folder


@pytest.fixture(scope="session")
def first_night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a house after its first night, on SQLite."""

    def make(home: Path) -> None:
        run_night(a_house(home))
        as_one_file(home / "care.sqlite")

    return made_once(tmp_path_factory, "first-night", make)


@pytest.fixture
def planned(first_night: Path, tmp_path: Path, database_url: str) -> Runtime:
    """The first night planned and waiting for review, once on each database."""
    home = shutil.copytree(first_night, tmp_path / "home")
    ledger = home / "care.sqlite"
    if database_url.startswith("sqlite"):
        shutil.move(ledger, database_url.removeprefix("sqlite:///"))
    else:
        copy_ledger(f"sqlite:///{ledger}", database_url)
        ledger.unlink()
    return reopened(home, database_url)


@pytest.fixture
def planned_on_sqlite(first_night: Path, tmp_path: Path) -> Runtime:
    """The same on SQLite alone, for what has nothing to do with the database."""
    return reopened(shutil.copytree(first_night, tmp_path / "home"))


def copy_ledger(source: str, target: str) -> None:
    """Bring every row of one ledger into another, empty one."""
    engine = open_engine(target)
    schema.upgrade(engine)
    with reading(open_engine(source)) as old, writing(engine) as new:
        for table in metadata.sorted_tables:
            if rows := [row._asdict() for row in old.execute(select(table))]:
                new.execute(insert(table), rows)


def as_one_file(ledger: Path) -> None:
    """Leave no journal beside a SQLite ledger, so that it can be copied."""
    with sqlite3.connect(ledger) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
