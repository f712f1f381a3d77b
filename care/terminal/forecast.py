"""The coming nights on the screen."""

from collections import Counter
from collections.abc import Iterator
from itertools import chain

import pandas as pd
from rich.table import Table
from rich.text import Text

from care.domain.arbitration import Price
from care.domain.channel import Channel
from care.domain.exclusion import Reason
from care.forecast import Forecast, NightAhead, of_night, parts_or_none
from care.terminal.screen import Line, console, label, listed, money, price, table

CAP = {
    Reason.WEEKLY_CAP: "the weekly cap",
    Reason.MONTHLY_CAP: "the monthly cap",
    Reason.MINIMUM_GAP: "the gap between touches",
    Reason.CHANNEL_CAP: "a channel's cap",
    Reason.BLACKOUT: "a blackout",
    Reason.OUTRANKED: "another campaign of the same night",
    Reason.NO_ROOM: "too little room or money",
}


def print_forecast(found: Forecast) -> None:
    """Night by night, by campaign, and what runs short."""
    first, last = found.nights[0].night, found.nights[-1].night
    console.print()
    console.rule(f"[bold]{len(found.nights)} nights ahead, {first} to {last}", style="cyan")
    console.print(_nights(found))
    console.print()
    console.print(_campaigns(found))
    console.print()
    console.print(listed(_shortages(found)))


def _nights(found: Forecast) -> Table:
    rows = table()
    rows.add_column("night", no_wrap=True)
    for name in ("due", "touched", *Channel, "SMS parts", "deferred", "gifts"):
        rows.add_column(str(name), justify="right")
    rows.add_column("short of" if any(one.short for one in found.nights) else "")
    for one in found.nights:
        treated = of_night(found.treated, one.night)
        by_channel = treated.groupby("channel")["touches"].sum()
        parts = parts_or_none(treated)
        rows.add_row(
            f"{one.night:%a %d %b}",
            f"{sum(one.due.values()):,}",
            f"[bold]{treated['touches'].sum():,}",
            *(f"{by_channel.get(channel, 0):,}" for channel in Channel),
            "?" if parts is None else f"{parts:,}",
            f"{one.deferred:,}",
            money(int(treated["gift_cost"].sum()), found.currency),
            ", ".join(_short(one)),
        )
    return rows


def _short(one: NightAhead) -> Iterator[str]:
    for scarce in one.short:
        yield scarce["name"] or scarce["what"].replace("_", " ")


def _campaigns(found: Forecast) -> Table:
    """What each campaign comes to, and its busiest night."""
    rows = table()
    rows.add_column("campaign", no_wrap=True)
    for name in ("touched", "busiest night", "gifts", "sending"):
        rows.add_column(name, justify="right")
    rows.add_column("known")

    def add(name: str, own: pd.DataFrame, busiest: str, known: str) -> None:
        costs = (money(int(own[of].sum()), found.currency) for of in ("gift_cost", "sending_cost"))
        rows.add_row(name, f"[bold]{own['touches'].sum():,}", busiest, *costs, known)

    for campaign, own in found.treated.groupby("campaign"):
        a_night = own.groupby("night")["touches"].sum()
        busiest = f"{a_night.max():,} on {a_night.idxmax():%d %b}"
        known = "by date or habit" if campaign in found.known_ahead else "as before"
        add(str(campaign).replace("_", " "), own, busiest, known)
    add("all", found.treated, "", "")
    return rows


def _shortages(found: Forecast) -> Iterator[Line]:
    runs_out = found.runs_out
    for gift, left in sorted(found.gifts_left.items()):
        if gift in runs_out:
            yield (
                label("Runs out", "bold red"),
                f"{gift}: {left:,} now, none after {runs_out[gift]}",
            )
    held: Counter[str] = Counter()
    for one in found.nights:
        held.update(one.held_back)
    if held:
        told = ", ".join(f"{CAP[Reason(cap)]} {count:,} times" for cap, count in held.most_common())
        yield label("Held back"), f"by {told}"
    dearest: dict[tuple[str, str], Price] = {}
    for scarce in sorted(chain.from_iterable(one.short for one in found.nights), key=_price_of):
        dearest[scarce["what"], scarce["name"]] = scarce
    for scarce in dearest.values():
        yield label("Short", "bold yellow"), f"at its worst, {price(scarce, found.currency)}"
    yield label("Rests on"), Text(_rests_on(found), "dim")


def _price_of(scarce: Price) -> float:
    return scarce["price"]


def _rests_on(found: Forecast) -> str:
    first, last = found.repeated[0], found.repeated[-1]
    since = f"the night of {last}" if first == last else f"the nights of {first} to {last}"
    return (
        f"customers as they stood on {found.last_planned}, and everything approved; for what they "
        f"have yet to do, {since} once more, with others like them"
    )
