"""Stages in processes of their own: several at once, or one that is killed at a named point."""

import importlib
import multiprocessing
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

# Loaded once by the server that all victims are forked from.
import care.intake.orders
import care.rendering.renderer
import care.training  # noqa: F401
from care import nightly, release
from care.runtime import Runtime
from tests.workflows.builders import NIGHT, after, at, release_at, reopened, run_night

Moment = Literal["before", "after"]


def plan_the_next_night(runtime: Runtime) -> None:
    """Everything from the plan on; what comes before it is done."""
    night, now = after(1), at("01:00", after(1))
    for shard in nightly.plan(runtime, night=night, now=now):
        nightly.compose(runtime, night=night, shard=shard)
    nightly.queue(runtime, night=night, now=now)


STAGES: dict[str, Callable[[Runtime], object]] = {
    "take_snapshot": lambda runtime: nightly.take_snapshot(runtime, night=NIGHT),
    "plan": lambda runtime: nightly.plan(runtime, night=NIGHT, now=at("01:00")),
    "compose": lambda runtime: [nightly.compose(runtime, night=NIGHT, shard=n) for n in (0, 1)],
    "queue": lambda runtime: nightly.queue(runtime, night=NIGHT, now=at("01:00")),
    "night": run_night,
    "the next night": plan_the_next_night,
    "release": lambda runtime: release_at(runtime, "06:30"),
    "release, and again": lambda runtime: [
        release_at(runtime, f"06:{minute}") for minute in range(30, 36)
    ],
    "collect": release.collect,
}


context = multiprocessing.get_context("forkserver")
context.set_forkserver_preload(["tests.workflows.victim"])


def kill_during(
    runtime: Runtime, stage: str, moment: Moment, function: str, *, call: int = 1
) -> None:
    """Run a stage in a process of its own and kill -9 it ``before`` or ``after`` a call."""
    victim = started(runtime, stage, dies=(moment, function, call))
    victim.join(60)
    assert victim.exitcode == -signal.SIGKILL, f"{stage} never came to {function}"


def at_once(runtime: Runtime, *stages: str) -> list[int | None]:
    """Run stages at the same moment, each in a process of its own; their exit codes."""
    gate = context.Barrier(len(stages))
    processes = [started(runtime, stage, gate=gate) for stage in stages]
    for process in processes:
        process.join(120)
    return [process.exitcode for process in processes]


def started(
    runtime: Runtime,
    stage: str,
    *,
    dies: tuple[Moment, str, int] | None = None,
    gate: Any = None,
) -> multiprocessing.process.BaseProcess:
    """Start a stage in a process of its own; with a ``gate``, once everybody waits at it."""
    settings = runtime.settings
    process = context.Process(
        target=_run, args=(settings.home, settings.database_url, stage, dies, gate)
    )
    process.start()
    return process


def _run(
    home: Path, url: str | None, stage: str, dies: tuple[Moment, str, int] | None, gate: Any
) -> None:
    runtime = reopened(home, url)
    if dies is not None:
        _arm(*dies)
    if gate is not None:
        gate.wait(60)
    STAGES[stage](runtime)


def _arm(moment: Moment, function: str, call: int) -> None:
    place, name = function.rsplit(".", 1)
    try:
        owner: Any = importlib.import_module(place)
    except ModuleNotFoundError:  # a class in a module
        module, kind = place.rsplit(".", 1)
        owner = getattr(importlib.import_module(module), kind)
    unharmed, calls = getattr(owner, name), 0

    def deadly(*args: Any, **told: Any) -> Any:
        nonlocal calls
        calls += 1
        if moment == "before" and calls == call:
            os.kill(os.getpid(), signal.SIGKILL)
        result = unharmed(*args, **told)
        if moment == "after" and calls == call:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, deadly)
