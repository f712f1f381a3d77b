"""A change to a campaign that waits: one transaction, a line in the trail, the approval void."""

from dataclasses import dataclass

from care.domain.decision import Decision
from care.storage.reviews import CampaignNight


@dataclass(frozen=True, slots=True)
class Changed:
    """What a change left: the campaign as it is now, how many messages it touched, and its line."""

    campaign: CampaignNight
    messages: int
    decision: Decision
