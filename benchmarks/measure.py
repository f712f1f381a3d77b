"""Seconds and peak memory of one piece of work, and what machine it ran on."""

import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")


class UnableToMeasure(Exception):
    """What was to be measured did not happen, so that its figures would mean something else."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One stage: seconds, rows, the peak resident memory, and the bare limit of the same work."""

    stage: str
    seconds: float
    rows: int
    peak_gib: float
    bare: str = ""
    bare_seconds: float | None = None

    @property
    def ratio(self) -> float | None:
        """Speed relative to the bare work: 1 is as fast as it can be."""
        return None if not self.bare_seconds else self.bare_seconds / self.seconds


def measured(work: Callable[[], T]) -> tuple[T, float, float]:
    """Do the work; return what it gave, its seconds, and the peak resident memory in GiB."""
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
    start = time.perf_counter()
    result = work()
    seconds = time.perf_counter() - start
    return result, seconds, peak_gib()


def peak_gib() -> float:
    """Peak resident memory of this process since it was last reset, in GiB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 2**20
    return float("nan")


def machine() -> dict[str, Any]:
    """What a benchmark ran on."""
    names = ("duckdb", "implicit", "numpy", "pandas", "sqlalchemy")
    return {
        "python": platform.python_version(),
        "system": platform.platform(),
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "versions": {name: version(name) for name in names},
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()
