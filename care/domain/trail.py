"""The trail of decisions read back: who changed what last, what came before, where it breaks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from care.domain.decision import BY_POLICY, CHANGES, GENESIS, LEADS_TO, Decision, State, Verdict


@dataclass(frozen=True, slots=True)
class Stood:
    """How a campaign stood: ``by`` is the line that led there; nothing as it was queued."""

    state: State
    by: Decision | None = None


def last_change(trail: Sequence[Decision]) -> Decision | None:
    """The last line that changed a campaign's messages and was not taken back, if there is one."""
    lines = (step.by for step in reversed(stood(trail)))
    return next((line for line in lines if line is not None and line.verdict in CHANGES), None)


def changed_by(actor: str, verdict: Verdict) -> str:
    """Why a campaign that somebody changed needs a person, in words."""
    return f"changed by {actor}: {verdict.replace('_', ' ')}"


def stood(trail: Sequence[Decision]) -> list[Stood]:
    """How a campaign came to stand as it does; now is last.

    ``trail``: its lines in order. What changes its messages voids the approval before it, so that
    it waits, or stays held; what was taken back is gone.
    """
    steps = [Stood(State.WAITING)]
    for line in trail:
        if line.verdict in CHANGES:
            held = steps[-1].state is State.HELD
            steps.append(Stood(State.HELD if held else State.WAITING, line))
        elif line.verdict is Verdict.UNDO:
            steps = steps[:-1] or [Stood(State.WAITING)]
        else:
            steps.append(Stood(LEADS_TO[line.verdict], line))
    return steps


def why_not_undone(trail: Sequence[Decision], state: State) -> str:
    """Why the last decision cannot be taken back, in words; empty where it can.

    ``state``: how the campaign stands now, which messages that came later may have changed.
    """
    last = stood(trail)[-1]
    if last.by is None:
        return "nothing was decided yet"
    if last.by.actor == BY_POLICY or last.by.verdict is Verdict.EXPIRE:
        return f"the policy decided that ({last.by.reason}); give a verdict of your own"
    if last.state is not state:
        return "its messages changed since; give a verdict on what they are now"
    return ""


def first_misfit(lines: Iterable[tuple[Decision, str]]) -> tuple[int, int, str]:
    """Recompute the chain: lines read, the number of the first that does not fit (0: none), why.

    ``lines``: in order, each with the hash that was stored with it.
    """
    before, read = GENESIS, 0
    for line, stored in lines:
        read += 1
        if line.decision_id != read:
            return read, line.decision_id, f"line {read} is missing"
        if line.previous_hash != before:
            return read, line.decision_id, "it does not follow the line before it"
        if line.entry_hash != stored:
            return read, line.decision_id, "it is not what was written when its hash was made"
        before = stored
    return read, 0, ""
