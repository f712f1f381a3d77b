"""`care demo`, `care night`, `care release`, `care status`: the night from a terminal."""

from datetime import UTC, date, datetime
from typing import Annotated

import typer

from care.cli.option import AsJson, Home, Night, Now, day, open_home, print_json


def demo(
    home: Home = None,
    night: Night = None,
    nights: Annotated[
        int, typer.Option(metavar="1-14", min=1, max=14, help="How many nights in a row.")
    ] = 3,
) -> None:
    """Run three nights of a shop through Airflow.

    The purchases come from a public data set (Complete Journey: 2,469 households, 2017); the people
    are invented. Prints what was planned and why, and three messages. Run it again: the same nights
    add nothing.
    """
    from care.demo.run import run_demo

    run_demo(home, first=night or date(2017, 11, 14), nights=nights)


def run_night(
    night: Annotated[date, typer.Option(parser=day, metavar="DATE", help="The night to plan.")],
    home: Home = None,
    now: Now = None,
    as_json: AsJson = False,
) -> None:
    """Plan one night without Airflow.

    Takes the DAG's steps one after the other. A night that is planned already is left as it is.
    Nights older than the policy allows are refused; --now lets a drill pretend.
    """
    from care import nightly, report

    runtime = open_home(home)
    nightly.run(runtime, night=night, now=now or datetime.now(UTC))
    found = report.night_report(runtime, night)
    if as_json:
        print_json(found.numbers())
    else:
        from care.terminal.night import print_night

        print_night(found)


def explain(
    customer: Annotated[
        str,
        typer.Argument(
            metavar="CUSTOMER", help="The shop's customer_id, or the customer_ref of a batch."
        ),
    ],
    home: Home = None,
    night: Night = None,
    as_json: AsJson = False,
) -> None:
    """Say why a customer was contacted, or was not.

    Every campaign of a night, the last one unless --night names another: what became of it for her
    and why, and on which night her next date falls due.
    """
    from dataclasses import asdict

    from care import explanation

    runtime = open_home(home)
    found = explanation.explain(runtime, customer, night=night)
    if as_json:
        print_json(asdict(found))
    else:
        from care.terminal.explanation import print_explanation

        print_explanation(found, runtime.policy.gifts)


def release(home: Home = None, now: Now = None, as_json: AsJson = False) -> None:
    """Hand over what was approved.

    Reads the gateways' answers first, then seals what may go out now and hands it over. Safe to
    run at any time and as often as you like: a message leaves once, inside its window.
    """
    from care import release as workflow

    runtime = open_home(home)
    answered = workflow.collect(runtime)
    submitted = workflow.seal_and_submit(runtime, now=now or datetime.now(UTC))
    if as_json:
        print_json({"answered": answered, "submitted": submitted})
    else:
        print(f"{_batches(answered)} answered, {_batches(submitted)} submitted")


def _batches(count: int) -> str:
    return "1 batch" if count == 1 else f"{count} batches"


def status(home: Home = None, as_json: AsJson = False) -> None:
    """Say how the last night stands, and what waits.

    --json prints what night.json holds, and under "waiting" every campaign that waits for a person,
    whatever its night. Before the first night, "night" is null.
    """
    from care import desk, report

    runtime = open_home(home)
    found = report.last_report(runtime)
    waiting = desk.list_campaigns(runtime, waiting_only=True)
    if as_json:
        numbers = {"night": None} if found is None else found.numbers()
        keys = ("night", "campaign", "state", "messages", "decide_by")
        listed = [{key: getattr(one, key) for key in keys} for one in waiting]
        print_json(numbers | {"waiting": listed})
        return
    if found is None:
        print("No night was planned here yet. Try `care demo`, or `care night --night DATE`.")
        return
    from care.terminal.night import print_night
    from care.terminal.review import print_campaigns

    print_night(found)
    if earlier := [one for one in waiting if one.night != found.record.night]:
        print("Waiting from earlier nights:")
        print_campaigns(earlier)
