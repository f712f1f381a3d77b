"""`care …`: the house from a terminal. Heavy imports happen inside the commands that need them."""

import getpass
import json
import logging
import os
import sys
from datetime import UTC, date, datetime
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from care.runtime import Runtime

app = typer.Typer(
    name="care",
    help="Nightly customer care: plan a night, review its campaigns, release what was approved.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    epilog="Start with [bold]care demo[/]: three nights of a real shop, in about a minute.",
)
review = typer.Typer(help="Look at tonight's campaigns and decide.", no_args_is_help=True)
policy = typer.Typer(help="The merchant's decisions.", no_args_is_help=True)
app.add_typer(review, name="review")
app.add_typer(policy, name="policy")


class Exit(IntEnum):
    """What the exit code of a command means."""

    DONE = 0
    FAILED = 1
    MISUSED = 2
    WRONG_CONFIGURATION = 3
    REFUSED = 4


Home = Annotated[
    Path | None,
    typer.Option("--home", help="Where everything of a run lies. Default: $CARE_HOME or ./var."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]
Night = Annotated[
    datetime | None,
    typer.Option("--night", formats=["%Y-%m-%d"], help="A business date in the shop's time zone."),
]
Now = Annotated[
    str | None,
    typer.Option("--now", help="Pretend it is this moment (ISO 8601 with UTC offset), for drills."),
]


def main() -> None:
    """Run a command; what a person did wrong is told in a sentence, never as a traceback."""
    logging.basicConfig(level=os.environ.get("CARE_LOG", "WARNING"), format="%(message)s")
    try:
        app()
    except Exception as error:
        code = _code_of(error)
        if code is None:
            raise
        print(f"care: {error}", file=sys.stderr)
        sys.exit(code)


def _code_of(error: Exception) -> Exit | None:
    """Our own errors say what to do in words; anything else is a fault of ours."""
    name = type(error).__name__
    if not name.startswith("UnableTo"):
        return None
    if name in ("UnableToReadSettings", "UnableToReadConfiguration", "UnableToLoadTemplates"):
        return Exit.WRONG_CONFIGURATION
    return Exit.REFUSED if name in ("UnableToDecide", "UnableToPlan") else Exit.FAILED


def _open(home: Path | None) -> "Runtime":
    from care.runtime import open_runtime

    return open_runtime(home=home)


def _moment(text: str | None) -> datetime:
    if text is None:
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not ISO 8601") from None
    if moment.tzinfo is None:
        raise typer.BadParameter(f"{text!r} lacks a UTC offset, such as -05:00")
    return moment


def _print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2, default=str))


@app.command()
def demo(
    home: Home = None,
    night: Night = None,
    nights: Annotated[int, typer.Option(min=1, max=14, help="How many nights in a row.")] = 3,
) -> None:
    """Run three nights of a shop through Airflow, and show what came of them.

    The purchases are real (Complete Journey: 2,469 households, 2017); the people are invented. Run
    it again: the same nights add nothing.
    """
    from care.demo.run import run_demo

    first = date(2017, 11, 14) if night is None else night.date()
    run_demo(home or Path(os.environ.get("CARE_HOME", "var")), first=first, nights=nights)


@app.command("night")
def run_night(
    night: Annotated[
        datetime, typer.Option("--night", formats=["%Y-%m-%d"], help="The night to plan.")
    ],
    home: Home = None,
    now: Now = None,
    as_json: AsJson = False,
) -> None:
    """Plan one night without Airflow: the same steps, one after the other.

    A night that is planned already is left as it is. Nights older than the policy allows are
    refused; --now lets a drill pretend.
    """
    from care import nightly, report

    runtime = _open(home)
    nightly.run(runtime, night=night.date(), now=_moment(now))
    found = report.night_report(runtime, night.date())
    if as_json:
        _print_json(found.numbers())
    else:
        from care.terminal import print_night

        print_night(found)


@app.command()
def release(home: Home = None, now: Now = None, as_json: AsJson = False) -> None:
    """Read the gateways' answers, then seal and hand over what was approved.

    Safe to run at any time and as often as you like: a message leaves once, inside its window.
    """
    from care import release as workflow

    runtime, moment = _open(home), _moment(now)
    answered = workflow.collect(runtime)
    submitted = workflow.seal_and_submit(runtime, now=moment)
    if as_json:
        _print_json({"answered": answered, "submitted": submitted})
    else:
        print(f"{answered} batches answered, {submitted} batches submitted")


@app.command()
def status(home: Home = None, as_json: AsJson = False) -> None:
    """Say how the last night stands: what waits, what is on its way, which models speak."""
    from care import report

    runtime = _open(home)
    found = report.last_report(runtime)
    if found is None:
        message = "no night was planned here yet. Try `care demo`, or `care night --night DATE`."
        if as_json:
            _print_json({"night": None})
        else:
            print(message)
        return
    if as_json:
        _print_json(found.numbers())
    else:
        from care.terminal import print_night

        print_night(found)


