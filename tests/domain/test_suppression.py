"""What is suppressed, opted out of, not personal or sensitive, is screened with its own reason."""

import pandas as pd
import pytest

from care.domain.candidate import IDENTITY
from care.domain.channel import Channel
from care.domain.screen import Permissions, screen
from care.domain.suppression import SUPPRESSIONS, occasions, suppressed
from tests.builders import a_customer, a_policy, customers, planned

POLICY = a_policy()


def due(*rows: dict[str, object]) -> pd.DataFrame:
    usual = {
        "customer_key": 1,
        "campaign": "birthday",
        "occasion_key": "birthday-2017",
        "message_class": "marketing",
        "product_key": None,
        "tier": "member",
    }
    return pd.DataFrame([usual | row for row in rows]).astype(
        {"product_key": "Int64", "campaign": "str", "occasion_key": "str", "message_class": "str"}
    )


def stopped(**row: object) -> pd.DataFrame:
    usual = {"purpose": "everything", "reason": "manual"}
    frame = pd.DataFrame([usual | row], columns=list(SUPPRESSIONS))
    return frame.astype(dict(SUPPRESSIONS))


def screened(*rows: dict[str, object], people=(), held=None, **allowed) -> list[str]:
    """The reasons of what is excluded, after checking that nothing vanished."""
    asked = due(*rows)
    permissions = Permissions(
        customers(*(people or [a_customer(1), a_customer(2)])),
        stopped(customer_key=99) if held is None else held,
        planned(),
        **allowed,
    )
    kept, excluded = screen(asked, permissions, POLICY.campaigns, {})
    assert len(kept[IDENTITY].drop_duplicates()) + len(excluded) == len(asked)
    return excluded.sort_values("customer_key")["reason"].tolist()


MOTHERS_DAY = {"campaign": "festival", "occasion_key": "festival-mothers-day-2017"}
SPRING = {"campaign": "festival", "occasion_key": "festival-spring-festival-2017"}
NOTICE = {"campaign": "quality_notice", "occasion_key": "q", "message_class": "service"}


@pytest.mark.parametrize(
    ("row", "name"),
    [
        (MOTHERS_DAY, "festival:mothers-day"),
        ({}, "birthday:"),
        ({"occasion_key": "birthday-lunar-2017"}, "birthday:lunar"),
        ({"campaign": "membership_anniversary", "occasion_key": "membership-anniversary-2017"},
         "membership_anniversary:"),
    ],
)  # fmt: skip
def test_an_occasion_has_a_name_that_returns_every_year(row, name):
    assert occasions(due(row)).tolist() == [name]


def test_who_opted_out_of_one_day_gets_every_other():
    hers = stopped(customer_key=1, occasion="festival:mothers-day", reason="opt-out")
    assert screened(MOTHERS_DAY, held=hers) == ["opted_out"]
    assert screened(SPRING, held=hers) == []
    assert screened(MOTHERS_DAY | {"customer_key": 2}, held=hers) == []


def test_who_opted_out_of_a_campaign_gets_none_of_its_occasions():
    hers = stopped(customer_key=1, occasion="festival", reason="opt-out")
    assert screened(MOTHERS_DAY, held=hers) == ["opted_out"]
    assert screened(SPRING, held=hers) == ["opted_out"]
    assert screened({}, held=hers) == []


def test_an_occasion_can_be_stopped_for_everybody():
    held = stopped(customer_key=None, occasion="festival:mothers-day")
    assert screened(MOTHERS_DAY, MOTHERS_DAY | {"customer_key": 2}, held=held) == ["suppressed"] * 2
    assert screened(SPRING, held=held) == []


def test_a_channel_can_be_stopped_for_everybody():
    held = stopped(customer_key=None, channel="email")
    people = [a_customer(1, phone=None), a_customer(2, email=None)]
    assert screened({}, {"customer_key": 2}, people=people, held=held) == ["suppressed"]


@pytest.mark.parametrize(("covers", "reasons"), [("marketing", []), ("everything", ["suppressed"])])
def test_what_covers_marketing_alone_lets_service_pass(covers, reasons):
    held = stopped(customer_key=1, purpose=covers)
    assert screened(NOTICE, held=held) == reasons
    assert screened({}, held=held) == ["suppressed"]


def test_an_opt_out_that_covers_marketing_lets_service_pass_too():
    held = stopped(customer_key=1, occasion="quality_notice", purpose="marketing", reason="opt-out")
    assert screened(NOTICE, held=held) == []


def test_who_wants_nothing_personal_hears_of_her_birthday_and_of_nothing_she_bought():
    hers = pd.Index([1])
    win_back = {"campaign": "win_back", "occasion_key": "w"}
    names_what_she_bought = {"campaign": "post_purchase", "occasion_key": "p", "product_key": 7}
    assert screened({}, impersonal=hers) == []
    assert screened(win_back, impersonal=hers) == ["not_personal"]
    assert screened(names_what_she_bought, impersonal=hers) == ["not_personal"]
    assert screened(win_back | {"customer_key": 2}, impersonal=hers) == []


def test_what_is_sensitive_is_named_to_who_agreed_and_in_what_is_owed():
    row = {"campaign": "replenishment", "occasion_key": "r", "product_key": 7}
    people = [a_customer(1), a_customer(2, sensitive_consent=True)]
    others = {"sensitive": pd.Index([7])}
    assert screened(row, row | {"customer_key": 2}, people=people, **others) == ["sensitive"]
    assert screened(row | {"product_key": 8}, people=people, **others) == []
    assert screened(NOTICE | {"product_key": 7}, people=people, **others) == []


def test_nothing_is_suppressed_where_nothing_is_named():
    none = stopped().iloc[:0]
    assert not suppressed(due({}), none, Channel.EMAIL).any()
