"""The trail read back: what can be taken back, who changed what, and where it breaks."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from care.domain.decision import BY_POLICY, GENESIS, Decision, State, Verdict
from care.domain.mask import masked, masked_email, masked_phone
from care.domain.trail import first_misfit, last_change, stood, why_not_undone
from care.domain.volume import unusual

AT = datetime(2017, 11, 14, 6, tzinfo=UTC)


def a_trail(*verdicts, actor="mei"):
    lines, before = [], GENESIS
    for number, verdict in enumerate(verdicts, start=1):
        line = Decision(
            number, AT, actor, Verdict(verdict), date(2017, 11, 14), "birthday", "c", "why", before
        )
        lines.append(line)
        before = line.entry_hash
    return lines


@pytest.mark.parametrize(
    ("verdicts", "states"),
    [
        ("", ["waiting"]),
        ("approve hold", ["waiting", "approved", "held"]),
        ("approve hold undo", ["waiting", "approved"]),
        ("approve hold undo undo undo", ["waiting"]),
        ("approve exclude", ["waiting", "approved", "waiting"]),
        ("approve exclude undo", ["waiting", "approved"]),
        ("hold edit_wording", ["waiting", "held", "held"]),
        ("hold edit_wording approve undo", ["waiting", "held", "held"]),
    ],
)
def test_the_steps_that_led_here_are_known(verdicts, states):
    steps = stood(a_trail(*verdicts.split()))
    assert [str(step.state) for step in steps] == states


def test_what_cannot_be_taken_back_says_why():
    assert why_not_undone(a_trail("hold"), State.HELD) == ""
    assert "nothing was decided" in why_not_undone([], State.WAITING)
    assert why_not_undone(a_trail("hold", "exclude"), State.HELD) == ""
    by_policy = a_trail("approve", actor=BY_POLICY)
    assert "the policy decided" in why_not_undone(by_policy, State.APPROVED)
    assert "changed since" in why_not_undone(a_trail("approve"), State.WAITING)


def test_the_last_change_is_found_whatever_came_after_it():
    trail = a_trail("exclude", "swap_gift", "hold", "approve")
    assert last_change(trail) == trail[1]
    assert last_change(a_trail("hold")) is None
    assert last_change(a_trail("exclude", "swap_gift", "undo", "hold")).verdict == "exclude"
    assert last_change(a_trail("exclude", "undo")) is None


def test_lines_without_details_have_the_hash_that_they_always_had():
    (line,) = a_trail("hold")
    assert line.entry_hash == "818e2bbd7447fd73a6fea0b6853daec265e318d9ee7260b2dc388a37e5ac88d4"
    assert replace(line, details="{}").entry_hash != line.entry_hash


def test_a_chain_breaks_at_its_first_line_that_does_not_fit():
    lines = [(line, line.entry_hash) for line in a_trail("hold", "approve", "hold")]
    assert first_misfit(lines) == (3, 0, "")
    assert first_misfit(lines[1:])[1:] == (2, "line 1 is missing")
    lines[1] = (replace(lines[1][0], actor="jo"), lines[1][1])
    assert first_misfit(lines)[1] == 2


def test_masks_leave_too_little_to_know_her_by():
    assert (masked("Emma Carter"), masked("王丽"), masked(None)) == ("E… C…", "王…", "")
    assert (masked("王 涛"), masked("涛"), masked("J Carter")) == ("王…", "…", "… C…")
    assert (masked_email("emma@x.example"), masked_email(None)) == ("e…@x.example", "")
    assert (masked_phone("+12025550101"), masked_phone(None)) == ("…01", "")


USUAL = {
    "yesterday": 100,
    "last_week": 100,
    "fallback_share": 0.1,
    "gift_cost": 10,
    "gift_budget": 100,
    "excluded": 10,
    "due": 200,
}


@pytest.mark.parametrize(
    ("messages", "told", "warnings"),
    [
        (100, {}, []),
        (300, {}, ["3 × yesterday's volume", "3 × last week's volume"]),
        (300, {"last_week": 290}, ["3 × yesterday's volume"]),
        (40, {"last_week": None}, ["40 messages, 100 on yesterday's night"]),
        (50, {"yesterday": 0, "last_week": None}, ["50 messages, none on yesterday's night"]),
        (5, {"yesterday": 1, "last_week": 0}, []),
        (100, {"fallback_share": 0.5}, ["50% fallback recommendations"]),
        (100, {"gift_cost": 60}, ["its gifts take 60% of tonight's budget"]),
        (100, {"excluded": 150}, ["150 of 200 who were due are excluded"]),
    ],
)
def test_what_stands_out_is_told_in_words(messages, told, warnings):
    assert unusual(messages, **USUAL | told) == warnings
