"""What a scheduled task needs from Airflow: which night it works on, and where the ledger is.

DAG files import this module while they are parsed, so it imports nothing heavy itself.
"""

import os
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from care.runtime import Runtime

CONNECTION = "care_db"
WITH_OFFSET = r"(Z|[+-]\d\d:\d\d)$"
"""A moment says its UTC offset. Airflow refuses a run told otherwise, before any task fails."""


class UnableToResolveNight(Exception):
    """A run does not say which night it is for."""


class UnableToUseConnection(Exception):
    """Airflow's connection ``care_db`` leads to no ledger."""


def shop_timezone() -> str:
    """The shop's time zone, read from the policy alone: schedules are in the shop's time.

    The rest of the policy is not looked at: a wrong gift must not keep the DAGs from loading.

    Raises:
        UnableToReadConfiguration: there is no policy, or it does not say a time zone.
    """
    from pydantic import BaseModel

    from care.configuration import read_toml
    from care.settings import shipped

    class Shop(BaseModel):
        timezone: str

    class Policy(BaseModel):
        shop: Shop

    path = Path(os.environ.get("CARE_POLICY_PATH") or shipped("policy.toml"))
    return read_toml(path, Policy).shop.timezone


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
    try:
        moment = datetime.fromisoformat(str(told))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise UnableToResolveNight(
            f"{told!r} is no moment with its UTC offset; write 2026-11-21T10:00:00-05:00"
        )
    return moment


def open_task_runtime() -> "Runtime":
    """Open the house inside a task: the ledger is Airflow's connection ``care_db`` if there is one.

    Everything else comes from the worker's environment.

    Raises:
        UnableToUseConnection: the connection leads to no ledger.
    """
    from airflow.sdk import BaseHook
    from airflow.sdk.exceptions import AirflowNotFoundException

    from care.runtime import open_runtime

    try:
        connection = BaseHook.get_connection(CONNECTION)
    except AirflowNotFoundException:
        return open_runtime()
    return open_runtime(database_url=_url(connection))


def skip_if_stale(runtime: "Runtime", *, night: date, now: datetime) -> None:
    """Skip the running task, and with it all that follows, if the night is too old to be planned.

    Skipped rather than failed: to try again cannot help, and nothing is broken.
    """
    from airflow.sdk.exceptions import AirflowSkipException

    from care import nightly

    try:
        nightly.refuse_stale(runtime, night=night, now=now)
    except nightly.UnableToPlan as stale:
        raise AirflowSkipException(str(stale)) from None


def _url(connection: Any) -> str:
    from sqlalchemy import URL

    place = connection.schema or connection.host or None
    if connection.conn_type == "sqlite":
        if place is None or not place.startswith("/"):
            raise UnableToUseConnection(
                f"{CONNECTION}: a worker may stand in any folder, so name the file in full: "
                "sqlite:////folder/care.sqlite"
            )
        return f"sqlite:///{place}"
    if connection.conn_type not in ("postgres", "postgresql", "postgresql+psycopg"):
        raise UnableToUseConnection(
            f"{CONNECTION} is of type {connection.conn_type!r}; use sqlite or postgres"
        )
    extra: Mapping[str, object] = connection.extra_dejson
    url = URL.create(
        "postgresql+psycopg",
        username=connection.login or None,
        password=connection.password or None,
        host=connection.host or None,
        port=connection.port,
        database=connection.schema or None,
        query={name: str(value) for name, value in extra.items()},
    )
    return url.render_as_string(hide_password=False)
