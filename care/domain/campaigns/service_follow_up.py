"""Service follow-up: due some days after a complaint, repair or return was closed.

Whose matter was settled: we ask if all is well. Never while any case of hers is open: then she is
still waiting for us, and not we for her; nor when she has given her score already. A case that was
opened again and closed once more is asked about once more.

It ends with the one question, when another case of hers is opened, or some days after it was due.
"""

from datetime import date

import numpy as np
import pandas as pd
from pydantic import Field

from care.domain.campaign import Campaign, CampaignSettings, MessageClass, Tables
from care.domain.candidate import candidates, facts
from care.domain.case import waiting
from care.domain.occasion import Occasion
from care.domain.product import only_sayable

FOLLOWED = ("complaint", "repair", "return")


class ServiceFollowUpSettings(CampaignSettings):
    """Service follow-up settings."""

    message_class: MessageClass = MessageClass.SERVICE
    after_days: int = Field(
        default=3, ge=1, le=60, description="so many days after the case was closed"
    )
    late_days: int = Field(
        default=4, ge=0, le=30, description="and so many days more, if it was not possible before"
    )


def find_service_follow_ups(
    tables: Tables, settings: ServiceFollowUpSettings, *, night: date
) -> pd.DataFrame:
    """The case of each customer that was closed last, if it is time to ask.

    A case that was closed, opened again and closed once more is asked about once more.
    """
    cases = tables.cases
    if cases is None:
        return candidates({"customer_key": []})
    settled = cases[cases["kind"].isin(FOLLOWED) & ~cases["customer_key"].isin(waiting(cases))]
    last = settled.sort_values(["customer_key", "closed_on", "case_id"]).drop_duplicates(
        "customer_key", keep="last"
    )
    closed = last["closed_on"].to_numpy("datetime64[D]")
    on = closed + settings.after_days
    today = np.datetime64(night, "D")
    untold = last["satisfaction"].isna().to_numpy()
    due = untold & (on <= today) & (on >= today - settings.late_days)
    last, on, closed = last[due], on[due], closed[due]
    return candidates(
        {
            "customer_key": last["customer_key"],
            "occasion_key": "service-"
            + last["case_id"]
            + "-"
            + pd.Series(np.datetime_as_string(closed, unit="D"), index=last.index, dtype="str"),
            "occasion_on": on,
            "send_from": today,
            "send_until": on + settings.late_days,
            "product_key": only_sayable(last["product_key"], tables.products),
            "facts": facts({"kind": last["kind"].tolist()}),
        },
        index=last.index,
    )


def _why_now(told: Occasion) -> str:
    return f"A {told.facts.get('kind')} was settled on {told.key_day}; is all well since?"


CAMPAIGN = Campaign(
    "service_follow_up",
    ServiceFollowUpSettings,
    find_service_follow_ups,
    _why_now,
    facts={"kind": "repair"},
    needs=frozenset({"cases"}),
)
