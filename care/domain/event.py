"""An event: something a customer did in the shop that is no order."""

from care.domain.setaside import Columns

KINDS = ("view", "cart")

WINDOW_DAYS = 30
"""Events longer before the night than this concern nobody any more."""

EVENTS = Columns(
    "events",
    {
        "customer_key": "int64",
        "product_key": "int64",
        "kind": "str",  # one of KINDS
        "times": "int64",
        "last_on": "datetime64[s]",  # local day in the shop's timezone
    },
)
"""One row per customer, product and kind of event in the window before the night."""
