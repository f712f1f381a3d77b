"""Staff are told why now in a plain sentence, by every campaign that there is."""

import re
from datetime import date

import pytest

from care.domain.campaigns import CAMPAIGNS
from care.domain.occasion import Occasion
from tests.builders import occasions


@pytest.mark.parametrize("name", CAMPAIGNS)
def test_every_campaign_says_why_now_in_one_plain_sentence(name):
    for told in occasions(CAMPAIGNS[name]):
        said = CAMPAIGNS[name].why_now(told)
        assert re.fullmatch(r"[A-Z0-9茶].*[.?]", said), said
        assert "None" not in said, said
        assert told.key not in said, said
        assert not re.search(r"_|\d{4}-\d\d", said), said
        assert "not known" not in said, said


@pytest.mark.parametrize("name", CAMPAIGNS)
def test_a_touch_of_which_less_was_kept_is_explained_as_far_as_it_goes(name):
    bare = Occasion(night=date(2017, 11, 14), key="any", tier="gold")
    assert CAMPAIGNS[name].why_now(bare).endswith((".", "?"))


@pytest.mark.parametrize(
    ("campaign", "about", "said"),
    [
        ("birthday", {"key": "birthday-2017"}, "Birthday on 16 November."),
        ("birthday", {"key": "birthday-lunar-2017"}, "Lunar birthday on 16 November."),
        ("membership_anniversary", {"years": 1}, "One year a member on 16 November."),
        ("membership_anniversary", {"years": 12}, "12 years a member on 16 November."),
        (
            "replenishment",
            {
                "key": "replenish-778-2016-12-30",
                "product": "milk",
                "window_from": date(2017, 11, 13),
                "window_to": date(2017, 11, 15),
                "facts": {"every_days": 7},
            },
            "Buys milk about every 7 days, last on 30 December 2016; probably runs out between "
            "13 November and 15 November.",
        ),
        (
            "replenishment",
            {"key": "replenish-778-2017-11-02", "product": "milk"},
            "Buys milk, last on 2 November; probably runs out about 16 November.",
        ),
        (
            "bad_review",
            {"product": "cookie dough", "facts": {"about": "review", "score": 1}},
            "Gave 1 star to cookie dough on 16 November.",
        ),
        ("bad_review", {"facts": {"about": "review"}}, "Gave few stars on 16 November."),
        (
            "welcome",
            {"key": "welcome-order-2017-11-01-thanks"},
            "Made the first order on 16 November.",
        ),
    ],
)
def test_a_sentence_names_what_happened_and_when(campaign, about, said):
    on = date(2017, 11, 16)
    told = Occasion(**{"night": date(2017, 11, 14), "key": "x", "tier": "gold", "on": on} | about)
    assert CAMPAIGNS[campaign].why_now(told) == said
