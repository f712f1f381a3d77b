"""Campaigns of a night on the screen, as a reviewer sees them."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.panel import Panel
from rich.text import Text

from care.desk import Sample
from care.domain.decision import Decision, State
from care.storage.reviews import CampaignNight
from care.terminal.screen import STATE_STYLE, WIDTH, console, messages, table


def print_campaigns(campaigns: Sequence[CampaignNight]) -> None:
    """Campaigns of the night as a table."""
    if not campaigns:
        console.print("No campaign. `care night --night DATE` plans one.")
        return
    rows = table()
    for name in ("night", "campaign", "state", "messages", "by (UTC)", "content"):
        rows.add_column(name, justify="right" if name == "messages" else "left", no_wrap=True)
    for one in campaigns:
        rows.add_row(
            f"{one.night}",
            one.campaign,
            f"[{STATE_STYLE[one.state]}]{one.state}",
            f"{one.messages}",
            f"{one.decide_by:%d %b %H:%M}",
            one.content_hash[:12],
        )
    console.print(rows)


def print_campaign(
    campaign: CampaignNight, samples: Sequence[Sample], trail: Sequence[Decision]
) -> None:
    """One campaign for a reviewer: figures, sample messages, decisions so far."""
    console.rule(f"[bold]{campaign.campaign} of {campaign.night}: {campaign.state}", style="cyan")
    console.print(
        f"{messages(campaign.messages)}, {campaign.fallback_share:.0%} with fallback "
        f"recommendations, content {campaign.content_hash[:12]}"
    )
    for why in campaign.needs_person:
        console.print(Text.assemble(("needs a person: ", "yellow"), why))
    for sample in samples:
        console.print(sample_panel(sample))
    for decision in trail:
        console.print(Text(_said(decision)))
    if campaign.state in (State.WAITING, State.HELD):
        console.print(
            Text(
                f"\nDecide by {campaign.decide_by:%Y-%m-%d %H:%M} UTC:\n"
                f"  care review approve {campaign.campaign} --night {campaign.night} "
                f"--content {campaign.content_hash[:12]}\n"
                "  or hold, or reject, with -m and your reason"
            ),
            soft_wrap=True,
        )


def print_trail(trail: Sequence[Decision]) -> None:
    """Lines of the trail with the campaign each is about."""
    if not trail:
        console.print("Nothing was decided yet.")
    for one in trail:
        about = f"{one.decision_id:>5}  {one.campaign} of {one.night}  "
        console.print(Text(about + _said(one)), soft_wrap=True)


def _said(decision: Decision) -> str:
    why = f": {decision.reason}" if decision.reason else ""
    verdict = decision.verdict.replace("_", " ")
    return f"{decision.decided_at:%Y-%m-%d %H:%M} UTC  {verdict} by {decision.actor}{why}"


def sample_panel(sample: Sample) -> Panel:
    """One message as its reader gets it, the plain text of an e-mail."""
    content: Mapping[str, Any] = sample.content
    if sample.channel == "email":
        body = Text.assemble((f"{content['subject']}\n\n", "bold"), str(content["text"]).strip())
    else:
        body = Text(f"{content['body']}")
    head = f"{sample.channel} · {sample.locale} · {sample.tier}"
    if sample.channel == "sms":
        head += f" · {content['segments']} part(s), {content['encoding']}"
    if sample.gift_id:
        head += f" · gift: {sample.gift_id}"
    for named in sample.recommended:
        body.append(f"\n· {named.in_words}", style="dim")
    return Panel(body, title=head, title_align="left", border_style="cyan", width=WIDTH)
