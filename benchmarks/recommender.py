"""Whether the two-stage model is quick enough for a large shop, beside bare ALS of `implicit`.

    python -m benchmarks.recommender --customers 200000 --items 20000 --lines 4000000

The shop is drawn: customers differ in activity (log-normal), items in popularity (Zipf), and half
of what a customer buys comes off a shelf of her own, the rest mostly out of what her kind of
customer likes, so that there is something to learn beyond counting. The model is fitted cold, then
as on a later night: a parent that does not know the last lines yet, and a refit with all of them
that starts from it. What the warm start costs is told on last baskets that neither model saw.
Where a rule beats the ranker nothing but the cold fit does the work of both stages; it says so.
"""

import argparse
import json
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from benchmarks.measure import Measured, machine, measured
from recommender import columns
from recommender.items.als import one_blas_thread
from recommender.items.bought import Bought
from recommender.items.two_stage import TwoStage
from recommender.keys import distinct, starts

DAYS = 365
BASKET = 5
SHELF = 12
HABIT = 0.5
KINDS = 40
"""Kinds of customers, each with an order of liking of its own."""
OF_HER_KIND = 0.8
LATE = 0.01
"""Share of the lines that a warm start's parent did not know."""
ASKED = 2_000
"""Customers whose last baskets are foretold."""
FACTORS, ITERATIONS, REGULARIZATION = 64, 6, 5.0
SHOWN = 20
console = Console(width=120)


