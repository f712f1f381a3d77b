from datetime import date

import pandas as pd

from care.domain.campaign import Campaign, CampaignSettings
from care.domain.candidate import candidates, facts


def nobody(*_, **__):
    return candidates({"customer_key": []})


def test_facts_come_back_with_the_types_they_are_declared_with():
    told = facts(
        {
            "points": pd.Series([120, 7]),
            "expires_on": pd.Series([date(2026, 12, 31), None]),
            "product": ['茶 "first flush"', pd.NA],
        }
    )
    campaign = Campaign(
        "points",
        CampaignSettings,
        nobody,
        str,
        facts={"points": 1, "expires_on": date(2026, 1, 1), "product": "tea"},
    )

    assert [campaign.read_facts(one) for one in told] == [
        {"points": 120, "expires_on": date(2026, 12, 31), "product": '茶 "first flush"'},
        {"points": 7},
    ]


def test_a_candidate_without_facts_has_none():
    (told,) = candidates({"customer_key": [1]})["facts"]
    assert Campaign("any", CampaignSettings, nobody, str).read_facts(told) == {}
