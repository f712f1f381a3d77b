"""One protocol for every model, on a shop's own held-out history.

``evaluate_items`` lives in ``recommender.item_trial``, ``evaluate_timing`` in
``recommender.timing_trial``.
"""

from recommender.evaluation import Evaluation, UnableToEvaluate
from recommender.item_trial import FitItems, evaluate_items
from recommender.timing_trial import FitTiming, evaluate_timing, latest_origins

__all__ = [
    "Evaluation",
    "FitItems",
    "FitTiming",
    "UnableToEvaluate",
    "evaluate_items",
    "evaluate_timing",
    "latest_origins",
]
