"""The desk: where the night's campaigns wait, and people look at them, change them and decide.

What every door needs is here. The rest has a module each, read when it is needed: ``exclusion``,
``gift``, ``wording`` and ``undoing`` change a campaign; ``touch``, ``overview``, ``sample``,
``changes``, ``why``, ``customer``, ``audit`` and ``series`` look.
"""

from care.desk.look import Sample, show
from care.desk.verdict import UnableToDecide, decide, seen_by_one, withdraw
from care.desk.waiting import list_campaigns, queue

__all__ = [
    "Sample",
    "UnableToDecide",
    "decide",
    "list_campaigns",
    "queue",
    "seen_by_one",
    "show",
    "withdraw",
]
