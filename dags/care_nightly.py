"""### The night

Plans tonight's care and leaves it for review: reads the shop's data, trains the models, finds who
is due, decides who is touched, writes the messages, and queues the campaigns.

* **Again?** Run it as often as you like: a planned night stays, and a second run writes no row.
* **A model fails to train?** The champion of an earlier night speaks, or a labelled fallback does.
* **By hand:** trigger with `{"night": "2026-11-21"}`. Nights that are too old are refused.
* **Afterwards:** people review the campaigns; `care_release` sends what they approve.
"""

from datetime import date, timedelta

from airflow.sdk import CronPartitionTimetable, Param, TriggerRule, dag, get_current_context, task

from care.scheduling import open_task_runtime, resolve_night, resolve_now, shop_timezone

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
        "retries": 2,
        "retry_delay": timedelta(minutes=5),
        "execution_timeout": timedelta(hours=1),
    },
    params={
        "night": Param(
            None, type=["null", "string"], format="date", description="the night to plan"
        ),
        "now": Param(None, type=["null", "string"], format="date-time", description="for drills"),
    },
    tags=["care"],
    doc_md=__doc__,
)
def care_nightly() -> None:
    """Plan one night."""

    @task
    def take_snapshot() -> str:
        from care import nightly

        return nightly.take_snapshot(open_task_runtime(), night=night_of_run())

    @task
    def train_items() -> str:
        from care import training

        return training.train_items(open_task_runtime(), night=night_of_run())

    @task
    def train_timing() -> str:
        from care import training

        return training.train_timing(open_task_runtime(), night=night_of_run())

    @task(trigger_rule=TriggerRule.ALL_DONE_MIN_ONE_SUCCESS)
    def score() -> int:
        from care import nightly

        return nightly.score(open_task_runtime(), night=night_of_run())

    @task
    def plan() -> list[int]:
        from care import nightly

        now = resolve_now(get_current_context()["dag_run"])
        return nightly.plan(open_task_runtime(), night=night_of_run(), now=now)

    @task
    def compose(shard: int) -> int:
        from care import nightly

        return nightly.compose(open_task_runtime(), night=night_of_run(), shard=shard)

    @task(trigger_rule=TriggerRule.ALL_DONE_MIN_ONE_SUCCESS)
    def queue() -> dict[str, int]:
        from care import nightly

        now = resolve_now(get_current_context()["dag_run"])
        return nightly.queue(open_task_runtime(), night=night_of_run(), now=now)

    snapshot, models, scored = take_snapshot(), [train_items(), train_timing()], score()
    planned = plan()
    composed = compose.expand(shard=planned)
    snapshot >> models
    [snapshot, *models] >> scored >> planned
    [planned, composed] >> queue()


care_nightly()
