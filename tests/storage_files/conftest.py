"""A store of each kind: a folder, and an object store that lives in memory."""

from pathlib import Path
from uuid import uuid4

import pytest

from care.storage.store import Store, open_store


@pytest.fixture(params=["folder", "objects"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """An empty store, once of each kind."""
    folder = request.param == "folder"
    return open_store(str(tmp_path / "store") if folder else f"memory://{uuid4().hex}")


@pytest.fixture
def folder_store(tmp_path: Path) -> Store:
    """An empty store in a folder."""
    return open_store(str(tmp_path / "store"))
