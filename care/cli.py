"""`care …`: the house from a terminal. Heavy imports happen inside the commands that need them."""

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


class Exit(IntEnum):
    """What the exit code of a command means."""

    DONE = 0
    FAILED = 1
    MISUSED = 2
    WRONG_CONFIGURATION = 3
    REFUSED = 4


FIRST_STEPS = """\b
Start here:
  care demo                      three nights of a shop, in about a minute
  care status                    how the last night stands
  care review list --waiting     what waits for a person

\b
Exit codes:
  0 done      1 failed: the message says what did not answer; try again
  2 misused   3 wrong configuration: correct the file or the variable it names
  4 refused: the house will not do that; the message says why

\b
Everything lies under --home. Settings are CARE_... variables; CARE_LOG=INFO tells what is done,
CARE_LOG=DEBUG adds where an error came from.
"""

# Typer's rich help takes longer to import than all else that `care --help` does.
PLAIN: dict[str, Any] = {
    "rich_markup_mode": None,
    "no_args_is_help": True,
    "context_settings": {"max_content_width": 100},
}
app = typer.Typer(
    name="care",
    help="Nightly customer care: plan a night, review its campaigns, release what was approved.",
    epilog=FIRST_STEPS,
    pretty_exceptions_enable=False,
    add_completion=False,
    **PLAIN,
)
review = typer.Typer(help="Look at the campaigns of a night, and decide.", **PLAIN)
policy = typer.Typer(help="Check what the merchant decided, before a night does.", **PLAIN)
points = typer.Typer(help="Look at a customer's points, and move them.", **PLAIN)
app.add_typer(review, name="review")
app.add_typer(points, name="points")
app.add_typer(policy, name="policy")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no date; write it as 2017-11-14") from None


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise typer.BadParameter(
            f"{text!r} is no moment; write it with its UTC offset, as 2017-11-14T09:30-05:00"
        )
    return moment


def _hash(text: str) -> str:
    if len(text) < 12:
        raise typer.BadParameter(f"{text!r} is too short; copy the 12 digits you were shown")
    return text.lower()


Home = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER", help="Where everything of a run lies. Default: $CARE_HOME, else ./var."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]
Night = Annotated[
    date | None,
    typer.Option(parser=_day, metavar="DATE", help="A business date in the shop's time zone."),
]
Now = Annotated[
    datetime | None,
    typer.Option(
        parser=_moment, metavar="MOMENT", help="For drills: pretend it is 2017-11-14T09:30-05:00."
    ),
]


def main() -> None:
    """Run a command; what a person did wrong is told in a sentence, never as a traceback."""
    try:
        _log_as_told()
        app()
    except Exception as error:
        code = _code_of(error)
        if code is None:
            raise
        print(f"care: {_in_words(error)}", file=sys.stderr)
        logging.getLogger(__name__).debug("where it came from:", exc_info=error)
        sys.exit(code)


class UnableToLog(Exception):
    """``CARE_LOG`` names no level."""


def _log_as_told() -> None:
    told = (os.environ.get("CARE_LOG") or "WARNING").upper()
    levels = ("DEBUG", "INFO", "WARNING", "ERROR")
    if told not in levels:
        raise UnableToLog(f"CARE_LOG={told!r}: there is no such level. Use {', '.join(levels)}.")
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(message)s") if told == "DEBUG" else _Sentences())
    logging.basicConfig(level=told, handlers=[handler])


class _Sentences(logging.Formatter):
    """What went wrong in a sentence; where in the code is for those who debug."""

    def format(self, record: logging.LogRecord) -> str:
        error = record.exc_info[1] if record.exc_info else None
        return record.getMessage() + ("" if error is None else f": {error}")


_CODES = {
    "UnableToLog": Exit.WRONG_CONFIGURATION,
    "UnableToReadSettings": Exit.WRONG_CONFIGURATION,
    "UnableToReadConfiguration": Exit.WRONG_CONFIGURATION,
    "UnableToReadSources": Exit.WRONG_CONFIGURATION,
    "UnableToLoadTemplates": Exit.WRONG_CONFIGURATION,
    "UnableToOpenLedger": Exit.WRONG_CONFIGURATION,
    "UnableToOpenSealedBody": Exit.WRONG_CONFIGURATION,
    "UnableToUseStore": Exit.WRONG_CONFIGURATION,
    "UnableToBuildShop": Exit.WRONG_CONFIGURATION,
    "UnableToDecide": Exit.REFUSED,
    "UnableToMovePoints": Exit.REFUSED,
    "UnableToPlan": Exit.REFUSED,
}
"""By name, so that the modules that raise them need not be imported."""


