"""The control arm: chance that anybody can draw again and get the same answer."""

import hashlib

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field

from care.domain.campaign import MessageClass
from care.domain.model import Decided

TREATED, HELD_OUT = "treated", "held_out"


class Holdout(Decided):
    """The share of marketing candidates that get nothing, and the salt of the period.

    A new salt draws new arms, so that nobody is denied her birthday for ever.
    """

    share: float = Field(ge=0, le=0.5)
    salt: str = Field(min_length=1)


def hold_out(candidates: pd.DataFrame, holdout: Holdout) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split candidates into treated and held out by a hash of (salt, campaign, customer).

    Service touches are never held out. Returns (treated, held out).
    """
    out = np.zeros(len(candidates), dtype=bool)
    for campaign in candidates["campaign"].unique():
        rows = (candidates["campaign"] == campaign).to_numpy()
        keys = candidates.loc[rows, "customer_key"].to_numpy("int64")
        out[rows] = draw(keys, f"{holdout.salt}|{campaign}") < holdout.share
    out &= (candidates["message_class"] != MessageClass.SERVICE).to_numpy()
    return candidates[~out].reset_index(drop=True), candidates[out].reset_index(drop=True)


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
