"""What the models are worth, on the screen."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from rich.table import Table
from rich.text import Text

from care.evaluation import ItemsEvaluated, TimingEvaluated
from care.terminal.screen import Line, console, label, listed, table
from recommender.interval import Interval

SHOWN = ("recall", "ndcg", "ndcg_all", "phr", "repeat_recall", "explore_recall", "coverage")
SHORT = {"ndcg_all": "ndcg all", "repeat_recall": "again", "explore_recall": "new"}


def print_items(found: ItemsEvaluated) -> None:
    """Every figure, the differences, who would be promoted, and what was read."""
    ks = found.protocol["ks"]
    console.print()
    console.rule(f"[bold]{found.users:,} last baskets foretold", style="cyan")
    for k in ks:
        console.print(_figures(found, k))
        console.print()
    console.print(_differences(found))
    console.print()
    console.print(listed(_conclusion(found)))


def _figures(found: ItemsEvaluated, k: int) -> Table:
    rows = table()
    rows.add_column(f"at {k}", no_wrap=True)
    for name in (*SHOWN, "novelty"):
        rows.add_column(SHORT.get(name, name), justify="right")
    for model, figures in found.evaluation.figures.items():
        style = "bold green" if model == found.promotion.promoted else ""
        cells = [f"{figures[f'{name}@{k}']:.3f}" for name in SHOWN]
        rows.add_row(Text(model, style), *cells, f"{figures[f'novelty@{k}']:.2f}")
    return rows


def _differences(found: ItemsEvaluated) -> Table:
    """Each model with its interval, and how far it is from the strongest of the others."""
    rows = table()
    rows.add_column(found.metric, no_wrap=True)
    rows.add_column("95 %", justify="right", no_wrap=True)
    rows.add_column("beside the strongest other")
    for model, sure in found.spread.items():
        others = sorted(found.apart[model].items(), key=lambda one: one[1].mean)
        closest = f"{others[0][0]} {_signed(others[0][1])}" if others else ""
        rows.add_row(f"{model} {sure.mean:.3f}", f"{sure.low:.3f} to {sure.high:.3f}", closest)
    return rows


def _signed(gap: Interval) -> str:
    return f"{gap.mean:+.4f} ({gap.low:+.4f} to {gap.high:+.4f})"


def _conclusion(found: ItemsEvaluated) -> Iterator[Line]:
    numbers = found.numbers()["read"]
    yield label("Promoted"), found.promotion.reason
    for model, why in found.evaluation.left_out.items():
        yield label("Left out"), f"{model}: {why}"
    yield from _read(numbers)
    if unknown := found.protocol["unknown_test_users"]:
        yield label("Look"), f"{unknown:,} of the test users have no order"


TIMING_SHOWN = ("auc", "ap", "p@1000", "brier", "ece", "care_list")


def print_timing(found: TimingEvaluated) -> None:
    """Every figure at each horizon, the differences, who would be promoted, and what was read."""
    first = next(iter(found.trials.values()))
    pairs = int(next(iter(first.figures.values()))["pairs"])
    console.print()
    origins = len(found.protocol["origins"])
    console.rule(f"[bold]{pairs:,} pairs foretold from {origins} days", style="cyan")
    for horizon, trial in found.trials.items():
        rows = table()
        rows.add_column(f"{horizon} days", no_wrap=True)
        for name in TIMING_SHOWN:
            rows.add_column(name.replace("_", " "), justify="right")
        for model, figures in trial.figures.items():
            style = "bold green" if model == found.promotion.promoted else ""
            cells = [_figure(figures[name]) for name in TIMING_SHOWN]
            rows.add_row(Text(model, style), *cells)
        console.print(rows)
        console.print()
    console.print(listed(_timing_conclusion(found)))


def _figure(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.4f}"


def _timing_conclusion(found: TimingEvaluated) -> Iterator[Line]:
    yield label("Promoted"), found.promotion.reason
    numbers = found.numbers()
    for model, why in numbers["left_out"].items():
        yield label("Left out"), f"{model}: {why}"
    yield label("From"), ", ".join(found.protocol["origins"])
    yield from _read(numbers["read"])


def _read(numbers: Mapping[str, Any]) -> Iterator[Line]:
    types = f" of {numbers['types']:,} types" if "types" in numbers else ""
    yield (
        label("Read"),
        f"{numbers['rows']:,} rows: {numbers['customers']:,} customers, {numbers['orders']:,} "
        f"orders, {numbers['products']:,} products{types}",
    )
    if numbers["set_aside"]:
        reasons = ", ".join(
            f"{count:,} {reason.replace('_', ' ')}"
            for reason, count in sorted(numbers["set_aside"].items(), key=lambda one: -one[1])
        )
        yield label("Set aside"), f"{numbers['rows'] - numbers['kept']:,} rows: {reasons}"