def _code_of(error: Exception) -> Exit | None:
    """Our own errors, and the machine's about a file, are told; the rest is a fault of ours."""
    name = type(error).__name__
    if name.startswith("UnableTo"):
        return _CODES.get(name, Exit.FAILED)
    return Exit.FAILED if isinstance(error, OSError) and error.filename else None


def _in_words(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"{error.filename}: {error.strerror}. Make room or give leave there, then try again."
    return str(error)


def _open(home: Path | None) -> "Runtime":
    from care.runtime import open_runtime

    return open_runtime(home=home)


def _print_json(value: Any) -> None:
    import orjson  # which, unlike json, never writes NaN, and moments as ISO 8601

    print(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())


@app.command()
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


@app.command("night")
def run_night(
    night: Annotated[date, typer.Option(parser=_day, metavar="DATE", help="The night to plan.")],
    home: Home = None,
    now: Now = None,
    as_json: AsJson = False,
) -> None:
    """Plan one night without Airflow.

    Takes the DAG's steps one after the other. A night that is planned already is left as it is.
    Nights older than the policy allows are refused; --now lets a drill pretend.
    """
    from care import nightly, report

    runtime = _open(home)
    nightly.run(runtime, night=night, now=now or datetime.now(UTC))
    found = report.night_report(runtime, night)
    if as_json:
        _print_json(found.numbers())
    else:
        from care.terminal import print_night

        print_night(found)


@app.command()
def release(home: Home = None, now: Now = None, as_json: AsJson = False) -> None:
    """Hand over what was approved.

    Reads the gateways' answers first, then seals what may go out now and hands it over. Safe to
    run at any time and as often as you like: a message leaves once, inside its window.
    """
    from care import release as workflow

    runtime = _open(home)
    answered = workflow.collect(runtime)
    submitted = workflow.seal_and_submit(runtime, now=now or datetime.now(UTC))
    if as_json:
        _print_json({"answered": answered, "submitted": submitted})
    else:
        print(f"{_batches(answered)} answered, {_batches(submitted)} submitted")


def _batches(count: int) -> str:
    return "1 batch" if count == 1 else f"{count} batches"


@app.command()
def status(home: Home = None, as_json: AsJson = False) -> None:
    """Say how the last night stands, and what waits.

    --json prints what night.json holds, and under "waiting" every campaign that waits for a person,
    whatever its night. Before the first night, "night" is null.
    """
    from care import desk, report

    runtime = _open(home)
    found = report.last_report(runtime)
    waiting = desk.list_campaigns(runtime, waiting_only=True)
    if as_json:
        numbers = {"night": None} if found is None else found.numbers()
        keys = ("night", "campaign", "state", "messages", "decide_by")
        listed = [{key: getattr(one, key) for key in keys} for one in waiting]
        _print_json(numbers | {"waiting": listed})
        return
    if found is None:
        print("No night was planned here yet. Try `care demo`, or `care night --night DATE`.")
        return
    from care.terminal import print_campaigns, print_night

    print_night(found)
    if earlier := [one for one in waiting if one.night != found.record.night]:
        print("Waiting from earlier nights:")
        print_campaigns(earlier)


@review.command("list")
def review_list(
    home: Home = None,
    night: Night = None,
    waiting: Annotated[bool, typer.Option("--waiting", help="Only what waits for you.")] = False,
    as_json: AsJson = False,
) -> None:
    """List campaigns, those of the newest night first."""
    from dataclasses import asdict

    from care import desk

    found = desk.list_campaigns(_open(home), night=night, waiting_only=waiting)
    if as_json:
        _print_json([asdict(campaign) for campaign in found])
    else:
        from care.terminal import print_campaigns

        print_campaigns(found)


CampaignName = Annotated[
    str, typer.Argument(metavar="CAMPAIGN", help="As `care review list` names it.")
]
NightToDecide = Annotated[
    date, typer.Option("--night", parser=_day, metavar="DATE", help="The night it belongs to.")
]
Why = Annotated[
    str, typer.Option("--reason", "-m", metavar="TEXT", help="Why, for the audit trail.")
]
Who = Annotated[
    str | None,
    typer.Option("--as", metavar="NAME", help="Who decides. Default: your login name."),
]
Seen = Annotated[
    str | None,
    typer.Option(
        "--content",
        parser=_hash,
        metavar="HASH",
        help="The content you looked at; refused if it changed since.",
    ),
]


@review.command("show")
def review_show(
    campaign: CampaignName,
    night: NightToDecide,
    home: Home = None,
    samples: Annotated[
        int, typer.Option(metavar="0-50", min=0, max=50, help="How many messages to show.")
    ] = 4,
    as_json: AsJson = False,
) -> None:
    """Show one campaign: why it waits, messages, decisions."""
    from dataclasses import asdict

    from care import desk

    found, shown, trail = desk.show(_open(home), night, campaign, samples=samples)
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
    night: date,
    verdict: str,
    home: Path | None,
    reason: str,
    who: str | None,
    seen: str | None,
    now: datetime | None,
    as_json: bool,
) -> None:
    from dataclasses import asdict

    from care import desk
    from care.domain.decision import Verdict

    decided = desk.decide(
        _open(home),
        night,
        campaign,
        Verdict(verdict),
        actor=who or _login(),
        reason=reason,
        now=now or datetime.now(UTC),
        seen=seen,
    )
    if as_json:
        _print_json(asdict(decided))
    else:
        print(f"{decided.campaign} of {decided.night} is {decided.state}.")
        if decided.state == "approved":
            print("`care release` will send it inside each customer's own hours.")


