"""### The night

Plans tonight's care and leaves it for review: reads the shop's data, trains the models, finds who
is due, decides who is touched, writes the messages, and queues the campaigns.

* **Again?** Run it as often as you like: a planned night stays, and a second run writes no row.
* **A model fails to train?** The champion of an earlier night speaks, or a labelled fallback does.
* **By hand:** trigger with `{"night": "2026-11-21"}`.
* **Too old a night,** from a backfill for instance? Its run is skipped and the log of its first
  task says why: nobody wants a belated birthday wish.
* **A task failed?** It is tried again after some ten seconds, one minute, four and a quarter of an
  hour, so that a killed worker costs seconds and a database may be away for a while.
* **Afterwards:** people review the campaigns; `care_release` sends what they approve.
"""

from datetime import date, timedelta

from airflow.sdk import CronPartitionTimetable, Param, TriggerRule, dag, get_current_context, task

from care.scheduling import (
    WITH_OFFSET,
    open_task_runtime,
    resolve_night,
    resolve_now,
    shop_timezone,
    skip_if_stale,
)

TIMEZONE = shop_timezone()


def night_of_run() -> date:
    """The night this run is for."""
    return resolve_night(get_current_context()["dag_run"], TIMEZONE)


@dag(
    schedule=CronPartitionTimetable("0 1 * * *", timezone=TIMEZONE, key_format="%Y-%m-%d"),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=5),
    default_args={
        "owner": "care",
        "retries": 4,
        "retry_delay": timedelta(seconds=10),
        "retry_exponential_backoff": 4,
        "max_retry_delay": timedelta(minutes=15),
        "execution_timeout": timedelta(hours=1),
    },
    params={
        "night": Param(
            None, type=["null", "string"], format="date", description="the night to plan"
        ),
        "now": Param(
            None,
            type=["null", "string"],
            format="date-time",
            pattern=WITH_OFFSET,
            description="for drills: 2026-11-21T01:00:00-05:00",
        ),
    },
    tags=["care"],
    doc_md=__doc__,
)
def care_nightly() -> None:
    """Plan one night."""

    @task
    def take_snapshot() -> str:
        from care import nightly

        runtime, now = open_task_runtime(), resolve_now(get_current_context()["dag_run"])
        skip_if_stale(runtime, night=night_of_run(), now=now)
        return nightly.take_snapshot(runtime, night=night_of_run())

    @task
    def train_items() -> str:
        from care import training

        now = resolve_now(get_current_context()["dag_run"])
        return training.train_items(open_task_runtime(), night=night_of_run(), now=now)

    @task
    def train_timing() -> str:
        from care import training

        now = resolve_now(get_current_context()["dag_run"])
        return training.train_timing(open_task_runtime(), night=night_of_run(), now=now)

    @task(trigger_rule=TriggerRule.ALL_DONE_MIN_ONE_SUCCESS)
    def score() -> int:
        from care import nightly

        return nightly.score(open_task_runtime(), night=night_of_run())

    @task(trigger_rule=TriggerRule.ALL_DONE_MIN_ONE_SUCCESS)
    def plan() -> list[int]:
        from care import nightly

        runtime, now = open_task_runtime(), resolve_now(get_current_context()["dag_run"])
        skip_if_stale(runtime, night=night_of_run(), now=now)
        return nightly.plan(runtime, night=night_of_run(), now=now)

    @task
    def compose(shard: int) -> int:
        from care import correspondence

        return correspondence.compose(open_task_runtime(), night=night_of_run(), shard=shard)

    @task(trigger_rule=TriggerRule.ALL_DONE_MIN_ONE_SUCCESS)
    def queue() -> dict[str, int]:
        from care import desk

        now = resolve_now(get_current_context()["dag_run"])
        return desk.queue(open_task_runtime(), night=night_of_run(), now=now)

    snapshot, models, scored = take_snapshot(), [train_items(), train_timing()], score()
    planned = plan()
    composed = compose.expand(shard=planned)
    snapshot >> models
    [snapshot, *models] >> scored
    [snapshot, scored] >> planned
    [planned, composed] >> queue()


care_nightly()
