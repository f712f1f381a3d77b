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
"""One row an order line, unique by (order_id, product_key). What is not paid is none."""

STATES = ("paid", "placed", "cancelled", "returned")
"""How far an order line has come; of these only a paid one is a purchase."""
VOID = ("cancelled", "returned")

UNPAID = Columns(
    "unpaid",
    {
        "customer_key": "int64",
        "order_id": "str",
        "product_key": "int64",  # of the dearest line
        "placed_on": "datetime64[s]",  # local day in the shop's timezone
    },
)
"""One row an order of the last weeks that is placed and of which nothing is paid, as the night
begins."""
