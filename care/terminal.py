"""How the house looks in a terminal."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from babel.numbers import format_currency, get_currency_precision
from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from care.desk import Sample
from care.domain.arbitration import Account, Price
from care.domain.decision import Decision, State
from care.domain.exclusion import IN_WORDS, Reason
from care.domain.warning import in_words as warning_in_words
from care.explanation import Explanation, in_words
from care.gifting import Gifting
from care.report import NightReport
from care.storage.models import ModelRecord
from care.storage.reviews import CampaignNight

console = Console(highlight=False)
WIDTH = 88
"""Of a panel: a message is easier to read than a terminal is wide."""

STYLE = {
    "waiting": "yellow",
    "held": "yellow",
    "approved": "green",
    "rejected": "red",
    "expired": "dim",
}
ALREADY = (Reason.ALREADY_TOUCHED, Reason.ALREADY_HELD_OUT)
METRIC = {
    "items": ("recall", "recall@10 of the next basket"),
    "timing": ("ap", "average precision on what is bought within 7 days"),
}
Line = tuple[Text, str | Text]


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
    console.rule(f"[bold]The night of {night:%A}, {night.day} {night:%B %Y}", style="cyan")
    console.print(_listed([*_intake(report), *_models(report)]))
    console.print()
    console.print(_funnel(report))
    console.print()
    if len(report.exclusions):
        console.print(_reasons(report))
    console.print(_listed(_outcome(report)))


def print_nights(reports: Sequence[NightReport]) -> None:
    """Nights side by side: how caps and earlier touches work from one to the next."""
    console.rule("[bold]Night by night", style="cyan")
    table = _table()
    table.add_column("night", no_wrap=True)
    names = ("due", "already planned", "other reasons", "deferred", "held out", "touched", "gifts")
    for name in (*names, "handed over"):
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


def print_gifts(found: Gifting) -> None:
    """How the gifts stand, a line each, and what is left of the budgets."""
    table = _table()
    table.add_column("gift", no_wrap=True)
    for name in ("costs", "promised", "given", "given back", "free codes", "left"):
        table.add_column(name, justify="right")
    for one in found.gifts:
        left = "always enough" if one.left is None else f"{one.left:,}"
        table.add_row(
            one.gift_id,
            money(one.cost, found.currency),
            f"{one.promised:,}",
            f"{one.given:,}",
            f"{one.given_back:,}",
            "" if one.free is None else f"{one.free:,}",
            Text(f"{left}, low" if one.low else left, "bold red" if one.low else ""),
        )
    console.print(table)
    for period in found.budgets:
        spent = money(period.spent, found.currency)
        of = "" if period.budget is None else f" of {money(period.budget, found.currency)}"
        console.print(f"Gifts of {period.period}: {spent}{of}")


OUTCOME = {
    "touched": ("touched", "green"),
    "held_out": ("held out", "cyan"),
    "deferred": ("deferred", "yellow"),
    "excluded": ("excluded", "red"),
    "paused": ("paused", "yellow"),
    "off": ("off", "dim"),
    "not_due": ("not due", "dim"),
}


def print_explanation(found: Explanation) -> None:
    """One customer on one night: every campaign, and what became of it."""
    console.rule(
        f"[bold]Customer {found.customer_ref}, night of {found.night}", style="cyan", align="left"
    )
    table = _table()
    for name in ("campaign", "outcome", "why"):
        table.add_column(name, no_wrap=name == "campaign")
    for one in found.considered:
        label, style = OUTCOME[one.outcome]
        why = one.why + (f"; next on {one.next_on}" if one.next_on else "")
        table.add_row(one.campaign, Text(label, style), why)
    console.print(table)
    if found.earlier:
        console.print("\nOther nights")
        table = _table()
        for name in ("night", "campaign", "what became of it"):
            table.add_column(name, no_wrap=name != "what became of it")
        for life in found.earlier:
            table.add_row(f"{life.night}", life.campaign, in_words(life))
        console.print(table)


def _table() -> Table:
    """Narrow enough that a terminal of 80 columns cuts no name short."""
    return Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")


def _listed(lines: Iterable[Line]) -> Table:
    """Labels and what they say; what is long goes on below itself."""
    table = Table.grid(padding=(0, 2))
    table.add_column(min_width=9, no_wrap=True)
    for line in lines:
        table.add_row(*line)
    return table


def _label(text: str, style: str = "bold") -> Text:
    return Text(text, style)


def _intake(report: NightReport) -> Iterator[Line]:
    """What was taken in, and what was set aside and why."""
    came = f"{report.customers:,} customers, {report.order_lines:,} order lines"
    yield _label("Taken in"), came
    if report.set_aside:
        total = sum(report.set_aside.values())
        why = ", ".join(
            f"{count:,} {reason.replace('_', ' ')}"
            for reason, count in sorted(report.set_aside.items(), key=lambda one: -one[1])
        )
        yield _label("Set aside"), f"{total:,} rows: {why}"
    for campaign, doubts in report.record.paused.items():
        yield _label("Paused", "bold yellow"), f"{campaign}: {'; '.join(doubts)}"
    for warning in report.record.warnings:
        yield _label("Look", "bold red"), warning_in_words(warning)


def _models(report: NightReport) -> Iterator[Line]:
    """Which models speak, and what they beat on the shop's own held-out history."""
    for kind, model in sorted(report.models.items()):
        yield _label(kind.capitalize()), _model(kind, model)


