"""What the ledger says as a night begins, opened for its plan."""

from datetime import date

import pandas as pd
from sqlalchemy import Connection

from care.domain.campaign import Tables
from care.domain.case import complaining
from care.domain.consent import Purpose, sensitive_products
from care.domain.review import displeased
from care.domain.screen import Permissions
from care.domain.touch import Ledger
from care.intake.localday import night_begins
from care.policy import Policy
from care.runtime import Runtime
from care.storage import consents, gifts, nights
from care.suppression import suppressions_of


def read_ledger(
    connection: Connection,
    runtime: Runtime,
    tables: Tables,
    sold: pd.DataFrame,
    due: pd.DataFrame,
    *,
    night: date,
) -> Ledger:
    """Read all that decides about those who are due.

    ``sold``: the products as the snapshot pins them. ``due``: as ``find_due`` returns it.
    """
    policy = runtime.policy
    reached = tables.customers[tables.customers["customer_key"].isin(due["customer_key"])]
    return Ledger(
        permissions=Permissions(
            customers=tables.customers,
            suppressions=suppressions_of(
                runtime, connection, reached, at=night_begins(night, policy.shop.timezone)
            ),
            impersonal=consents.read_customers_with(
                connection, Purpose.PERSONALISATION, granted=False
            ),
            sensitive=sensitive_products(sold, policy.wording.sensitive),
            planned=nights.read_planned(connection, due),
            complaining=complaining(tables.cases),
            displeased=displeased(
                tables.reviews,
                tables.cases,
                night=night,
                days=policy.contact.quiet_after_bad_review_days,
            ),
        ),
        recent=nights.read_recent(connection, night),
        gifts_left=gifts.pieces_left(connection, policy.gifts),
        last_gifts=gifts.last_gifts(connection, due["customer_key"]),
        money_left=_money_left(connection, policy, night),
    )


def _money_left(connection: Connection, policy: Policy, night: date) -> int | None:
    """What the month still allows for gifts."""
    budget, (_, spent) = policy.night.month_gift_budget, gifts.spent_in(connection, night)
    return None if budget is None else max(0, budget - spent)
