"""The trial of item models: foretell each customer's last basket from everything before it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recommender import columns, metric
from recommender.evaluation import Evaluation, UnableToEvaluate
from recommender.items.model import ItemModel, Purpose, UnableToFit
from recommender.keys import Ints, distinct, mixed, pack, position, starts

FitItems: TypeAlias = Callable[..., ItemModel]
"""Called with (history, today=day), as ``Personal.fit`` is."""

KS = (10, 20)
BY_CUSTOMER = ("recall", "ndcg", "ndcg_all", "phr", "repeat_recall", "explore_recall")
"""Figures that each customer has; the others belong to all lists together."""


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """The baskets that are to be foretold, and what may be known before.

    A *key* is ``q * I + item`` for the ``q``-th of ``customers`` and an item's position.
    """

    before: pd.DataFrame
    """Rows of ``columns.HISTORY``."""
    today: int
    customers: Ints
    """Keys, ascending, (Q,)."""
    items: Ints
    """Keys of everything in ``before`` or held out, ascending, (I,)."""
    truth: Ints
    """Keys of the held-out items, ascending, each once, (N,)."""
    had: NDArray[np.bool_]
    """Whether she had bought it before, (N,)."""

    @property
    def owner(self) -> Ints:
        """Whose each row of the truth is, an index into ``customers``, (N,)."""
        return self.truth // self.items.size


def evaluate_items(
    history: pd.DataFrame,
    models: Mapping[str, FitItems],
    *,
    ks: Sequence[int] = KS,
    max_customers: int | None = None,
    min_baskets: int = 5,
    min_rows: int = 10,
    test_users: NDArray[np.int64] | None = None,
    seed: int = 0,
) -> Evaluation:
    """Foretell the last basket of each tested customer; see ``hold_out`` for who that is.

    Each model is fitted once on the rest and ranks as many items a customer as the largest of
    ``ks``, for whatever she may want. Models that cannot be fitted are left out and named.

    Figures at each k, averaged over customers: ``recall``; ``ndcg`` with the ideal cut at
    min(k, truth); ``ndcg_all`` with the ideal over the whole truth; ``repeat_recall`` and
    ``explore_recall``, recall of the items she had and had not bought before, over those who have
    such items; ``phr``, the share of customers with any hit. Over all lists together: ``coverage``
    and ``novelty``, see ``metric``. ``customers`` is their number. A figure at 10 is called
    ``recall@10``; those of each customer are kept in ``Evaluation.by_customer``.

    Args:
        history: rows of ``columns.HISTORY``.
        models: how to fit each, by name.
        ks: lengths of list to measure at.
        max_customers: evaluate a seeded sample of so many; all when None.
        min_baskets: baskets that earn a customer a place in the test.
        min_rows: rows that earn an item a place in the test.
        test_users: the only customers who may be tested; everybody when None.
        seed: of the sample.

    Raises:
        UnableToEvaluate: no customer can be tested, or no model can be fitted.
    """
    held = hold_out(
        history,
        min_baskets=min_baskets,
        min_rows=min_rows,
        test_users=test_users,
        max_customers=max_customers,
        seed=seed,
    )
    figures: dict[str, dict[str, float]] = {}
    by_customer: dict[str, dict[str, NDArray[np.float64]]] = {}
    left_out: dict[str, str] = {}
    for name, fit in models.items():
        try:
            model = fit(held.before, today=held.today)
        except UnableToFit as error:
            left_out[name] = str(error)
            continue
        said = model.recommend(held.customers, max(ks), purpose=Purpose.ANY)
        figures[name], by_customer[name] = _measure(held, said, ks)
    if not figures:
        raise UnableToEvaluate(
            "no model can be fitted on this history: " + "; ".join(left_out.values())
        )
    protocol: dict[str, int | list[int]] = {
        "ks": list(ks),
        "min_baskets": min_baskets,
        "min_rows": min_rows,
        "seed": seed,
    }
    return Evaluation("items", protocol, figures, by_customer, left_out)


def hold_out(
    history: pd.DataFrame,
    *,
    min_baskets: int,
    min_rows: int,
    test_users: NDArray[np.int64] | None = None,
    max_customers: int | None = None,
    seed: int = 0,
) -> HeldOut:
    """Take out the last basket (latest day, then order key) of each tested customer.

    Items with fewer than ``min_rows`` rows leave first. Tested are then the customers with at least
    ``min_baskets`` baskets, of ``test_users`` only if these are told, and at most a seeded sample
    of ``max_customers``, always the same ones while they can be tested. The whole history of all
    others stays known.

    Raises:
        UnableToEvaluate: nobody is left to be tested, or nothing to learn from.
    """
    frame = columns.require(history, columns.HISTORY, what="the order history")
    code, items = pd.factorize(frame[columns.ITEM].to_numpy())
    frame = frame[np.bincount(code, minlength=items.size)[code] >= min_rows]
    owner, order, baskets = _last_baskets(frame)
    tested = baskets >= min_baskets
    if test_users is not None:
        tested &= np.isin(owner, test_users)
    owner, held = owner[tested], order[tested]
    if held.size == 0:
        among = "" if test_users is None else f"of the {test_users.size} test users "
        raise UnableToEvaluate(
            f"no customer {among}has {min_baskets} baskets of items sold {min_rows} times; "
            "wait for more orders or lower these bounds"
        )
    if max_customers is not None and held.size > max_customers:
        # The same customers night after night, so that a model which goes on from an earlier one
        # has never learnt from the baskets that it is tried on.
        drawn = np.argsort(mixed(owner, seed), kind="stable")[:max_customers]
        held = np.sort(held[drawn])
    out = np.isin(frame[columns.ORDER].to_numpy(), held)
    if out.all():
        raise UnableToEvaluate(
            "every basket is held out, so there is nothing to learn from; ask for more baskets"
        )
    return _held_out(frame[~out], frame[out], today=int(frame[columns.DAY].max()))


def without_last_baskets(
    history: pd.DataFrame, *, but_of: NDArray[np.int64] | None = None
) -> pd.DataFrame:
    """Take away every customer's last basket, for choosing settings without a look at it.

    With ``but_of`` these customers keep theirs, so that they alone can be tested.
    """
    frame = columns.require(history, columns.HISTORY, what="the order history")
    owner, order, _ = _last_baskets(frame)
    if but_of is not None:
        order = order[~np.isin(owner, but_of)]
    return history[~np.isin(frame[columns.ORDER].to_numpy(), order)]


def _held_out(before: pd.DataFrame, out: pd.DataFrame, *, today: int) -> HeldOut:
    customers = distinct(out[columns.CUSTOMER].to_numpy())
    items = distinct(before[columns.ITEM].to_numpy(), out[columns.ITEM].to_numpy())

    def keys(rows: pd.DataFrame) -> Ints:
        q = position(rows[columns.CUSTOMER].to_numpy(), customers)
        item = position(rows[columns.ITEM].to_numpy(), items)
        sizes = (customers.size, items.size)
        return distinct(pack((q[q >= 0], item[q >= 0]), sizes))

    truth = keys(out)
    return HeldOut(before, today, customers, items, truth, position(truth, keys(before)) >= 0)


def _last_baskets(frame: pd.DataFrame) -> tuple[Ints, Ints, Ints]:
    """Each customer, the key of her last order, and how many she has; three arrays."""
    baskets = frame.drop_duplicates(columns.ORDER)
    baskets = baskets.sort_values([columns.CUSTOMER, columns.DAY, columns.ORDER])
    customer = baskets[columns.CUSTOMER].to_numpy()
    first = starts(customer)
    count = np.diff(np.append(first, customer.size))
    return customer[first], baskets[columns.ORDER].to_numpy()[first + count - 1], count


def _measure(
    held: HeldOut, said: pd.DataFrame, ks: Sequence[int]
) -> tuple[dict[str, float], dict[str, NDArray[np.float64]]]:
    size = held.customers.size
    relevant = np.bincount(held.owner, minlength=size)
    repeats = np.bincount(held.owner[held.had], minlength=size)
    q = position(said[columns.CUSTOMER].to_numpy(), held.customers)
    item = position(said[columns.ITEM].to_numpy(), held.items)
    rank = said[columns.RANK].to_numpy().astype(np.int64)
    at = position(q * held.items.size + item, held.truth)
    candidates, share = _known_items(held)
    found: dict[str, float] = {}
    each: dict[str, NDArray[np.float64]] = {}
    for k in ks:
        inside = rank <= k
        hit = inside & (at >= 0)
        whose, again = q[hit], held.had[at[hit]]
        mine = {
            "recall": metric.each_recall(whose, relevant),
            "ndcg": metric.each_ndcg(whose, rank[hit], np.minimum(relevant, k)),
            "ndcg_all": metric.each_ndcg(whose, rank[hit], relevant),
            "phr": (np.bincount(whose, minlength=size) > 0).astype(np.float64),
            "repeat_recall": metric.each_recall(whose[again], repeats),
            "explore_recall": metric.each_recall(whose[~again], relevant - repeats),
        }
        each |= {f"{name}@{k}": values for name, values in mine.items()}
        found |= {f"{name}@{k}": metric.mean(values) for name, values in mine.items()}
        found[f"coverage@{k}"] = metric.coverage(item[inside], candidates)
        found[f"novelty@{k}"] = metric.novelty(q[inside], share[item[inside]])
    return found | {"customers": float(size)}, each


def _known_items(held: HeldOut) -> tuple[int, NDArray[np.float64]]:
    """How many items were bought before, and the share of all customers who bought each, (I,)."""
    rows = held.before[[columns.CUSTOMER, columns.ITEM]].drop_duplicates()
    buyers = np.bincount(
        position(rows[columns.ITEM].to_numpy(), held.items), minlength=held.items.size
    )
    return int((buyers > 0).sum()), buyers / rows[columns.CUSTOMER].nunique()
