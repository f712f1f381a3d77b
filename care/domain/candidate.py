"""A customer × campaign that is due tonight: why now, and until when it is worth sending."""

from collections.abc import Mapping

import pandas as pd

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
}


def candidates(columns: Mapping[str, object], *, index: pd.Index | None = None) -> pd.DataFrame:
    """Make a candidate frame from the columns a rule knows; the others are filled with nothing."""
    frame = pd.DataFrame(dict(columns), index=index)
    for name, dtype in DTYPES.items():
        if name not in frame:
            frame[name] = pd.NA if dtype.startswith("Int") else pd.NaT
    return frame.astype(dict(DTYPES))[list(DTYPES)].reset_index(drop=True)
