"""What staff should hear of before anybody flags it."""

import logging
from datetime import date

import ibis
import pandas as pd

from care.domain.campaign import Tables
from care.domain.rise import complaints, counted, find_rises, news, ripening, weights
from care.domain.warning import Warned, in_words
from care.policy import Policy
from care.storage.at_risk import days_after, read_at_risk

log = logging.getLogger(__name__)


def watch(
    policy: Policy,
    history: ibis.Table,
    tables: Tables,
    pinned: pd.DataFrame,
    told: list[tuple[date, Warned]],
    *,
    night: date,
) -> list[Warned]:
    """Products that more comes back of than their sales explain, and staff do not know of yet.

    ``pinned``: the night's products with ``product_key, product_id``. ``told``: what staff were
    warned of on other nights.
    """
    rules, cases = policy.rise, tables.cases
    if cases is None or (came := complaints(cases, rules, night=night)).empty:
        return []
    ripe = ripening(days_after(history, came))
    weighed = weights(ripe, rules, known_since=cases["opened_on"].min().date(), night=night)
    rises = find_rises(counted(came), read_at_risk(history, weighed), rules)
    sold = tables.products.merge(pinned[["product_key", "product_id"]], on="product_key")
    found = news(rises, sold, told, rules, night=night)
    for warning in found:
        log.warning("%s: %s", night, in_words(warning))
    return found
