"""The console over a house whose first night waits for review, and visitors of every role."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from care.console.access import FORM_FIELD
from care.console.alone import HOST, Turnstile, build_alone
from care.domain.role import Role
from care.runtime import Runtime
from tests.console.visit import Visit
from tests.workflows.builders import at, reopened
from tests.workflows.conftest import first_night  # noqa: F401  (a fixture)

__all__ = ["FORM_FIELD"]


@pytest.fixture
def house(first_night: Path, tmp_path: Path) -> Runtime:  # noqa: F811
    """A house of its own, its first night planned."""
    return reopened(shutil.copytree(first_night, tmp_path / "home"))


@pytest.fixture
def visit(house: Runtime) -> Callable[..., Visit]:
    """Let somebody in with a role, and give her a browser."""

    def come_in(role: Role = Role.REVIEWER, *, name: str = "mei", language: str = "en") -> Visit:
        turnstile = Turnstile(name=name, role=role)
        app = build_alone(lambda: house, turnstile, clock=lambda: at("06:00"))
        client = TestClient(
            app,
            base_url=f"http://{HOST}",
            headers={"Accept-Language": language},
            follow_redirects=False,
        )
        came = client.get("/enter", params={"token": turnstile.token})
        assert came.status_code == 303
        return Visit(client, turnstile, app)

    return come_in


@pytest.fixture
def mei(visit: Callable[..., Visit]) -> Visit:
    """A reviewer."""
    return visit(Role.REVIEWER)


@pytest.fixture
def vera(visit: Callable[..., Visit]) -> Visit:
    """A viewer."""
    return visit(Role.VIEWER, name="vera")


@pytest.fixture
def ada(visit: Callable[..., Visit]) -> Visit:
    """An admin."""
    return visit(Role.ADMIN, name="ada")
