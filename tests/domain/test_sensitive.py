"""A habit that is somebody's own affair is spoken of only with her consent to just that."""

from dataclasses import replace

import pandas as pd
import pytest

from care.domain.consent import welcome
from care.domain.due import find_due
from care.domain.rhythm import BREAKS
from tests.builders import NIGHT, a_customer, a_policy, customers, tables


def broken(category: str) -> pd.DataFrame:
    row = {
        "customer_key": 1,
        "type_key": 7,
        "product_key": 70,
        "category": category,
        "purchases": 20,
        "mean_interval": 10.0,
        "last_day": pd.Timestamp("2017-10-01"),
        "broken_on": pd.Timestamp(NIGHT),
    }
    return pd.DataFrame([row], columns=list(BREAKS)).astype(dict(BREAKS))


@pytest.mark.parametrize(
    ("category", "agreed", "is_due"),
    [
        ("COFFEE", False, True),
        ("HAIR LOSS", False, False),
        ("HAIR LOSS", True, True),
    ],
)
def test_a_sensitive_habit_needs_her_consent(category: str, agreed: bool, is_due: bool):
    people = customers(a_customer(sensitive_consent=agreed))
    hers = broken(category)
    seen = replace(tables(people), breaks=hers[welcome(hers, people, ("HAIR LOSS",))])
    settings = {"rhythm_break": a_policy().campaigns["rhythm_break"]}
    assert len(find_due(seen, settings, night=NIGHT)) == is_due


def test_nothing_is_sensitive_unless_the_shop_says_so():
    people = customers(a_customer())
    assert welcome(broken("HAIR LOSS"), people, a_policy().wording.sensitive).all()