@review.command("list")
def review_list(
    home: Home = None,
    night: Night = None,
    waiting: Annotated[bool, typer.Option("--waiting", help="Only what waits for you.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the campaigns of the night, newest first."""
    from dataclasses import asdict

    from care import desk

    found = desk.list_campaigns(
        _open(home), night=night.date() if night else None, waiting_only=waiting
    )
    if as_json:
        _print_json([asdict(campaign) for campaign in found])
    else:
        from care.terminal import print_campaigns

        print_campaigns(found)


CampaignName = Annotated[str, typer.Argument(help="The campaign, as `care review list` names it.")]
NightToDecide = Annotated[
    datetime, typer.Option("--night", formats=["%Y-%m-%d"], help="The night it belongs to.")
]
Why = Annotated[str, typer.Option("--reason", "-m", help="Why, for the audit trail.")]
Who = Annotated[str | None, typer.Option("--as", help="Who decides. Default: your login name.")]
Seen = Annotated[
    str | None,
    typer.Option("--content", help="The content hash you looked at; refused if it changed since."),
]


@review.command("show")
def review_show(
    campaign: CampaignName,
    night: NightToDecide,
    home: Home = None,
    samples: Annotated[int, typer.Option(min=0, max=50, help="How many messages to show.")] = 4,
    as_json: AsJson = False,
) -> None:
    """Show one campaign: why it waits, sample messages, and what was decided so far."""
    from dataclasses import asdict

    from care import desk

    found, shown, trail = desk.show(_open(home), night.date(), campaign, samples=samples)
    if as_json:
        _print_json(
            {
                "campaign": asdict(found),
                "samples": [asdict(sample) for sample in shown],
                "decisions": [asdict(decision) for decision in trail],
            }
        )
    else:
        from care.terminal import print_campaign

        print_campaign(found, shown, trail)


def _decide(
    campaign: str,
    night: datetime,
    verdict: str,
    home: Path | None,
    reason: str,
    who: str | None,
    seen: str | None,
    now: str | None,
    as_json: bool,
) -> None:
    from dataclasses import asdict

    from care import desk
    from care.domain.decision import Verdict

    decided = desk.decide(
        _open(home),
        night.date(),
        campaign,
        Verdict(verdict),
        actor=who or getpass.getuser(),
        reason=reason,
        now=_moment(now),
        seen=seen,
    )
    if as_json:
        _print_json(asdict(decided))
    else:
        print(f"{decided.campaign} of {decided.night} is {decided.state}.")
        if decided.state == "approved":
            print("`care release` will send it inside each customer's own hours.")


@review.command()
def approve(
    campaign: CampaignName,
    night: NightToDecide,
    home: Home = None,
    reason: Why = "",
    who: Who = None,
    seen: Seen = None,
    now: Now = None,
    as_json: AsJson = False,
) -> None:
    """Approve exactly the messages as they are now; any later change voids it."""
    _decide(campaign, night, "approve", home, reason, who, seen, now, as_json)


@review.command()
def hold(
    campaign: CampaignName,
    night: NightToDecide,
    reason: Why,
    home: Home = None,
    who: Who = None,
    seen: Seen = None,
    now: Now = None,
    as_json: AsJson = False,
) -> None:
    """Hold a campaign: nothing goes out until somebody approves it."""
    _decide(campaign, night, "hold", home, reason, who, seen, now, as_json)


@review.command()
def reject(
    campaign: CampaignName,
    night: NightToDecide,
    reason: Why,
    home: Home = None,
    who: Who = None,
    seen: Seen = None,
    now: Now = None,
    as_json: AsJson = False,
) -> None:
    """Reject a campaign for good: its messages are withdrawn and its gifts given back."""
    _decide(campaign, night, "reject", home, reason, who, seen, now, as_json)


@policy.command()
def check(
    path: Annotated[
        Path | None, typer.Argument(help="A policy file. Default: the one a night would use.")
    ] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Check a policy and the templates it needs, and say in words what a night would refuse."""
    from care.policy import read_policy
    from care.rendering.renderer import Renderer
    from care.settings import read_settings

    settings = read_settings(home=home)
    checked = path or settings.policy_path
    found = read_policy(checked)
    enabled = sorted(name for name, chosen in found.campaigns.items() if chosen.enabled)
    Renderer(settings.templates_path, campaigns=enabled, locales=found.shop.locales)
    if as_json:
        _print_json({"policy": str(checked), "sha256": found.sha256, "campaigns": enabled})
    else:
        print(f"{checked} is fine: {len(found.tiers)} tiers, {len(found.gifts)} gifts, campaigns:")
        for name in sorted(enabled, key=lambda one: -found.campaigns[one].priority):
            chosen = found.campaigns[name]
            review_by = "policy, within bounds" if chosen.auto_approve else "a person"
            print(f"  {name}: priority {chosen.priority}, approved by {review_by}")
