"""A customer × campaign that is due tonight: why now, and until when it is worth sending."""

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from care.domain.canonical import canonical

IDENTITY = ["customer_key", "campaign", "occasion_key"]
"""Names a touch for ever: the customer, the campaign and the event, never the run."""

DTYPES: Mapping[str, str] = {
    "customer_key": "int64",
    "occasion_key": "str",  # names the event, e.g. birthday-2017
    "occasion_on": "datetime64[s]",  # the day of the event
    "send_from": "datetime64[s]",  # first local day on which sending makes sense
    "send_until": "datetime64[s]",  # last one; later it is expired, never sent
    "years": "Int16",  # years counted, where the occasion counts them
    "type_key": "Int64",  # the product type it is about, where there is one
    "product_key": "Int64",  # the product it names, where there is one
    "window_from": "datetime64[s]",  # when she will probably need it
    "window_to": "datetime64[s]",
    "facts": "str",  # JSON object of what else its letter may say, as its campaign declares it
}


_NOTHING: Mapping[str, Any] = {"Int16": pd.NA, "Int64": pd.NA, "str": ""}
_TYPES = {name: pd.api.types.pandas_dtype(dtype) for name, dtype in DTYPES.items()}
_ABSENT = {
    name: pd.Series([_NOTHING.get(dtype, pd.NaT)], dtype=_TYPES[name]).array
    for name, dtype in DTYPES.items()
    if name != "customer_key"
}
_NONE = pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in DTYPES.items()})


def facts(columns: Mapping[str, Iterable[object]]) -> list[str]:
    """One JSON object a row from columns of plain values and days; what is missing is left out.

    Every rule that has more to tell than a candidate's own columns writes it with this, under the
    names that its :class:`~care.domain.campaign.Campaign` declares.
    """
    names = list(columns)
    return [
        canonical(
            {name: value for name, value in zip(names, row, strict=True) if not _missing(value)}
        ).decode()
        for row in zip(*columns.values(), strict=True)
    ]


def _missing(value: object) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or value != value


def candidates(columns: Mapping[str, object], *, index: pd.Index | None = None) -> pd.DataFrame:
    """Make a candidate frame from the columns a rule knows; the others are filled with nothing."""
    frame = pd.DataFrame(dict(columns), index=index)
    if frame.empty:
        return _NONE.copy()
    # Column by column: a frame that is typed as a whole takes its time, even for one customer.
    return pd.DataFrame(
        {
            name: frame[name].astype(_TYPES[name]).array
            if name in frame
            else _ABSENT[name].repeat(len(frame))
            for name in DTYPES
        }
    )
