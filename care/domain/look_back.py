"""A look back: what a customer's purchases of some months come to, for a letter of thanks."""

from dataclasses import dataclass
from datetime import date

from care.domain.setaside import Columns

LOOKED_BACK = Columns(
    "looked_back",
    {
        "customer_key": "int64",
        "visits": "int64",  # days of the period on which she bought anything
        "product_key": "Int64",  # what letters may name and she bought on most days; may be missing
        "times": "Int64",  # on how many
    },
)
"""One row a customer whose letter is due tonight and who bought often enough."""


@dataclass(frozen=True, slots=True)
class Period:
    """Some months of purchases, and whose letter about them is due tonight.

    ``begins`` ≤ day < ``ends``. Letters are spread over ``spread_days`` from ``first_on``: a
    customer's place among them is her key modulo so many, which never changes and is even, for keys
    are dense. ``places``: those whose letter may go tonight.
    """

    first_on: date
    begins: date
    ends: date
    spread_days: int
    places: tuple[int, ...]
    min_visits: int
