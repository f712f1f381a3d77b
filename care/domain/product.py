"""A product the shop sells, and the type that says what it is bought for."""

from care.domain.setaside import Columns

PRODUCTS = Columns(
    "products",
    {
        "product_id": "str",  # the shop's own key
        "name": "str",  # English or the shop's default; never missing
        "name_zh": "str",
        "product_type": "str",  # never missing: its category or name stands in
        "category": "str",  # "" where unknown
        "department": "str",
        "price_minor": "Int64",
    },
)
"""One row a product. Text may be missing unless said otherwise; money in minor units."""
