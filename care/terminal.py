"""How the house looks in a terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from babel.numbers import format_currency, get_currency_precision
from rich import box
from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from care.desk import Sample
from care.domain.decision import Decision
from care.domain.exclusion import IN_WORDS, Reason
from care.report import NightReport
from care.storage.models import ModelRecord
from care.storage.reviews import CampaignNight

console = Console(highlight=False)

STYLE = {
    "waiting": "yellow",
    "held": "yellow",
    "approved": "green",
    "rejected": "red",
    "expired": "dim",
}
ALREADY = (Reason.ALREADY_TOUCHED, Reason.ALREADY_HELD_OUT)
METRIC = {
    "items": ("recall", "of the next basket found (recall@10), against"),
    "timing": ("ap", "average precision over the next 7 days, against"),
}


def money(minor: int, currency: str) -> str:
    """Minor units as people read them."""
    text: str = format_currency(
        minor / 10 ** get_currency_precision(currency), currency, locale="en"
    )
    return text


def print_night(report: NightReport) -> None:
    """One night: what came in, what became of everybody, what waits and what is on its way."""
    night = report.record.night
    console.print()
    console.rule(f"[bold]The night of {night:%A, %d %B %Y}", style="cyan")
    console.print(intake_lines(report))
    console.print(model_lines(report))
    console.print(funnel(report))
    console.print(reasons(report))
    console.print(outcome(report))


def print_nights(reports: Sequence[NightReport]) -> None:
    """Nights side by side: how caps and earlier touches work from one to the next."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title="Night by night", title_justify="left")
    table.add_column("night")
    names = ("due", "already planned", "other reasons", "deferred", "held out", "touched", "gifts")
    for name in (*names, "sealed"):
        table.add_column(name, justify="right")
    for report in reports:
        counts = report.exclusions.groupby("reason")["count"].sum()
        again = int(sum(counts.get(reason, 0) for reason in ALREADY))
        deferred = report.exclusions.loc[report.exclusions["outcome"] == "deferred", "count"].sum()
        table.add_row(
            f"{report.record.night}",
            f"{sum(report.record.due.values())}",
            f"{again}",
            f"{int(counts.sum()) - again - int(deferred)}",
            f"{int(deferred)}",
            f"{sum(report.count('held_out').values())}",
            f"[bold]{sum(report.count('treated').values())}",
            money(report.gift_cost, report.currency),
            f"{sum(batch.records for batch in report.batches)}",
        )
    console.print(table)


def intake_lines(report: NightReport) -> Group:
    """What was taken in, and what was set aside and why."""
    lines = [
        Text.assemble(
            ("Taken in   ", "bold"),
            f"{report.customers:,} customers, {report.order_lines:,} order lines",
        )
    ]
    if report.set_aside:
        total = sum(report.set_aside.values())
        why = ", ".join(
            f"{count:,} {reason.replace('_', ' ')}"
            for reason, count in sorted(report.set_aside.items(), key=lambda one: -one[1])
        )
        lines.append(Text.assemble(("Set aside  ", "bold"), f"{total:,}: {why}"))
    for campaign, doubts in report.record.paused.items():
        why = "; ".join(doubts)
        lines.append(Text.assemble(("Paused     ", "bold yellow"), f"{campaign}: {why}"))
    return Group(*lines)


def model_lines(report: NightReport) -> Group:
    """Which models speak, and what they beat on the shop's own held-out history."""
    return Group(*(_model_line(kind, model) for kind, model in sorted(report.models.items())))


def _model_line(kind: str, model: ModelRecord) -> Text:
    metric, label = METRIC[kind]
    others = ", ".join(
        f"{name} {figures[metric]:.3f}"
        for name, figures in sorted(model.figures.items(), key=lambda one: -one[1][metric])
        if name != model.name
    )
    own = model.figures.get(model.name, {}).get(metric)
    figure = "" if own is None else f" {own:.3f}"
    return Text.assemble(
        (f"{kind.capitalize():<11}", "bold"),
        (f"{model.name}{figure}", "green"),
        f" {label} {others}",
        "" if model.champion else f". {model.verdict}",
    )


