"""Taking back the last decision on a campaign of the night."""

from datetime import date, datetime

from care.runtime import Runtime
from care.storage.reviews import CampaignNight


def undo(
    runtime: Runtime,
    night: date,
    campaign: str,
    *,
    actor: str,
    reason: str,
    now: datetime,
    seen: str | None = None,
) -> CampaignNight:
    """Take back the last approval, hold or rejection; the campaign is as it was before it.

    A rejected campaign's messages come back if their gifts can be reserved again. What was approved
    before and has changed since waits. The trail keeps both lines.

    Raises:
        UnableToDecide: nothing to take back, gifts or money are gone, content changed, or on its
            way.
    """
    raise NotImplementedError
