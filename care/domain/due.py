"""Who is due tonight: every enabled campaign's rule, side by side."""

from collections.abc import Mapping
from datetime import date

import pandas as pd

from care.domain.campaign import CampaignSettings, Tables, addressed
from care.domain.campaigns import CAMPAIGNS
from care.domain.candidate import IDENTITY, candidates


def find_due(
    tables: Tables, settings: Mapping[str, CampaignSettings], *, night: date
) -> pd.DataFrame:
    """All candidates of the night, with the campaign's priority and class beside each.

    Returns columns ``candidate.DTYPES`` + ``campaign, tier, priority, message_class,
    when_crowded``, one row per identity, sorted by it.
    """
    found = find_candidates(tables, settings, night=night)
    return with_decisions(pd.concat(found, ignore_index=True), settings, tables.customers)


def find_candidates(
    tables: Tables, settings: Mapping[str, CampaignSettings], *, night: date
) -> list[pd.DataFrame]:
    """Each enabled campaign's candidates: ``candidate.DTYPES`` and ``campaign``."""
    nobody = candidates({"customer_key": []}).assign(campaign="")
    return [nobody] + [
        addressed(
            CAMPAIGNS[name].candidates(tables, chosen, night=night),
            chosen.audience,
            tables.customers,
        )
        for name, chosen in sorted(settings.items())
        if chosen.enabled
    ]


def with_decisions(
    found: pd.DataFrame, settings: Mapping[str, CampaignSettings], customers: pd.DataFrame
) -> pd.DataFrame:
    """Candidates (``candidate.DTYPES`` and ``campaign``) with what was decided of their campaigns.

    Returns what ``find_due`` does.
    """
    due = found.sort_values(IDENTITY, ignore_index=True)
    for decided in ("priority", "message_class", "when_crowded"):
        values = {name: getattr(chosen, decided) for name, chosen in settings.items()}
        due[decided] = due["campaign"].map(values)
    tiers = customers.set_index("customer_key")["tier"]
    due["tier"] = due["customer_key"].map(tiers).astype("str")
    return due.astype({"priority": "int64", "message_class": "str", "when_crowded": "str"})
