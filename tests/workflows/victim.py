"""Stages in processes of their own: several at once, or one that is killed at a named point."""

import importlib
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, Literal

# Loaded once by the server that all victims are forked from.
import care.intake.orders
import care.rendering.renderer
import care.training  # noqa: F401
from care import correspondence, desk, nightly, release
from care.runtime import Runtime
from tests.workflows.builders import NIGHT, after, at, release_at, reopened, run_night

Moment = Literal["before", "after"]
Call = tuple[Moment, str, int]
"""A moment of a call of a function, by its number."""


def plan_the_next_night(runtime: Runtime) -> None:
    """Everything from the plan on; what comes before it is done."""
    _plan(runtime, after(1))


def _plan(runtime: Runtime, night: date) -> None:
    now = at("01:00", night)
    for shard in nightly.plan(runtime, night=night, now=now):
        correspondence.compose(runtime, night=night, shard=shard)
    desk.queue(runtime, night=night, now=now)


STAGES: dict[str, Callable[[Runtime], object]] = {
    "take_snapshot": lambda runtime: nightly.take_snapshot(runtime, night=NIGHT),
    "plan": lambda runtime: nightly.plan(runtime, night=NIGHT, now=at("01:00")),
    "compose": lambda runtime: [
        correspondence.compose(runtime, night=NIGHT, shard=n) for n in (0, 1)
    ],
    "queue": lambda runtime: desk.queue(runtime, night=NIGHT, now=at("01:00")),
    "night": run_night,
    "tonight": lambda runtime: _plan(runtime, NIGHT),
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
    victim = _start(runtime, stage, at_call=(moment, function, call))
    victim.join(60)
    assert victim.exitcode == -signal.SIGKILL, f"{stage} never came to {function}"


@contextmanager
def held_up(
    runtime: Runtime, stage: str, moment: Moment, function: str, *, call: int = 1
) -> Iterator[None]:
    """Run a stage in a process of its own that waits at a call until the block is left."""
    reached, go_on = context.Event(), context.Event()
    process = _start(runtime, stage, at_call=(moment, function, call), signals=(reached, go_on))
    try:
        assert reached.wait(60), f"{stage} never came to {function}"
        yield
    finally:
        go_on.set()
        process.join(60)
    assert process.exitcode == 0


def at_once(
    runtime: Runtime, *stages: str, killed: Mapping[int, Call] | None = None
) -> list[int | None]:
    """Run stages at the same moment, each in a process of its own; their exit codes.

    ``killed``: where some of them, by number, get a kill -9, if they come there.
    """
    gate = context.Barrier(len(stages))
    processes = [
        _start(runtime, stage, gate=gate, at_call=(killed or {}).get(number))
        for number, stage in enumerate(stages)
    ]
    for process in processes:
        process.join(120)
    return [process.exitcode for process in processes]


def _start(runtime: Runtime, stage: str, **told: Any) -> multiprocessing.process.BaseProcess:
    settings = runtime.settings
    process = context.Process(
        target=_run, args=(settings.home, settings.database_url, stage), kwargs=told
    )
    process.start()
    return process


def _run(
    home: Path,
    url: str | None,
    stage: str,
    *,
    at_call: Call | None = None,
    signals: tuple[Any, Any] | None = None,
    gate: Any = None,
) -> None:
    runtime = reopened(home, url)
    if at_call is not None:
        _stop_at(*at_call, _die if signals is None else partial(_wait, *signals))
    if gate is not None:
        gate.wait(60)
    STAGES[stage](runtime)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _wait(reached: Any, go_on: Any) -> None:
    reached.set()
    go_on.wait(60)


def _stop_at(moment: Moment, function: str, call: int, stop: Callable[[], None]) -> None:
    place, name = function.rsplit(".", 1)
    try:
        owner: Any = importlib.import_module(place)
    except ModuleNotFoundError:  # a class in a module
        module, kind = place.rsplit(".", 1)
        owner = getattr(importlib.import_module(module), kind)
    untouched, calls = getattr(owner, name), 0

    def stopping(*args: Any, **told: Any) -> Any:
        nonlocal calls
        calls += 1
        if (moment, calls) == ("before", call):
            stop()
        result = untouched(*args, **told)
        if (moment, calls) == ("after", call):
            stop()
        return result

    setattr(owner, name, stopping)
