"""Small frames over many nights, for pictures."""

from datetime import date

import pandas as pd

from care.runtime import Runtime


def touches_by_day(runtime: Runtime, *, since: date, until: date) -> pd.DataFrame:
    """``night, campaign, messages, gift_cost, fallbacks`` of the nights from ``since`` on."""
    raise NotImplementedError


def exclusions_by_night(runtime: Runtime, *, since: date, until: date) -> pd.DataFrame:
    """``night, outcome, reason, count``."""
    raise NotImplementedError


def gift_spend(runtime: Runtime, *, since: date, until: date) -> pd.DataFrame:
    """``night, spent, budget``; the budget missing where there is no limit."""
    raise NotImplementedError


def batches_by_day(runtime: Runtime, *, since: date, until: date) -> pd.DataFrame:
    """``night, channel, state, batches, records, accepted, rejected``."""
    raise NotImplementedError


def model_figures(runtime: Runtime, *, since: date, until: date, kind: str) -> pd.DataFrame:
    """``night, model, metric, value, champion`` of what each night trained and its baselines."""
    raise NotImplementedError


def calibration(runtime: Runtime, *, kind: str) -> pd.DataFrame:
    """``foretold, happened, count`` by decile, of the newest model that was measured."""
    raise NotImplementedError
