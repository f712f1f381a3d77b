"""Taking customers out of a campaign of the night."""

from collections.abc import Sequence
from datetime import date, datetime

from care.desk.change import Changed
from care.desk.touch import Chosen
from care.runtime import Runtime


def exclude(
    runtime: Runtime,
    night: date,
    campaign: str,
    *,
    customers: Sequence[str] = (),
    message_ids: Sequence[str] = (),
    chosen: Chosen | None = None,
    actor: str,
    reason: str,
    now: datetime,
    seen: str | None = None,
) -> Changed:
    """Take customers out of a campaign of the night, for good, with the reviewer's words.

    Named by one of three: ``customers`` (customer_id or pseudonym), ``message_ids``, or all that a
    filter finds, ``chosen``. Their messages are withdrawn, their gifts given back, each is on
    record as ``excluded_by_reviewer``; the campaign's approval is void. ``seen``: the content hash
    that was looked at, or its beginning; another content is refused.

    Raises:
        UnableToDecide: nobody is named or found, no reason, content changed, or already on its way.
    """
    raise NotImplementedError
