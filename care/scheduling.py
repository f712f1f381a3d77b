"""What a scheduled task needs from Airflow: which night it works on, and where the ledger is.

DAG files import this module while they are parsed, so it imports nothing heavy itself.
"""

import os
import tomllib
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from care.runtime import Runtime

CONNECTION = "care_db"


class UnableToResolveNight(Exception):
    """A run does not say which night it is for."""


def shop_timezone() -> str:
    """The shop's time zone, read from the policy alone: schedules are in the shop's time."""
    from care.settings import shipped

    path = Path(os.environ.get("CARE_POLICY_PATH") or shipped("policy.toml"))
    return str(tomllib.loads(path.read_text(encoding="utf-8"))["shop"]["timezone"])


def resolve_night(dag_run: Any, timezone: str) -> date:
    """The night a DAG run is for.

    A scheduled run is partitioned and its key is the night; a run started by hand may carry
    ``{"night": "2026-11-21"}``; otherwise it is the day of the run in the shop's time zone. Airflow
    leaves ``logical_date`` empty in partitioned runs, so it is never looked at.
    """
    told = getattr(dag_run, "partition_key", None) or (dag_run.conf or {}).get("night")
    if told is not None:
        try:
            return date.fromisoformat(str(told))
        except ValueError:
            raise UnableToResolveNight(
                f'{told!r} is not a date; start the run with {{"night": "YYYY-MM-DD"}}'
            ) from None
    moment: datetime | None = getattr(dag_run, "run_after", None)
    if moment is None:
        raise UnableToResolveNight('start the run with {"night": "YYYY-MM-DD"}')
    return moment.astimezone(ZoneInfo(timezone)).date()


def resolve_now(dag_run: Any) -> datetime:
    """The moment a release works at: now, unless the run was told ``{"now": "…"}`` for a drill."""
    told = (dag_run.conf or {}).get("now")
    if told is None:
        return datetime.now(UTC)
    moment = datetime.fromisoformat(str(told))
    if moment.tzinfo is None:
        raise UnableToResolveNight(f"{told!r} has no UTC offset; write 2026-11-21T10:00:00-05:00")
    return moment


def open_task_runtime() -> "Runtime":
    """Open the house inside a task: the ledger is Airflow's connection ``care_db`` if there is one.

    Everything else comes from the worker's environment.
    """
    from airflow.sdk import BaseHook
    from airflow.sdk.exceptions import AirflowNotFoundException

    from care.runtime import open_runtime

    try:
        connection = BaseHook.get_connection(CONNECTION)
    except AirflowNotFoundException:
        return open_runtime()
    return open_runtime(database_url=_url(connection))


def _url(connection: Any) -> str:
    from sqlalchemy import URL

    if connection.conn_type == "sqlite":
        return f"sqlite:////{(connection.schema or connection.host).lstrip('/')}"
    extra: Mapping[str, str] = connection.extra_dejson
    url = URL.create(
        "postgresql+psycopg",
        username=connection.login or None,
        password=connection.password or None,
        host=connection.host or None,
        port=connection.port,
        database=connection.schema or None,
        query=dict(extra),
    )
    return url.render_as_string(hide_password=False)
