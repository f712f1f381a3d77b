"""### Release

Sends what people approved, every few minutes of the day: reads the gateways' answers, lets
campaigns nobody decided in time follow their policy, looks at consent once more, seals what may go
out now, and hands the batches over.

* **Needs no configuration.** A message leaves only in its own window, in the customer's time.
* **Killed half-way?** The next run finishes the batch it left; nothing is sealed twice.
* **Drill:** trigger with `{"now": "2026-11-21T10:00:00-05:00"}`.
"""

from datetime import timedelta
from typing import Any

from airflow.sdk import CronTriggerTimetable, Param, dag, get_current_context, task

from care.scheduling import WITH_OFFSET, open_task_runtime, resolve_now, shop_timezone


@dag(
    schedule=CronTriggerTimetable("*/10 * * * *", timezone=shop_timezone()),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=1),
    default_args={
        "owner": "care",
        "retries": 3,
        "retry_delay": timedelta(seconds=10),
        "retry_exponential_backoff": 4,
        "execution_timeout": timedelta(minutes=30),
    },
    params={
        "now": Param(
            None,
            type=["null", "string"],
            format="date-time",
            pattern=WITH_OFFSET,
            description="for drills: 2026-11-21T10:00:00-05:00",
        ),
    },
    tags=["care"],
    doc_md=__doc__,
)
def care_release() -> None:
    """Send what was approved."""

    @task
    def collect() -> int:
        from care import release

        return release.collect(open_task_runtime())

    @task(pool="care_gateway")
    def seal_and_submit() -> int:
        from care import release

        return release.seal_and_submit(open_task_runtime(), now=resolve_now(_run()))

    collect() >> seal_and_submit()


def _run() -> Any:
    return get_current_context()["dag_run"]


care_release()
