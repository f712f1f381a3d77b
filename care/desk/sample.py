"""Messages worth looking at: of every tier and language, the longest and the riskiest."""

import hashlib
from dataclasses import dataclass
from datetime import date

from care.desk.look import Sample, opened
from care.desk.verdict import find
from care.domain.sampling import choose
from care.evidence import Evidence
from care.runtime import Runtime
from care.storage import messages
from care.storage.database import reading

LOOKED_THROUGH = 5_000
"""Of so many messages they are picked, another part of the campaign for another seed."""


@dataclass(frozen=True, slots=True)
class Picked:
    """A message, and why it was picked, such as ``the longest`` or ``gold, zh-CN, email``."""

    because: str
    sample: Sample


def samples(runtime: Runtime, night: date, campaign: str, *, n: int, seed: int) -> list[Picked]:
    """``n`` messages of a campaign; another seed picks others of the same kinds.

    Raises:
        UnableToDecide: no such campaign.
    """
    # Message ids are hashes, so that what follows any place among them is drawn by chance.
    begins = hashlib.sha256(str(seed).encode()).hexdigest()
    with reading(runtime.engine) as connection:
        find(connection, night, campaign)
        sketches = messages.read_sketches(
            connection, night, campaign, begins=begins, limit=LOOKED_THROUGH
        )
        chosen = dict(choose(sketches, n, seed=seed))
        rows = {row["message_id"]: row for row in messages.read_some(connection, list(chosen))}
    evidence = Evidence(runtime, night)
    return [Picked(why, opened(runtime, rows[one], evidence)) for one, why in chosen.items()]
