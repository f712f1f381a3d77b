"""Who may do what: a user of Airflow's by her name, else by her roles there."""

import json
import sys
from types import SimpleNamespace

import pytest

from care.console.visitor import role_of
from care.domain.role import Role
from care.settings import UnableToReadSettings, read_settings

MAPPED = {
    "role:viewer": Role.VIEWER,
    "role:care team": Role.REVIEWER,
    "role:admin": Role.ADMIN,
    "user:mei": Role.REVIEWER,
    "user:ada": Role.VIEWER,
}


@pytest.mark.parametrize(
    ("name", "groups", "role"),
    [
        ("vera", ["viewer"], Role.VIEWER),
        ("vera", ["Viewer", "Care Team"], Role.REVIEWER),
        ("mei", ["viewer"], Role.REVIEWER),
        ("mei", [], Role.REVIEWER),
        ("ada", ["admin"], Role.VIEWER),
        ("olga", ["op"], None),
        ("olga", [], None),
        ("role:admin", [], None),
    ],
)
def test_a_name_of_ones_own_wins_then_the_highest_role(name, groups, role):
    assert role_of(name, groups, MAPPED) is role


def test_each_role_may_all_that_the_ones_before_it_may():
    assert [one.covers(other) for one in Role for other in Role] == [
        *(True, False, False),
        *(True, True, False),
        *(True, True, True),
    ]


def test_roles_are_read_from_the_environment(monkeypatch):
    monkeypatch.setenv("CARE_CONSOLE_ROLES", json.dumps({"user:mei": "reviewer"}))
    assert read_settings().console_roles == {"user:mei": Role.REVIEWER}
    monkeypatch.setenv("CARE_CONSOLE_ROLES", json.dumps({"user:mei": "queen"}))
    with pytest.raises(UnableToReadSettings, match="CARE_CONSOLE_ROLES"):
        read_settings()


@pytest.mark.parametrize(
    ("user", "groups"),
    [
        (SimpleNamespace(role="op"), ["op"]),
        (SimpleNamespace(role=None), []),
        (SimpleNamespace(roles=[SimpleNamespace(name="Op"), SimpleNamespace(name="User")]),
         ["Op", "User"]),
        (SimpleNamespace(), []),
    ],
    ids=["simple", "simple without", "fab", "keycloak"],
)  # fmt: skip
def test_the_roles_of_every_auth_manager_are_understood(user, groups):
    from care.console.plugin import _groups

    assert _groups(user) == groups


def test_the_plugin_costs_a_worker_next_to_nothing():
    """Every process of Airflow imports it, and few ever show a page."""
    import subprocess

    told = "import care.console.plugin, sys; print([n for n in %r if n in sys.modules])"
    heavy = ["care.console.app", "care.policy", "pandas", "altair", "uvicorn"]
    before = "import airflow.plugins_manager, sys; print([n for n in %r if n in sys.modules])"
    found = [
        subprocess.run(
            [sys.executable, "-W", "ignore", "-c", text % heavy], capture_output=True, text=True
        ).stdout.splitlines()[-1]
        for text in (before, told)
    ]
    assert found[0] == found[1]


def test_a_taken_port_is_told_with_what_to_do():
    import socket

    from care.console.alone import UnableToServe
    from care.console.serve import _listen

    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(UnableToServe, match=f"port {port} is taken.*--port 0"):
            _listen(port)
