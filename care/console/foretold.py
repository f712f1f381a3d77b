"""The nights ahead, foretold beside the console: who asks for them waits for no page.

Walking them takes long and much memory, so it is done in a process of its own, one at a time, and
what it finds is kept with the night's files, where every server finds it.
"""

import io
import multiprocessing
import os
import threading
from datetime import date
from multiprocessing.process import BaseProcess

import pandas as pd

from care import forecast
from care.forecast import UnableToForecast
from care.policy import Policy
from care.runtime import Runtime
from care.settings import Settings
from care.storage import nights
from care.storage.database import reading

NIGHTS_AHEAD = 14
GIVE_WAY = 10
"""How much the pages come before it, as ``nice`` has it."""


class NotForetoldYet(Exception):
    """It is being worked out; look again."""


class UnableToForetell(Exception):
    """Working it out failed; the server's log says why. Asked again, it is tried again."""


class _Work:
    """The one process that walks nights, if there is one, and what it is to write."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: BaseProcess | None = None
        self._path = ""

    def see_to(self, runtime: Runtime, path: str) -> None:
        """Let a forecast be worked out, unless one is, or it is there by now.

        Raises:
            UnableToForetell: it was tried since somebody last asked, and failed.
        """
        with self._lock:
            if self._process is not None:
                if self._process.is_alive():
                    return
                code, failed = self._process.exitcode, self._path
                self._process = None
                if code and failed == path:
                    raise UnableToForetell("the nights ahead could not be worked out")
            if runtime.store.exists(path):
                return
            # Not forked: the server has threads, which a fork would leave behind in mid-air.
            self._process = multiprocessing.get_context("spawn").Process(
                target=walk, args=(runtime.settings, runtime.policy, path), daemon=True
            )
            self._path = path
            self._process.start()

    def wait(self, seconds: float) -> None:
        """Wait for the process that is at work, if there is one."""
        if self._process is not None:
            self._process.join(seconds)


WORK = _Work()


def foretold(runtime: Runtime) -> pd.DataFrame:
    """``night, campaign, touches, gift_cost`` of the nights to come, as they were kept.

    Raises:
        NotForetoldYet: it is being worked out.
        UnableToForetell: that failed.
    """
    with reading(runtime.engine) as connection:
        night = nights.latest_night(connection)
    if night is None:
        return _nothing()
    path = _place(night, runtime.policy)
    try:
        content = runtime.store.read(path)
    except FileNotFoundError:
        WORK.see_to(runtime, path)
        raise NotForetoldYet from None
    return pd.read_parquet(io.BytesIO(content))


def walk(settings: Settings, policy: Policy, path: str) -> None:
    """Walk the nights ahead and keep what was found."""
    os.nice(GIVE_WAY)
    runtime = Runtime(settings=settings, policy=policy)
    try:
        found = forecast.forecast(runtime, count=NIGHTS_AHEAD).treated
    except UnableToForecast:
        found = _nothing()
    keys = ["night", "campaign"]
    table = found.groupby(keys, as_index=False)[["touches", "gift_cost"]].sum()
    runtime.store.write(path, table.to_parquet(index=False))


def _place(night: date, policy: Policy) -> str:
    return f"nights/{night}/ahead-{policy.sha256[:16]}.parquet"


def _nothing() -> pd.DataFrame:
    return pd.DataFrame({"night": [], "campaign": [], "touches": [], "gift_cost": []})
