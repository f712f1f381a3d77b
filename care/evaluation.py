"""How well the models do on a shop's own orders: read, hold out, measure, compare."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from care.intake.order_file import OrderFile, read_order_file
from care.intake.user_list import read_user_list
from recommender.comparison import Promotion, differences, promote
from recommender.evaluation import Evaluation
from recommender.interval import RESAMPLES, Interval, paired_interval
from recommender.item_trial import evaluate_items
from recommender.items import BASELINES, MODELS, fits

LEVEL = 0.95


@dataclass(frozen=True, slots=True, eq=False)
class ItemsEvaluated:
    """What was read, what was measured, and what follows from it."""

    orders: OrderFile
    evaluation: Evaluation
    metric: str
    """The figure by which models are compared."""
    spread: Mapping[str, Interval]
    """Model -> its ``metric``, and how sure that is."""
    apart: Mapping[str, Mapping[str, Interval]]
    """Model -> baseline -> by how much the model is better."""
    promotion: Promotion
    protocol: Mapping[str, Any]

    @property
    def users(self) -> int:
        """Customers whose last baskets were foretold."""
        return int(next(iter(self.evaluation.figures.values()))["customers"])

    def numbers(self) -> dict[str, Any]:
        """What `--json` prints."""
        history = self.orders.history
        return {
            "users": self.users,
            "metric": self.metric,
            "models": {name: dict(found) for name, found in self.evaluation.figures.items()},
            "intervals": {name: asdict(one) for name, one in self.spread.items()},
            "differences": {
                name: {other: asdict(one) for other, one in found.items()}
                for name, found in self.apart.items()
            },
            "left_out": dict(self.evaluation.left_out),
            "promoted": self.promotion.promoted,
            "reason": self.promotion.reason,
            "read": {
                "rows": self.orders.read,
                "kept": len(history),
                "set_aside": dict(self.orders.set_aside),
                "customers": int(history["customer"].nunique()),
                "orders": int(history["order"].nunique()),
                "products": int(history["item"].nunique()),
            },
            "protocol": dict(self.protocol),
        }


def evaluate_order_file(
    path: Path,
    *,
    zone: ZoneInfo,
    by_place: bool = False,
    test_users: Path | None = None,
    ks: Sequence[int] = (10, 20),
    min_baskets: int = 5,
    min_rows: int = 10,
    max_users: int | None = None,
    seed: int = 0,
    models: Sequence[str] = tuple(MODELS),
) -> ItemsEvaluated:
    """Foretell the last basket of each tested customer with every model, and compare.

    Models are compared by recall at the first of ``ks``. See ``read_order_file``,
    ``read_user_list`` and ``recommender.item_trial.evaluate_items`` for the arguments.

    Raises:
        UnableToReadOrderFile: the file of orders cannot be used.
        UnableToReadUserList: the file of test users cannot be used.
        UnableToChooseModel: there is no model of such a name.
        UnableToEvaluate: the history is too short.
    """
    chosen = fits(models)
    listed = None if test_users is None else read_user_list(test_users)
    orders = read_order_file(path, zone=zone, by_place=by_place)
    keys = None
    unknown = 0
    if listed is not None:
        at = orders.customers.get_indexer(pd.Index(listed))
        keys, unknown = at[at >= 0].astype(np.int64), int((at < 0).sum())
    evaluation = evaluate_items(
        orders.history,
        chosen,
        ks=ks,
        max_customers=max_users,
        min_baskets=min_baskets,
        min_rows=min_rows,
        test_users=keys,
        seed=seed,
    )
    metric = f"recall@{ks[0]}"
    baselines = [name for name in BASELINES if name in evaluation.figures]
    spread = {
        name: paired_interval(found[metric], seed=seed, level=LEVEL)
        for name, found in evaluation.by_customer.items()
    }
    apart = differences(evaluation, against=baselines, metric=metric, seed=seed, level=LEVEL)
    protocol = {
        **evaluation.protocol,
        "held_out": "last basket",
        "days": "basket index" if by_place else f"calendar days in {zone.key}",
        "test_users": None if listed is None else len(listed),
        "unknown_test_users": unknown,
        "max_users": max_users,
        "level": LEVEL,
        "resamples": RESAMPLES,
        "baselines": baselines,
    }
    promotion = promote(evaluation, apart, baselines=baselines, metric=metric)
    return ItemsEvaluated(orders, evaluation, metric, spread, apart, promotion, protocol)
