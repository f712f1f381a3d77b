"""An order line: one product in one order of one customer, under the house's own keys."""

from care.domain.setaside import Columns

ORDERS = Columns(
    "orders",
    {
        "customer_key": "int64",
        "product_key": "int64",
        "type_key": "int64",  # of the product, when the line was taken
        "order_id": "str",
        "ordered_at": "datetime64[us, UTC]",
        "day": "datetime64[s]",  # the local day in the shop's timezone
        "quantity": "float64",  # above 0
        "amount_minor": "int64",  # of the whole line, 0 or more
    },
)
"""One row an order line, unique by (order_id, product_key)."""
