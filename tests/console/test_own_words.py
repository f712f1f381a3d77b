"""What a person wrote is shown as she wrote it; what the house says, in the reader's language."""

import pytest

from care.desk.exclusion import exclude
from care.domain.decision import Verdict
from tests.console.visit import Visit
from tests.workflows.builders import NIGHT, at, decide

CAMPAIGN = f"/nights/{NIGHT}/birthday"
WORDS = "none is left"
"""A reviewer's reason that is a phrase of the house's too, which says 已经送完."""


@pytest.fixture
def zh(visit) -> Visit:
    return visit(language="zh-CN")


def test_a_reviewers_reason_is_not_translated(zh, house):
    decide(house, Verdict.HOLD, "birthday", reason=WORDS)
    assert f"<div>{WORDS}</div>" in zh.read(CAMPAIGN)
    assert f"<td>{WORDS}</td>" in zh.read("/audit")


def test_what_the_policy_says_is(zh, house):
    decide(house, Verdict.HOLD, "birthday", reason=WORDS, actor="policy")
    assert "<td>已经送完</td>" in zh.read("/audit")


def test_why_somebody_was_taken_out_is_told_to_her_page_in_the_reviewers_words(zh, house):
    exclude(house, NIGHT, "birthday", customers=["c15"], actor="mei", reason=WORDS, now=at("06:00"))
    page = zh.read("/customers/c15")
    assert f"<td>{WORDS}</td>" in page
    assert f"由审核人移出: {WORDS}" in page
    assert "已经送完" not in page
