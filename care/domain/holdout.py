"""The control arm: chance that anybody can draw again and get the same answer."""

import hashlib
from datetime import date
from enum import StrEnum

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field
from scipy.stats import binomtest

from care.domain.campaign import MessageClass
from care.domain.model import Decided
from care.domain.warning import Warned

TREATED, HELD_OUT = "treated", "held_out"
HARDLY_CHANCE = 1e-4
"""A ratio of arms that chance brings more rarely means that something draws wrongly."""


class Period(StrEnum):
    """How long an arm stays the same."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


class Scope(StrEnum):
    """What a control arm goes without."""

    CAMPAIGN = "campaign"
    EVERYTHING = "everything"


class Holdout(Decided):
    """The share of marketing candidates that get nothing, and how they are drawn.

    Arms last a period, and a new one draws new arms, so that nobody is denied her birthday for
    ever; so does a new salt.
    """

    share: float = Field(
        ge=0,
        le=0.5,
        description=(
            "part of a campaign's marketing candidates that get nothing of it, so that care can be "
            "measured"
        ),
    )
    share_of_all: float = Field(
        default=0.0, ge=0, le=0.2, description="part of all customers that get no marketing at all"
    )
    salt: str = Field(min_length=1, description="any text; another one draws other arms at once")
    period: Period | None = Field(
        default=None,
        description="after a calendar period other arms are drawn; without it, with another salt",
    )
    exempt: tuple[str, ...] = Field(
        default=(), description="customer ids that are never held out, such as the owner's"
    )


def control_scope(
    candidates: pd.DataFrame, holdout: Holdout, exempt: pd.Index, *, night: date
) -> pd.Series:
    """In which control arm each candidate is: a ``Scope``, or empty where she is treated.

    By a hash of (salt, period, customer), and of the campaign too for its own arm. ``exempt``: keys
    of customers in no control arm; service candidates are in none either.
    """
    scope = np.full(len(candidates), "", dtype=object)
    salt = holdout.salt
    if holdout.period is not None:
        salt += f"|{_name(holdout.period, night)}"
    keys = candidates["customer_key"].to_numpy("int64")
    for campaign in candidates["campaign"].unique():
        rows = np.flatnonzero(candidates["campaign"] == campaign)
        drawn = rows[draw(keys[rows], f"{salt}|{campaign}") < holdout.share]
        scope[drawn] = str(Scope.CAMPAIGN)
    scope[draw(keys, f"{salt}|") < holdout.share_of_all] = str(Scope.EVERYTHING)
    scope[(candidates["message_class"] == MessageClass.SERVICE).to_numpy(bool)] = ""
    scope[candidates["customer_key"].isin(exempt).to_numpy(bool)] = ""
    return pd.Series(scope, index=candidates.index, dtype="str")


def _name(period: Period, night: date) -> str:
    part = {
        Period.MONTH: f"-{night.month:02}",
        Period.QUARTER: f"-q{(night.month + 2) // 3}",
        Period.YEAR: "",
    }
    return f"{night.year}{part[period]}"


def draw(keys: npt.NDArray[np.int64], salt: str) -> npt.NDArray[np.float64]:
    """A reproducible uniform number in [0, 1) per key.

    SplitMix64's finaliser (Steele, Lea & Flood 2014) over the key offset by the salt's SHA-256.
    """
    seed = int.from_bytes(hashlib.sha256(salt.encode()).digest()[:8], "big")
    with np.errstate(over="ignore"):
        z = keys.astype("uint64") * np.uint64(0x9E3779B97F4A7C15) + np.uint64(seed)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    uniform: npt.NDArray[np.float64] = (z >> np.uint64(11)).astype("float64") * 2.0**-53
    return uniform


def drawn_since(period: Period | None, night: date) -> date:
    """The first night of the period that a night is in; of none, the first there can be."""
    if period is None:
        return date.min
    months = {Period.MONTH: 1, Period.QUARTER: 3, Period.YEAR: 12}[period]
    return date(night.year, 1 + (night.month - 1) // months * months, 1)


def lopsided(arms: pd.DataFrame, share: float) -> list[Warned]:
    """Warn of campaigns whose control arm is larger or smaller than chance explains.

    ``arms``: ``campaign, held_out, drawn``, customers that are held out of the campaign, and those
    that might have been. The sample ratio check of controlled experiments (Fabijan et al. 2019,
    *KDD*), as an exact binomial test.
    """
    found: list[Warned] = []
    names = arms["campaign"].astype("str").tolist()
    counts = arms[["held_out", "drawn"]].to_numpy("int64").tolist()
    for campaign, (held_out, drawn) in zip(names, counts, strict=True):
        if binomtest(held_out, drawn, share).pvalue < HARDLY_CHANCE:
            told = {"campaign": campaign, "held_out": held_out, "drawn": drawn}
            found.append({"kind": "lopsided", "expected": round(drawn * share, 1)} | told)
    return found