def funnel(report: NightReport) -> Table:
    """From due to touched, a line a campaign."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title_justify="left")
    table.add_column("campaign")
    for name in ("due", "excluded", "deferred", "held out", "touched", "gifts"):
        table.add_column(name, justify="right")
    table.add_column("review")
    excluded, deferred = report.outcome("excluded"), report.outcome("deferred")
    held, touched = report.count("held_out"), report.count("treated")
    states = {one.campaign: one for one in report.campaigns}
    cost = report.touches.groupby("campaign")["gift_cost"].sum()
    for campaign, due in sorted(report.record.due.items()):
        state = states.get(campaign)
        table.add_row(
            campaign.replace("_", " "),
            f"{due}",
            f"{sum(excluded.get(campaign, {}).values())}",
            f"{sum(deferred.get(campaign, {}).values())}",
            f"{held.get(campaign, 0)}",
            f"[bold]{touched.get(campaign, 0)}",
            money(int(cost.get(campaign, 0)), report.currency),
            "" if state is None else f"[{STYLE[state.state]}]{state.state}",
        )
    return table


def reasons(report: NightReport) -> Group:
    """Why the others were not touched."""
    rows = report.exclusions.groupby(["outcome", "reason"])["count"].sum().reset_index()
    rows = rows.sort_values(["count", "outcome", "reason"], ascending=[False, True, True])
    return Group(
        *(
            Text(f"  {count:>4} {outcome}: {IN_WORDS[Reason(reason)]}", style="dim")
            for outcome, reason, count in rows.itertuples(index=False)
        )
    )


def outcome(report: NightReport) -> Group:
    """Messages by channel and locale, batches, and what waits."""
    lines = []
    by = report.messages.groupby(["channel", "locale"])["count"].sum().reset_index()
    written = ", ".join(
        f"{count} {channel} {locale}" for channel, locale, count in by.itertuples(index=False)
    )
    lines.append(Text.assemble(("Messages   ", "bold"), written or "none"))
    lines.append(Text.assemble(("Gifts      ", "bold"), money(report.gift_cost, report.currency)))
    lines += [
        Text.assemble(
            ("Batch      ", "bold"),
            f"{batch.channel}: {batch.records} messages, {batch.state}, ",
            (f"outbound/{batch.channel}/{batch.batch_id}", "cyan"),
        )
        for batch in report.batches
    ]
    for one in report.campaigns:
        if one.state in ("waiting", "held"):
            why = "; ".join(one.needs_person)
            lines.append(
                Text.assemble(
                    ("Waits      ", "bold yellow"),
                    f"{one.campaign}: {one.messages} messages, {why}; decide by "
                    f"{one.decide_by:%d %b %H:%M} UTC, else {one.unanswered}",
                )
            )
    return Group(*lines)


def print_campaigns(campaigns: Sequence[CampaignNight]) -> None:
    """Campaigns of the night as a table."""
    if not campaigns:
        console.print("No campaign. `care night --night DATE` plans one.")
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("night", "campaign", "state", "messages", "decide by (UTC)", "content"):
        table.add_column(name, justify="right" if name == "messages" else "left")
    for one in campaigns:
        table.add_row(
            f"{one.night}",
            one.campaign,
            f"[{STYLE[one.state]}]{one.state}",
            f"{one.messages}",
            f"{one.decide_by:%Y-%m-%d %H:%M}",
            one.content_hash[:12],
        )
    console.print(table)


def print_campaign(
    campaign: CampaignNight, samples: Sequence[Sample], trail: Sequence[Decision]
) -> None:
    """One campaign for a reviewer: figures, sample messages, decisions so far."""
    console.rule(f"[bold]{campaign.campaign} of {campaign.night}: {campaign.state}")
    console.print(
        f"{campaign.messages} messages, {campaign.fallback_share:.0%} with fallback "
        f"recommendations, content {campaign.content_hash[:12]}"
    )
    for why in campaign.needs_person:
        console.print(f"[yellow]needs a person:[/] {why}")
    for sample in samples:
        console.print(sample_panel(sample))
    for decision in trail:
        console.print(
            f"{decision.decided_at:%Y-%m-%d %H:%M} UTC  {decision.verdict} by {decision.actor}"
            + (f": {decision.reason}" if decision.reason else "")
        )


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
    return Panel(body, title=head, title_align="left", border_style="cyan", width=88)
