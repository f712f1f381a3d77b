"""What a customer says of us: a product reviewed in stars, a settled case given a score.

Both go from 1 to 5 and are heard together here. What staff do with letters is a decision, not this.
"""

from care.domain.setaside import Columns

BEST = 5
LOW = 2
"""So many stars, or such a score, or less: she is not pleased."""

REVIEWS = Columns(
    "reviews",
    {
        "review_id": "str",  # the shop's own key
        "customer_key": "int64",
        "product_key": "Int64",  # missing where it is about none, or none the house knows
        "stars": "int64",  # 1 to BEST
        "reviewed_on": "datetime64[s]",  # before the night
        "helpful": "Int64",  # how many said that it helped them
    },
)
"""One row a review, as the night begins."""
