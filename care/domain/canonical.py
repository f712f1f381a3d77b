"""The one encoding of whatever is hashed, signed or approved.

UTF-8 JSON, keys sorted, no spaces, nothing escaped that need not be, times in UTC to the second.
Equal content is therefore equal bytes, and a hash or a signature can be checked by any program that
writes JSON the same way.
"""

from datetime import UTC, datetime

import orjson

_CANONICAL = orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z | orjson.OPT_OMIT_MICROSECONDS


def canonical(value: object) -> bytes:
    """Encode plain values. Raises TypeError for what is no JSON, half a surrogate pair among it."""
    return orjson.dumps(value, option=_CANONICAL)


def utc(moment: datetime) -> datetime:
    """The same moment to the second, in UTC, as this encoding writes it."""
    if type(moment) is datetime and moment.tzinfo is UTC and not moment.microsecond:
        return moment  # as the ledger gives nearly all of them
    return datetime.fromtimestamp(int(moment.timestamp()), UTC)
