"""`care review …`: look at the campaigns of a night, and decide."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from care.cli.option import PLAIN, AsJson, Home, Night, Now, day, open_home, print_json

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
    """Who sits at this terminal, as the machine knows her."""
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