def _login() -> str:
    from getpass import getuser

    try:
        return getuser()
    except (KeyError, OSError):  # a container may run as a number that has no name
        raise typer.BadParameter("your login has no name; say who decides with --as") from None


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
    """Approve the messages exactly as they are now.

    Any later change voids it. With --content, approve only what you were shown.
    """
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
    """Hold a campaign: nothing goes out until it is approved."""
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
    """Reject a campaign for good.

    Its messages are withdrawn and its gifts given back.
    """
    _decide(campaign, night, "reject", home, reason, who, seen, now, as_json)


@policy.command()
def check(
    path: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="Default: the policy that a night would use."),
    ] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Check a policy and the templates it needs.

    Says in words what a night would refuse, naming file, line and remedy (exit code 3), and notes
    what is allowed but probably not meant. Where the shop's data is at hand, also categories that
    the catalogue does not know.
    """
    from care.policy import oversights, read_policy
    from care.rendering.renderer import Renderer
    from care.settings import read_settings

    settings = read_settings(home=home)
    checked = path or settings.policy_path
    found = read_policy(checked)
    Renderer(settings.templates_path, campaigns=found.used_channels, locales=found.shop.locales)
    notes = oversights(found)
    if settings.sources.exists():
        notes += _unknown_categories(found.wording.never_name, settings.sources)
    by_priority = sorted(found.enabled.items(), key=lambda one: -one[1].priority)
    if as_json:
        names = [name for name, _ in by_priority]
        _print_json(
            {"policy": str(checked), "sha256": found.sha256, "campaigns": names, "notes": notes}
        )
        return
    print(f"{checked} is fine: {len(found.tiers)} tiers, {len(found.gifts)} gifts, campaigns:")
    for name, chosen in by_priority:
        review_by = "policy, within bounds" if chosen.auto_approve else "a person"
        print(f"  {name}: priority {chosen.priority}, approved by {review_by}")
    for note in notes:
        print(f"note: {note}")


def _unknown_categories(never_name: tuple[str, ...], sources: Path) -> list[str]:
    from care.intake.products import read_products
    from care.intake.sources import UnableToReadSources, read_sources

    try:
        known = set(read_products(read_sources(sources)).kept["category"])
    except UnableToReadSources as error:
        return [f"the shop's catalogue could not be looked at: {error}"]
    return [
        f"wording.never_name holds {name!r}, which is no category of the shop's: nothing is "
        "protected by it"
        for name in never_name
        if name not in known
    ]


CustomerId = Annotated[
    str, typer.Argument(metavar="CUSTOMER", help="The shop's own id of her.", show_default=False)
]


@points.command("show")
def points_show(customer: CustomerId, home: Home = None, as_json: AsJson = False) -> None:
    """Show how many points a customer has."""
    from care.storage.database import reading
    from care.storage.points import balance_of

    with reading(_open(home).engine) as connection:
        _, balance = balance_of(connection, customer)
    _print_balance(customer, balance, as_json)


@points.command("redeem")
def points_redeem(
    customer: CustomerId,
    count: Annotated[int, typer.Option("--points", min=1, help="How many she uses.")],
    reference: Annotated[str, typer.Option("--for", help="What for, such as the receipt.")],
    home: Home = None,
    now: Now = None,
    as_json: AsJson = False,
) -> None:
    """Take points that a customer uses.

    Safe to repeat: the same receipt takes them once.
    """
    _move_points(customer, "redeem", -count, reference, home, now, as_json)


@points.command("adjust")
def points_adjust(
    customer: CustomerId,
    count: Annotated[int, typer.Option("--points", help="How many to add, or below 0 to take.")],
    reference: Annotated[str, typer.Option("--for", help="Why, once per customer.")],
    home: Home = None,
    now: Now = None,
    as_json: AsJson = False,
) -> None:
    """Add points that never expire, or take some back, as after a refund.

    Safe to repeat: the same reason moves them once.
    """
    if not count:
        raise typer.BadParameter("0 points move nothing")
    _move_points(customer, "adjust", count, reference, home, now, as_json)


def _move_points(
    customer: str,
    kind: str,
    count: int,
    reference: str,
    home: Path | None,
    now: datetime | None,
    as_json: bool,
) -> None:
    from care.domain.points import Move
    from care.storage.database import writing
    from care.storage.points import move

    runtime = _open(home)
    on = (now or datetime.now(UTC)).astimezone(runtime.policy.shop.zone).date()
    with writing(runtime.engine) as connection:
        balance = move(
            connection, customer, kind=Move(kind), points=count, reference=reference, on=on
        )
    _print_balance(customer, balance, as_json)


def _print_balance(customer: str, balance: int, as_json: bool) -> None:
    if as_json:
        _print_json({"customer_id": customer, "points": balance})
    else:
        print(f"{customer}: {balance} points")


intake = typer.Typer(help="Look at the shop's data, before a night does.", **PLAIN)
app.add_typer(intake, name="intake")


@intake.command("check")
def intake_check(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE", help="Parquet or CSV files that nothing maps yet."),
    ] = None,
    sources: Annotated[
        Path | None,
        typer.Option("--sources", metavar="FILE", help="A shop.toml. Default: the home's."),
    ] = None,
    home: Home = None,
    night: Night = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE.csv", help="Write all that was set aside here."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Try the shop's data without planning anything.

    Reads what shop.toml maps as a night would, and says what is kept, what is set aside and why.
    Of FILEs alone it proposes a shop.toml and tries that. Shows no name, address or phone number.
    Exit code 3 if something would stop a night.
    """
    if files and sources:
        raise typer.BadParameter("name files, or a shop.toml with --sources, not both")
    from care.intake import check, in_words
    from care.intake.export import write_set_aside
    from care.intake.sources import read_sources
    from care.policy import read_policy
    from care.settings import read_settings

    settings = read_settings(home=home)
    zone = read_policy(settings.policy_path).shop.zone
    tonight = night or datetime.now(zone).date()
    if files:
        looked = check.check_files(files, night=tonight, timezone=zone.key)
        _, proposals, found = looked
        numbers, lines = in_words.profiled_numbers(*looked), in_words.tell_files(*looked)
    else:
        proposals, mapped = [], read_sources(sources or settings.sources)
        found = check.check_sources(mapped, night=tonight, timezone=zone.key)
        numbers, lines = in_words.checked_numbers(found), in_words.tell_checked(found)
    if out is not None:
        write_set_aside(check.all_set_aside(found), out)
    if as_json:
        _print_json(numbers)
    else:
        print("\n".join(lines))
    if check.stops(proposals, found):
        raise typer.Exit(Exit.WRONG_CONFIGURATION)
