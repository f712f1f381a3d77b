"""A night on the screen, and nights side by side."""

from collections.abc import Iterator, Sequence

from rich.console import Group
from rich.table import Table
from rich.text import Text

from care.domain.arbitration import Account
from care.domain.exclusion import IN_WORDS, Reason
from care.domain.warning import in_words as warning_in_words
from care.report import NightReport
from care.storage.models import ModelRecord
from care.storage.reviews import CampaignNight
from care.terminal.screen import (
    STATE_STYLE,
    Line,
    console,
    label,
    listed,
    messages,
    money,
    price,
    table,
)

ALREADY = (Reason.ALREADY_TOUCHED, Reason.ALREADY_HELD_OUT)
METRIC = {
    "items": ("recall@10", "recall@10 of the next basket"),
    "timing": ("ap", "average precision on what is bought within 7 days"),
}


def print_night(report: NightReport) -> None:
    """One night: what came in, what became of everybody, what waits and what is on its way."""
    night = report.record.night
    console.print()
    console.rule(f"[bold]The night of {night:%A}, {night.day} {night:%B %Y}", style="cyan")
    console.print(listed([*_intake(report), *_models(report)]))
    console.print()
    console.print(_funnel(report))
    console.print()
    if len(report.exclusions):
        console.print(_reasons(report))
    console.print(listed(_outcome(report)))


def print_nights(reports: Sequence[NightReport]) -> None:
    """Nights side by side: how caps and earlier touches work from one to the next."""
    console.rule("[bold]Night by night", style="cyan")
    rows = table()
    rows.add_column("night", no_wrap=True)
    names = ("due", "already planned", "other reasons", "deferred", "held out", "touched", "gifts")
    for name in (*names, "handed over"):
        rows.add_column(name, justify="right")
    for report in reports:
        counts = report.exclusions.groupby("reason")["count"].sum()
        again = int(sum(counts.get(reason, 0) for reason in ALREADY))
        deferred = report.exclusions.loc[report.exclusions["outcome"] == "deferred", "count"].sum()
        rows.add_row(
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
    console.print(rows)


def _intake(report: NightReport) -> Iterator[Line]:
    """What was taken in, and what was set aside and why."""
    came = f"{report.customers:,} customers, {report.order_lines:,} order lines"
    yield label("Taken in"), came
    if report.set_aside:
        total = sum(report.set_aside.values())
        why = ", ".join(
            f"{count:,} {reason.replace('_', ' ')}"
            for reason, count in sorted(report.set_aside.items(), key=lambda one: -one[1])
        )
        yield label("Set aside"), f"{total:,} rows: {why}"
    for campaign, doubts in report.record.paused.items():
        yield label("Paused", "bold yellow"), f"{campaign}: {'; '.join(doubts)}"
    for warning in report.record.warnings:
        yield label("Look", "bold red"), warning_in_words(warning)


def _models(report: NightReport) -> Iterator[Line]:
    """Which models speak, and what they beat on the shop's own held-out history."""
    for kind, model in sorted(report.models.items()):
        yield label(kind.capitalize()), _model(kind, model)
    for kind, why in sorted(report.untrained.items()):
        yield label(kind.capitalize(), "bold yellow"), f"nothing trained: {why}"


def _model(kind: str, model: ModelRecord) -> Text:
    metric, meaning = METRIC[kind]
    figures = {
        name: f"{found[metric]:.3f}" for name, found in model.figures.items() if metric in found
    }
    if model.refused or model.name not in figures:
        return Text(model.verdict)
    own = figures.pop(model.name)
    others = ", ".join(f"{name} {figure}" for name, figure in sorted(figures.items()))
    return Text.assemble((model.name, "green"), f": {meaning} {own} ({others})")


def _funnel(report: NightReport) -> Table:
    """From due to touched, a line a campaign."""
    rows = table()
    rows.add_column("campaign", no_wrap=True)
    for name in ("due", "excluded", "deferred", "held out", "touched", "gifts"):
        rows.add_column(name, justify="right")
    rows.add_column("review")
    excluded, deferred = report.outcome("excluded"), report.outcome("deferred")
    held, touched = report.count("held_out"), report.count("treated")
    states = {one.campaign: one for one in report.campaigns}
    cost = report.touches.groupby("campaign")["gift_cost"].sum()
    for campaign, due in sorted(report.record.due.items()):
        state = states.get(campaign)
        rows.add_row(
            campaign.replace("_", " "),
            f"{due}",
            f"{sum(excluded.get(campaign, {}).values())}",
            f"{sum(deferred.get(campaign, {}).values())}",
            f"{held.get(campaign, 0)}",
            f"[bold]{touched.get(campaign, 0)}",
            money(int(cost.get(campaign, 0)), report.currency),
            "" if state is None else f"[{STATE_STYLE[state.state]}]{state.state}",
        )
    return rows


def _reasons(report: NightReport) -> Group:
    """Why the others were not touched."""
    rows = report.exclusions.groupby(["outcome", "reason"])["count"].sum().reset_index()
    rows = rows.sort_values(["count", "outcome", "reason"], ascending=[False, True, True])
    return Group(
        "[bold]Why not",
        *(
            Text(f"  {count:>4} {outcome}: {IN_WORDS[Reason(reason)]}", style="dim")
            for outcome, reason, count in rows.itertuples(index=False)
        ),
        "",
    )


def _outcome(report: NightReport) -> Iterator[Line]:
    """Messages by channel and locale, batches, and what waits."""
    by = report.messages.groupby(["channel", "locale"])["count"].sum().reset_index()
    written = ", ".join(
        f"{count} {channel} {locale}" for channel, locale, count in by.itertuples(index=False)
    )
    yield label("Messages"), written or "none"
    yield label("Gifts"), money(report.gift_cost, report.currency)
    if report.record.account:
        yield from _account(report.record.account, report.currency)
    for batch in report.batches:
        what = f"{batch.channel}: {messages(batch.records)}, {batch.state}, "
        where = (f"outbound/{batch.channel}/{batch.batch_id}", "cyan")
        yield label("Batch"), Text.assemble(what, where)
    for one in report.campaigns:
        if one.campaign in report.waiting:
            yield label("Waits", "bold yellow"), f"{one.campaign}: {_waits(one)}"


def _account(account: Account, currency: str) -> Iterator[Line]:
    """What the plan is worth, what it might be, and what one more of what was short would add."""
    value, bound = account["value"], account["bound"]
    missing = max(0.0, (bound - value) / bound) if bound else 0.0
    other = "priority" if account["chosen_by"] == "value" else "value"
    said = f"{money(round(value), currency)} by the policy's values, chosen by "
    said += f"{account['chosen_by']}, at most {missing:.2%} below the best plan there is"
    if round(account["instead"]) != round(value):
        said += f"; chosen by {other} it would be {money(round(account['instead']), currency)}"
    yield label("Worth"), said
    if account["prices"]:
        yield label("Short"), "; ".join(price(one, currency) for one in account["prices"])


def _waits(one: CampaignNight) -> str:
    why = "; ".join([messages(one.messages), *one.needs_person])
    else_ = {"release": "they go out", "expire": "they expire"}[one.unanswered]
    return f"{why}; decide by {one.decide_by:%d %b %H:%M} UTC, or {else_}"