def draw_history(customers: int, items: int, lines: int, *, seed: int) -> pd.DataFrame:
    """Rows of ``columns.HISTORY``, about ``lines`` of them, by day."""
    rng = np.random.default_rng(seed)
    activity = rng.lognormal(0, 1.0, customers)
    orders = np.maximum(rng.multinomial(lines // BASKET, activity / activity.sum()), 1)
    owner = np.repeat(np.arange(customers), orders)
    day = np.sort(rng.integers(0, DAYS, owner.size))
    owner = rng.permutation(owner)
    order = np.repeat(np.arange(owner.size), np.maximum(rng.poisson(BASKET, owner.size), 1))
    popularity = 1.0 / np.arange(1, items + 1) ** 0.9
    popular = np.cumsum(popularity) / popularity.sum()
    shelf = np.searchsorted(popular, rng.random((customers, SHELF)))
    favourite = (SHELF * rng.random(order.size) ** 2).astype(np.int64)
    habitual = rng.random(order.size) < HABIT
    item = np.minimum(np.searchsorted(popular, rng.random(order.size)), items - 1)
    # One stride along the catalogue a kind: what is far down for all is a favourite of some.
    kind = rng.integers(0, KINDS, customers)[owner[order]]
    liked = (item + 1 + kind * (items // KINDS)) % items
    item = np.where(rng.random(order.size) < OF_HER_KIND, liked, item)
    item = np.where(habitual, shelf[owner[order], favourite], item)
    return pd.DataFrame(
        {
            columns.CUSTOMER: owner[order],
            columns.ORDER: order,
            columns.ITEM: np.minimum(item, items - 1),
            columns.DAY: day[order].astype(np.int32),
        }
    )


def hidden_last(history: pd.DataFrame, customers: int, *, seed: int) -> tuple[pd.DataFrame, Any]:
    """The history without the last baskets of some customers, and those baskets' rows."""
    trips = history[[columns.CUSTOMER, columns.ORDER]].drop_duplicates()
    trips = trips.sort_values([columns.CUSTOMER, columns.ORDER])
    who = trips[columns.CUSTOMER].to_numpy()
    first = starts(who)
    count = np.diff(np.append(first, who.size))
    several = np.flatnonzero(count > 1)
    few = min(customers, several.size)
    asked = np.random.default_rng(seed).choice(several, few, replace=False)
    last = trips[columns.ORDER].to_numpy()[first[asked] + count[asked] - 1]
    away = np.isin(history[columns.ORDER].to_numpy(), last)
    return history[~away].reset_index(drop=True), history[away]


def recall(model: TwoStage, truth: pd.DataFrame) -> float:
    """Mean recall@10 of the hidden baskets."""
    asked = distinct(truth[columns.CUSTOMER].to_numpy())
    said = model.recommend(asked, 10, purpose="any")
    keys = [columns.CUSTOMER, columns.ITEM]
    truth = truth[keys].drop_duplicates()
    hits = truth.merge(said[keys], on=keys).groupby(columns.CUSTOMER).size()
    size = truth.groupby(columns.CUSTOMER).size()
    return float((hits.reindex(size.index, fill_value=0) / size).mean())


def compare(
    customers: int, items: int, lines: int, asked: int, *, seed: int
) -> tuple[list[Measured], dict[str, float]]:
    """Measure every stage; then what its recommendations are worth."""
    from implicit.cpu.als import AlternatingLeastSquares
    from scipy.sparse import csr_matrix

    history, truth = hidden_last(draw_history(customers, items, lines, seed=seed), ASKED, seed=seed)
    today = int(history[columns.DAY].max())
    bought = Bought.of(history, today=today)
    shape = (bought.customers.size, bought.items.size)
    matrix = csr_matrix((bought.weight.astype(np.float32), bought.item, bought.start), shape=shape)
    with one_blas_thread():
        bare = AlternatingLeastSquares(
            factors=FACTORS,
            iterations=ITERATIONS,
            regularization=REGULARIZATION,
            random_state=seed,
        )
        _, bare_fit, _ = measured(lambda: bare.fit(matrix, show_progress=False))
        who = np.arange(min(asked, shape[0]))
        _, bare_said, _ = measured(lambda: bare.recommend(who, matrix[who], N=SHOWN))
    setting: dict[str, Any] = {
        "factors": FACTORS,
        "iterations": ITERATIONS,
        "regularization": REGULARIZATION,
    }

    def fit(rows: pd.DataFrame, parent: TwoStage | None = None) -> TwoStage:
        return TwoStage.fit(rows, today=today, seed=seed, parent=parent, **setting)

    cold, cold_seconds, cold_peak = measured(lambda: fit(history))
    console.print(f"cold fit: {cold_seconds:.1f} s")
    asking = bought.customers[who]
    before = resident_gib()
    _, said_seconds, said_peak = measured(lambda: cold.recommend(asking, SHOWN, purpose="any"))
    console.print(f"recommend: {said_seconds:.1f} s")
    if cold.ranker is None:
        console.print(
            "[bold]a rule spoke, not the ranker: these are not the two stages' seconds[/]"
        )
    # Whole orders arrive late, not parts of them.
    border = int(history[columns.ORDER].quantile(1 - LATE))
    parent = fit(history[(history[columns.ORDER] <= border).to_numpy()])
    warm, warm_seconds, warm_peak = measured(lambda: fit(history, parent))
    console.print(f"warm refit: {warm_seconds:.1f} s")
    bare_is = "implicit: ALS fit, same factors and sweeps"
    rows = len(history)
    stages = [
        Measured("cold fit", cold_seconds, rows, cold_peak, bare_is, bare_fit),
        Measured("warm refit", warm_seconds, rows, warm_peak, bare_is, bare_fit),
        Measured(
            "recommend", said_seconds, asking.size, said_peak, "implicit: recommend", bare_said
        ),
    ]
    cold_recall, warm_recall = recall(cold, truth), recall(warm, truth)
    figures = {
        "recall@10 cold": cold_recall,
        "recall@10 warm": warm_recall,
        "warm against cold": warm_recall / cold_recall - 1 if cold_recall else float("nan"),
        "recommend, memory beside the model, GiB": said_peak - before,
        "ranker": float(cold.ranker is not None),
    }
    return stages, figures


def resident_gib() -> float:
    """Resident memory of this process at the moment, in GiB."""
    _, _, now = measured(lambda: None)
    return now


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print and, if asked, write down."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--customers", type=int, default=200_000)
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--lines", type=int, default=4_000_000)
    parser.add_argument("--recommend", type=int, default=100_000, help="customers asked about")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="where to write the figures")
    asked = parser.parse_args(arguments)
    ran_on = machine()
    ran_on["versions"] |= {name: version(name) for name in ("lightgbm", "scipy")}
    console.print(ran_on)
    stages, figures = compare(
        asked.customers, asked.items, asked.lines, asked.recommend, seed=asked.seed
    )
    table = Table(box=None)
    for name in ("stage", "seconds", "rows", "peak GiB", "the bare work", "its seconds", "times"):
        table.add_column(name, justify="left" if name in ("stage", "the bare work") else "right")
    for one in stages:
        bare = one.bare_seconds or float("nan")
        table.add_row(
            *(one.stage, f"{one.seconds:.1f}", f"{one.rows:,}", f"{one.peak_gib:.2f}"),
            *(one.bare, f"{bare:.2f}", f"{one.seconds / bare:.1f}"),
        )
    console.print(table)
    for name, value in figures.items():
        console.print(f"{name}: {value:.4f}")
    if asked.json is not None:
        written = {
            "ran_on": ran_on,
            "size": {
                "customers": asked.customers,
                "items": asked.items,
                "order_lines": asked.lines,
                "customers_asked": asked.recommend,
            },
            "seed": asked.seed,
            "stages": [
                {name: getattr(one, name) for name in (*one.__slots__, "ratio")} for one in stages
            ],
            "figures": figures,
        }
        asked.json.write_text(json.dumps(written, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
