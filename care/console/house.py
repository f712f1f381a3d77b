"""The house as the console sees it: opened once, and again when the merchant decides anew."""

import logging
import threading
from collections.abc import Callable

from care.configuration import UnableToReadConfiguration
from care.runtime import Runtime

log = logging.getLogger(__name__)


class House:
    """Opens the runtime when it is first asked for, and again once the policy's file changed.

    A policy that cannot be read leaves the one before in force, so that a slip of the pen closes
    no desk.
    """

    def __init__(self, open_house: Callable[[], Runtime]) -> None:
        self._open, self._lock = open_house, threading.Lock()
        self._runtime: Runtime | None = None
        self._written = 0.0

    def __call__(self) -> Runtime:
        """The house as it is now."""
        with self._lock:
            if self._runtime is None:
                self._runtime = self._prepared()
            elif self._changed(self._runtime):
                try:
                    self._runtime = self._prepared()
                except UnableToReadConfiguration as error:
                    log.warning("the policy before stays in force: %s", error)
            return self._runtime

    def _prepared(self) -> Runtime:
        runtime = self._open()
        self._changed(runtime)
        _ = runtime.engine, runtime.vault, runtime.store  # not by two requests at once
        return runtime

    def _changed(self, runtime: Runtime) -> bool:
        written = runtime.settings.policy_path.stat().st_mtime
        before, self._written = self._written, written
        return written != before
