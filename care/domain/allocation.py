"""A choice among alternatives that take from the same scarce things: the most value that fits.

Every group may have one of its alternatives, or none. The bound is never below what any choice
within the limits is worth, so the gap says how much a better choice could add at most.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.optimize import linprog
from scipy.sparse import csr_array, diags_array, vstack

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

NONE = -1
MOST_FOR_PROGRAM = 150_000
"""Above so many alternatives prices are searched for first, and the program solves the rest."""
WIDEST_GAP = 0.01
"""Prices that leave more than this share of the bound are given up for the program."""
SAMPLED = 60_000
"""So many alternatives, of whole groups, say where the search for prices begins."""
STEPS = 40
ENOUGH = 1e-9


class UnableToAllocate(Exception):
    """The program found no answer; that is a fault of the program, not of the data."""


@dataclass(frozen=True, slots=True)
class Alternatives:
    """What there is to choose from.

    ``group`` int64[n], ascending: which group each belongs to, dense from 0. ``value`` float64[n].
    ``need`` csr[n × m], not negative: what it takes of each scarce thing; ``left`` float64[m].
    """

    group: Ints
    value: Floats
    need: csr_array
    left: Floats

    @property
    def groups(self) -> int:
        """How many groups there are."""
        return int(self.group[-1]) + 1 if len(self.group) else 0

    def taken(self, chosen: Ints) -> Floats:
        """What a choice takes of each scarce thing."""
        total: Floats = np.asarray(self.need[chosen[chosen != NONE]].sum(axis=0)).ravel()
        return total

    def worth(self, chosen: Ints) -> float:
        """What a choice is worth."""
        return float(self.value[chosen[chosen != NONE]].sum())

    def some(self, rows: Ints, left: Floats) -> "Alternatives":
        """Some of them, with their groups numbered anew."""
        group = np.unique(self.group[rows], return_inverse=True)[1].astype("int64")
        return Alternatives(group, self.value[rows], self.need[rows], left)


@dataclass(frozen=True, slots=True)
class Allocation:
    """A choice: the alternative of each group or ``NONE``; what it is worth, and at most could be.

    ``prices``: what one more of each scarce thing would add, 0 where there is enough.
    """

    chosen: Ints
    value: float
    bound: float
    prices: Floats

    @property
    def gap(self) -> float:
        """The share of the bound that is missing, from 0."""
        return max(0.0, (self.bound - self.value) / self.bound) if self.bound > 0 else 0.0


def allocate(among: Alternatives, *, most_for_program: int = MOST_FOR_PROGRAM) -> Allocation:
    """Choose the most value within what is left of every scarce thing.

    Where everybody's best fits, that is the answer. Else a linear program (HiGHS), whose few
    fractions are rounded down and filled up; beyond ``most_for_program`` alternatives Lagrangian
    prices (Fisher 1981, *Management Science* 27), unless they leave too wide a gap. Equal values
    go to the group that comes first.
    """
    nothing = np.zeros(len(among.left))
    fits = _alone_fits(among.need, among.left)
    among = replace(among, value=np.where(fits, among.value, 0.0))  # what is worth nothing stays
    best = _best(among, among.value)
    if (among.taken(best) <= among.left + ENOUGH).all():
        worth = among.worth(best)
        return Allocation(best, worth, worth, nothing)
    contested, rows = _contested(among)
    apart = np.where(contested, NONE, best)
    problem = among.some(rows, among.left - among.taken(apart))
    solved = None
    if len(rows) > most_for_program:
        solved = _by_prices(problem)
    if solved is None or solved.gap > WIDEST_GAP:
        solved = _by_program(problem)
    chosen = apart.copy()
    chosen[contested] = np.where(solved.chosen == NONE, NONE, rows[solved.chosen])
    aside = among.worth(apart)
    return Allocation(chosen, solved.value + aside, solved.bound + aside, solved.prices)


def take_in_turn(
    among: Alternatives, gain: Floats, *, turn: Floats | None = None, free: Bools | None = None
) -> Ints:
    """Let each group have the best of its alternatives that still fits, one after the other.

    ``gain``: what is best for a group; not above 0 is not wanted. ``turn``: the higher comes first,
    by default the gain; equals come in the order of their groups. ``free``: groups that take part.
    Returns the alternative of each group or ``NONE``.
    """
    turn = gain if turn is None else turn
    order = np.lexsort((-gain, among.group))
    group, need = among.group[order], among.need[order]
    gain, turn = gain[order], turn[order]
    wanted = gain > ENOUGH
    if free is not None:
        wanted &= free[group]
    left, chosen = among.left.copy(), np.full(among.groups, NONE, dtype="int64")
    rows = np.flatnonzero(wanted)
    while len(rows):
        rows = rows[_alone_fits(need[rows], left)]
        firsts = rows[np.diff(group[rows], prepend=-1) != 0]
        firsts = firsts[np.lexsort((group[firsts], -turn[firsts]))]
        served = firsts[_together_fits(need[firsts], left)]
        chosen[group[served]] = order[served]
        left = np.maximum(left - np.asarray(need[served].sum(axis=0)).ravel(), 0.0)
        rows = rows[chosen[group[rows]] == NONE]
    return chosen


def improve(
    among: Alternatives, chosen: Ints, score: Floats, *, turn: Floats | None = None
) -> Ints:
    """Let groups change to what scores better with what the choice has left over, while any can.

    Nobody loses anything by it. ``turn``: as for ``take_in_turn``, by default what is gained.
    """
    while True:
        served = (chosen != NONE).astype("float64")
        had = diags_array(served) @ among.need[np.maximum(chosen, 0)]
        more = (among.need - had[among.group]).maximum(0).tocsr()
        spare = np.maximum(among.left - among.taken(chosen), 0.0)
        gain = score - _had(score, chosen)[among.group]
        better = take_in_turn(replace(among, need=more, left=spare), gain, turn=turn)
        if (better == NONE).all():
            return chosen
        chosen = np.where(better == NONE, chosen, better)


def _had(value: Floats, chosen: Ints) -> Floats:
    return np.where(chosen == NONE, 0.0, value[np.maximum(chosen, 0)])


def _best(among: Alternatives, gain: Floats) -> Ints:
    """The best of each group, the first of equals; none where nothing is gained."""
    chosen = np.full(among.groups, NONE, dtype="int64")
    order = np.lexsort((-gain, among.group))
    firsts = order[np.diff(among.group[order], prepend=-1) != 0]
    firsts = firsts[gain[firsts] > ENOUGH]
    chosen[among.group[firsts]] = firsts
    return chosen


def _contested(among: Alternatives) -> tuple[Bools, Ints]:
    """Groups whose best takes of what is scarce, and those of their alternatives that matter.

    Of what takes nothing only the best of a group can be chosen; what is worth less than it cannot.
    """
    takes = np.diff(among.need.indptr) > 0
    unpaid = _best(among, np.where(takes, 0.0, among.value))
    instead = _had(among.value, unpaid)[among.group]
    matters = takes & (among.value > instead + ENOUGH)
    contested = np.zeros(among.groups, dtype=bool)
    contested[among.group[matters]] = True
    matters[unpaid[contested & (unpaid != NONE)]] = True
    return contested, np.flatnonzero(matters)


def _by_program(among: Alternatives) -> Allocation:
    rows = np.arange(len(among.group))
    ones = csr_array((np.ones(len(rows)), (among.group, rows)), shape=(among.groups, len(rows)))
    found = linprog(
        -among.value,
        A_ub=vstack([ones, among.need.T], format="csr"),
        b_ub=np.concatenate([np.ones(among.groups), among.left]),
        bounds=(0, None),
        method="highs-ipm",
    )
    if found.x is None:
        raise UnableToAllocate(found.message)
    whole = np.flatnonzero(found.x > 1 - 1e-6)
    chosen = np.full(among.groups, NONE, dtype="int64")
    chosen[among.group[whole]] = whole
    prices = np.maximum(-found.ineqlin.marginals[among.groups :], 0.0)
    return _finished(among, chosen, prices, -float(found.fun))


def _by_prices(among: Alternatives) -> Allocation:
    """Search for prices at which what everybody likes best nearly fits."""
    prices = _prices_of_sample(among)
    bound, best = np.inf, prices
    for step in range(STEPS):
        priced = among.value - among.need @ prices
        liked = _best(among, priced)
        dual = float(_had(priced, liked).sum() + prices @ among.left)
        if dual < bound:
            bound, best = dual, prices
        over = among.taken(liked) - among.left
        over[(over < 0) & (prices <= 0)] = 0.0
        scale = np.where(among.left > 0, among.left, 1.0)
        # Steps relative to each price and to what is left, as their units differ.
        prices = np.maximum(prices * (1 + over / scale / (step + 4)), 0.0)
    priced = among.value - among.need @ best
    chosen = take_in_turn(among, priced)
    return _finished(among, chosen, best, bound)


def _prices_of_sample(among: Alternatives) -> Floats:
    one_in = -(-len(among.group) // SAMPLED)
    rows = np.flatnonzero(among.group % one_in == 0)
    sample = among.some(rows, among.left / one_in)
    return _by_program(sample).prices


def _finished(among: Alternatives, chosen: Ints, prices: Floats, bound: float) -> Allocation:
    """Fill up what is left over; nothing of the prices stays where nothing is short."""
    chosen = improve(among, chosen, among.value)
    value = among.worth(chosen)
    return Allocation(chosen, value, max(bound, value), prices)


def _alone_fits(need: csr_array, left: Floats) -> Bools:
    """Which rows fit, each by itself."""
    entries = need.tocoo()
    fits = np.ones(need.shape[0], dtype=bool)
    fits[entries.coords[0][entries.data > left[entries.coords[1]] + ENOUGH]] = False
    return fits


def _together_fits(need: csr_array, left: Floats) -> Bools:
    """Which rows fit when those before them are served first, whether they fit or not."""
    fits = np.ones(need.shape[0], dtype=bool)
    by_thing = need.tocsc()
    for thing in range(need.shape[1]):
        entries = slice(by_thing.indptr[thing], by_thing.indptr[thing + 1])
        rows = by_thing.indices[entries]
        order = np.argsort(rows, kind="stable")
        taken = np.cumsum(by_thing.data[entries][order])
        fits[rows[order][taken > left[thing] + ENOUGH]] = False
    return fits