def _model(kind: str, model: ModelRecord) -> Text:
    metric, meaning = METRIC[kind]
    figures = {name: f"{found[metric]:.3f}" for name, found in model.figures.items()}
    own = figures.pop(model.name, None)
    if own is None:
        return Text(model.verdict)
    others = ", ".join(f"{name} {figure}" for name, figure in sorted(figures.items()))
    return Text.assemble((model.name, "green"), f": {meaning} {own} ({others})")


def _funnel(report: NightReport) -> Table:
    """From due to touched, a line a campaign."""
    table = _table()
    table.add_column("campaign", no_wrap=True)
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
    yield _label("Messages"), written or "none"
    yield _label("Gifts"), money(report.gift_cost, report.currency)
    if report.record.account:
        yield from _account(report.record.account, report.currency)
    for batch in report.batches:
        what = f"{batch.channel}: {_messages(batch.records)}, {batch.state}, "
        where = (f"outbound/{batch.channel}/{batch.batch_id}", "cyan")
        yield _label("Batch"), Text.assemble(what, where)
    for one in report.campaigns:
        if one.campaign in report.waiting:
            yield _label("Waits", "bold yellow"), f"{one.campaign}: {_waits(one)}"


def _account(account: Account, currency: str) -> Iterator[Line]:
    """What the plan is worth, what it might be, and what one more of what was short would add."""
    value, bound = account["value"], account["bound"]
    missing = max(0.0, (bound - value) / bound) if bound else 0.0
    other = "priority" if account["chosen_by"] == "value" else "value"
    said = f"{money(round(value), currency)} by the policy's values, chosen by "
    said += f"{account['chosen_by']}; at most {missing:.2%} more is possible"
    if round(account["instead"]) != round(value):
        said += f"; chosen by {other} it would be {money(round(account['instead']), currency)}"
    yield _label("Worth"), said
    if account["prices"]:
        yield _label("Short"), "; ".join(_price(one, currency) for one in account["prices"])


def _price(one: Price, currency: str) -> str:
    a_unit = 10 ** get_currency_precision(currency)
    if one["what"].endswith("budget"):
        of = one["what"].replace("_", " ")
        gained = money(round(one["price"] * a_unit), currency)
        return f"{money(a_unit, currency)} more of {of} would have brought {gained}"
    thing = f"{one['name']} message" if one["what"] == "channel" else one["name"]
    return f"one more {thing} would have brought {money(round(one['price']), currency)}"


def _waits(one: CampaignNight) -> str:
    why = "; ".join([_messages(one.messages), *one.needs_person])
    else_ = {"release": "they go out", "expire": "they expire"}[one.unanswered]
    return f"{why}; decide by {one.decide_by:%d %b %H:%M} UTC, or {else_}"


def print_campaigns(campaigns: Sequence[CampaignNight]) -> None:
    """Campaigns of the night as a table."""
    if not campaigns:
        console.print("No campaign. `care night --night DATE` plans one.")
        return
    table = _table()
    for name in ("night", "campaign", "state", "messages", "by (UTC)", "content"):
        table.add_column(name, justify="right" if name == "messages" else "left", no_wrap=True)
    for one in campaigns:
        table.add_row(
            f"{one.night}",
            one.campaign,
            f"[{STYLE[one.state]}]{one.state}",
            f"{one.messages}",
            f"{one.decide_by:%d %b %H:%M}",
            one.content_hash[:12],
        )
    console.print(table)


def print_campaign(
    campaign: CampaignNight, samples: Sequence[Sample], trail: Sequence[Decision]
) -> None:
    """One campaign for a reviewer: figures, sample messages, decisions so far."""
    console.rule(f"[bold]{campaign.campaign} of {campaign.night}: {campaign.state}", style="cyan")
    console.print(
        f"{_messages(campaign.messages)}, {campaign.fallback_share:.0%} with fallback "
        f"recommendations, content {campaign.content_hash[:12]}"
    )
    for why in campaign.needs_person:
        console.print(Text.assemble(("needs a person: ", "yellow"), why))
    for sample in samples:
        console.print(sample_panel(sample))
    for decision in trail:
        why = f": {decision.reason}" if decision.reason else ""
        said = f"{decision.verdict} by {decision.actor}{why}"
        console.print(Text(f"{decision.decided_at:%Y-%m-%d %H:%M} UTC  {said}"))
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
    return Panel(body, title=head, title_align="left", border_style="cyan", width=WIDTH)


def _messages(count: int) -> str:
    return f"{count:,} message{'' if count == 1 else 's'}"
