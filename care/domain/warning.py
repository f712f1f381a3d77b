"""A warning: what staff should know as a night begins, kept with the night."""

from collections.abc import Mapping
from typing import Any

Warned = Mapping[str, Any]
"""``kind``, and the figures and names that its words below ask for; plain values only."""

IN_WORDS: Mapping[str, str] = {
    "rise": "{customers} customers in {days} days returned or complained of {name} ({product_id}); "
    "about {expected:.2g} would be usual",
    "lopsided": "{held_out} of {drawn} customers are in the control group of {campaign}, where "
    "about {expected} would be: something draws wrongly, so do not trust its lift",
    "input_drift": "{what}: {now} in the last week, {usual} in the weeks before; if the shop knows "
    "no reason, look at what it delivers",
    "score_drift": "what {recipe} makes of the customers has shifted since last week: stability "
    "index {shift}, above {bound}; `care models show` has its figures, `care models rollback` "
    "brings the one before back",
    "fallback_drift": "{recipe} knows nothing of {now} of the customers, {before} a week ago; look "
    "whether orders still name the customers they did",
    "low_gift": "{gift} is running low: {left} {of} left after tonight, fewer than {below}",
}


def in_words(warning: Warned) -> str:
    """One warning as a sentence for staff."""
    return IN_WORDS[warning["kind"]].format_map(warning)
