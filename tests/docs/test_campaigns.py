"""The page of all campaigns is written from the campaigns, and leaves nothing of them out."""

from dataclasses import replace
from types import ModuleType

import pytest

from care.domain.campaign import CampaignSettings
from care.domain.campaigns import CAMPAIGNS
from tests.docs.pages import read, rows, script

TABLES, CAMPAIGN = script("tables"), script("writing.campaign")
PAGE = "docs/campaigns.md"


def test_the_page_is_what_would_be_written_now() -> None:
    assert TABLES.refreshed(read(PAGE)) == read(PAGE), "run: python docs/tables.py"


@pytest.mark.parametrize("name", CAMPAIGNS)
def test_each_campaign_says_when_it_is_due_who_gets_it_and_how_it_ends(name: str) -> None:
    told = CAMPAIGN.told(CAMPAIGNS[name])
    section = read(PAGE).split(f"\n## {told.name}\n")[1].split("\n## ")[0]
    assert told.when.startswith("due ")
    assert all(paragraph in section for paragraph in (*told.who, told.end))
    assert f"[campaigns.{name}]" in section


@pytest.mark.parametrize("name", CAMPAIGNS)
def test_each_key_of_a_campaign_is_in_its_section(name: str) -> None:
    own = set(CAMPAIGNS[name].settings.model_fields) - set(CampaignSettings.model_fields)
    section = CAMPAIGN.portrait(CAMPAIGNS[name])
    assert [key for key in own if f"\n| `{key}` | " not in section] == []


def test_each_campaign_stands_in_a_row_that_leads_to_it() -> None:
    listed = [campaign for _, _, campaign, _ in rows(PAGE, "## At a glance")]
    for campaign in CAMPAIGNS.values():
        one = CAMPAIGN.told(campaign)
        assert listed.count(f"[{one.name}](#{CAMPAIGN.anchor_of(one)})") == 1


def test_a_campaign_of_no_row_comes_last(monkeypatch: pytest.MonkeyPatch) -> None:
    stranger = replace(CAMPAIGNS["birthday"], name="hundred_days")
    monkeypatch.setitem(CAMPAIGNS, "hundred_days", stranger)
    assert CAMPAIGN.rows_of_care()[-1] == ("", "", ["hundred_days"])


@pytest.mark.parametrize(
    "words",
    [
        None,
        "Hundred days: due on the hundredth day.\n\nEverybody.",
        "The hundredth day of her membership.\n\nEverybody.\n\nIt ends after it.",
        "Hundred days: due on the hundredth day.\n\nIt ends after it.",
    ],
)
def test_a_docstring_that_lacks_a_part_is_refused_with_its_form(
    words: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = ModuleType("hundred_days", words)
    monkeypatch.setattr(CAMPAIGN, "import_module", {"hundred_days": module}.get)
    monkeypatch.setattr(CAMPAIGNS["birthday"].rule, "__module__", "hundred_days")
    with pytest.raises(CAMPAIGN.UnableToWriteTable, match=r"birthday: .* `It ends …`"):
        CAMPAIGN.told(CAMPAIGNS["birthday"])


def test_a_setting_without_a_description_is_refused() -> None:
    class Bare(CampaignSettings):
        colour: str = "red"

    with pytest.raises(
        CAMPAIGN.UnableToWriteTable, match="colour has no meaning yet; describe its field"
    ):
        CAMPAIGN.tuning(replace(CAMPAIGNS["birthday"], settings=Bare))
