"""`care review …`: look at the campaigns of a night, and decide."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from care.cli.option import PLAIN, AsJson, Home, Night, Now, day, login, open_home, print_json

review = typer.Typer(help="Look at the campaigns of a night, and decide.", **PLAIN)


def content_hash(text: str) -> str:
    """Enough of a content hash to mean one content."""
    if len(text) < 12:
        raise typer.BadParameter(f"{text!r} is too short; copy the 12 digits you were shown")
    return text.lower()


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

    found = desk.list_campaigns(open_home(home), night=night, waiting_only=waiting)
    if as_json:
        print_json([asdict(campaign) for campaign in found])
    else:
        from care.terminal.review import print_campaigns

        print_campaigns(found)


CampaignName = Annotated[
    str, typer.Argument(metavar="CAMPAIGN", help="As `care review list` names it.")
]
NightToDecide = Annotated[
    date, typer.Option("--night", parser=day, metavar="DATE", help="The night it belongs to.")
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
        parser=content_hash,
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

    found, shown, trail = desk.show(open_home(home), night, campaign, samples=samples)
    if as_json:
        print_json(
            {
                "campaign": asdict(found),
                "samples": [asdict(sample) for sample in shown],
                "decisions": [asdict(decision) for decision in trail],
            }
        )
    else:
        from care.terminal.review import print_campaign

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
        open_home(home),
        night,
        campaign,
        Verdict(verdict),
        actor=who or login_name(),
        reason=reason,
        now=now or datetime.now(UTC),
        seen=seen,
    )
    if as_json:
        print_json(asdict(decided))
    else:
        print(f"{decided.campaign} of {decided.night} is {decided.state}.")
        if decided.state == "approved":
            print("`care release` will send it inside each customer's own hours.")


def login_name() -> str:
    """Who sits at this terminal and decides.

    Raises:
        BadParameter: the machine has no name for her.
    """
    name = login()
    if name is None:
        raise typer.BadParameter("your login has no name; say who decides with --as")
    return name


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


@review.command()
def exclude(
    campaign: CampaignName,
    night: NightToDecide,
    customers: Annotated[
        list[str],
        typer.Option("--customer", metavar="ID", help="Customer id or pseudonym; may be repeated."),
    ],
    reason: Why,
    home: Home = None,
    who: Who = None,
    seen: Seen = None,
    now: Now = None,
    as_json: AsJson = False,
) -> None:
    """Take customers out of a campaign.

    It must be approved anew. Their messages are withdrawn and their gifts given back.
    """
    from dataclasses import asdict

    from care.desk.exclusion import exclude

    done = exclude(
        open_home(home),
        night,
        campaign,
        customers=customers,
        actor=who or login_name(),
        reason=reason,
        now=now or datetime.now(UTC),
        seen=seen,
    )
    if as_json:
        print_json(asdict(done))
    else:
        print(f"{done.messages} taken out. {campaign} of {night} is {done.campaign.state}.")


@review.command()
def undo(
    campaign: CampaignName,
    night: NightToDecide,
    reason: Why,
    home: Home = None,
    who: Who = None,
    seen: Seen = None,
    now: Now = None,
    as_json: AsJson = False,
) -> None:
    """Take back the last verdict or change; the trail keeps both."""
    from dataclasses import asdict

    from care.desk.undoing import undo

    undone = undo(
        open_home(home),
        night,
        campaign,
        actor=who or login_name(),
        reason=reason,
        now=now or datetime.now(UTC),
        seen=seen,
    )
    if as_json:
        print_json(asdict(undone))
    else:
        print(f"{undone.campaign} of {undone.night} is {undone.state} again.")


@review.command()
def audit(
    home: Home = None,
    night: Night = None,
    campaign: Annotated[str | None, typer.Option(metavar="CAMPAIGN", help="Of one alone.")] = None,
    who: Annotated[str | None, typer.Option("--as", metavar="NAME", help="By one person.")] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Recompute the chain; name the first line that breaks.")
    ] = False,
    count: Annotated[
        int, typer.Option("--last", metavar="1-1000", min=1, max=1000, help="How many lines.")
    ] = 20,
    as_json: AsJson = False,
) -> None:
    """Read the trail of decisions, or check it.

    The newest line first. --check recomputes the chain and ends with 1 if a line does not fit.
    """
    from dataclasses import asdict

    from care.desk.audit import Asked, check_audit
    from care.desk.audit import audit as read

    runtime = open_home(home)
    if check:
        found = check_audit(runtime)
        if as_json:
            print_json(asdict(found))
        elif found.whole:
            print(f"{found.lines} line(s), and each follows the one before it.")
        else:
            print(f"Decision {found.broken_at} does not fit: {found.why}.")
        if not found.whole:
            raise typer.Exit(1)
        return
    asked = Asked(night=night, campaign=campaign, actor=who)
    lines = read(runtime, asked=asked, limit=count).rows
    if as_json:
        print_json([asdict(line) | {"entry_hash": line.entry_hash} for line in lines])
    else:
        from care.terminal.review import print_trail

        print_trail(lines)
