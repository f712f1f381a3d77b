"""A delivery: an order on its way to the customer, and how it is getting on."""

from care.domain.setaside import Columns

DELIVERIES = Columns(
    "deliveries",
    {
        "order_id": "str",  # the shop's own key, each one once
        "customer_key": "int64",
        "product_key": "Int64",  # what is best to ask about; may be missing
        "promised_on": "datetime64[s]",  # the day she was told
        "failed_on": "datetime64[s]",  # before the night: nobody was there, or it was lost
        "delivered_on": "datetime64[s]",  # before the night
    },
)
"""One row an order that is delivered, as the night begins. All days may be missing."""
