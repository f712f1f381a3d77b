"""What a customer is expected to spend in the half-year to come."""

from collections.abc import Mapping

HORIZON_DAYS = 182

VALUED: Mapping[str, str] = {
    "expected_spend": "Int64",  # minor units in the next HORIZON_DAYS; missing without purchases
}
