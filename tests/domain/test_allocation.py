"""The best choice among alternatives that share what is scarce."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import LinearConstraint, milp
from scipy.sparse import csr_array, vstack

from care.domain import allocation
from care.domain.allocation import NONE, Alternatives, allocate, improve, take_in_turn


def alternatives(*rows, left):
    """(group, value, what it takes of each scarce thing)."""
    group, value, need = zip(*rows, strict=True)
    return Alternatives(
        np.array(group), np.array(value, float), csr_array(np.array(need, float)), np.array(left)
    )


def fits(among, chosen):
    return bool((among.taken(chosen) <= among.left + 1e-6).all())


def by_brute_force(among):
    """The most value of all choices there are."""
    options = [[NONE, *np.flatnonzero(among.group == one)] for one in range(among.groups)]
    return max(
        among.worth(chosen)
        for picks in product(*options)
        for chosen in [np.array(picks)]
        if fits(among, chosen)
    )


@st.composite
def small(draw):
    things = draw(st.integers(1, 3))
    rows = []
    for group in range(draw(st.integers(1, 5))):
        for _ in range(draw(st.integers(1, 3))):
            need = [draw(st.sampled_from([0, 0, 1, 2, 5])) for _ in range(things)]
            rows.append((group, draw(st.integers(-3, 20)), need))
    return alternatives(*rows, left=[float(draw(st.integers(0, 8))) for _ in range(things)])


def many(groups, *, seed, tight=0.3, things=5):
    """A night's worth of gifts: money, and pieces of some of them."""
    chance = np.random.default_rng(seed)
    size = chance.integers(1, 5, groups)
    group = np.repeat(np.arange(groups), size)
    n = len(group)
    cost = np.where(chance.random(n) < 0.5, 0, chance.choice([100, 250, 500, 900], n)).astype(float)
    value = chance.choice([50.0, 100.0, 200.0], n) + cost * 2 * chance.random(n)
    rows = np.flatnonzero(cost)
    gift = chance.integers(1, things, len(rows))
    need = csr_array(
        (
            np.append(cost[rows], np.ones(len(rows))),
            (np.append(rows, rows), np.append(0 * gift, gift)),
        ),
        shape=(n, things),
    )
    pieces = np.full(things - 1, tight * len(rows) / things)
    return Alternatives(group, value, need, np.append(tight * cost.sum() / 2, pieces).round())


@settings(max_examples=60, deadline=None)
@given(among=small())
def test_a_choice_fits_and_the_best_of_all_lies_between_it_and_its_bound(among):
    found = allocate(among)
    best = by_brute_force(among)
    assert fits(among, found.chosen)
    assert found.value == pytest.approx(among.worth(found.chosen))
    assert found.value <= best + 1e-6
    assert best <= found.bound + 1e-6


@settings(max_examples=25, deadline=None)
@given(among=small())
def test_what_fits_for_everybody_is_everybodys_best(among):
    plenty = Alternatives(among.group, among.value, among.need, among.left + 1000)
    found = allocate(plenty)
    assert found.value == pytest.approx(by_brute_force(plenty))
    assert found.gap == 0
    assert not found.prices.any()


@pytest.mark.parametrize("seed", range(3))
def test_a_middling_night_is_within_its_gap_of_the_integer_program(seed):
    among = many(400, seed=seed)
    found = allocate(among)
    rows = np.arange(len(among.group))
    groups = csr_array((np.ones(len(rows)), (among.group, rows)))
    limits = np.append(np.ones(among.groups), among.left)
    best = -milp(
        -among.value,
        constraints=LinearConstraint(vstack([groups, among.need.T]), -np.inf, limits),
        integrality=1,
        bounds=(0, 1),
    ).fun
    assert fits(among, found.chosen)
    assert found.value <= best * (1 + 1e-6)
    assert best <= found.bound * (1 + 1e-6)
    assert found.gap < 0.01


@pytest.mark.parametrize("tight", [0.05, 0.3, 0.8])
def test_prices_alone_come_near_the_program(tight, monkeypatch):
    among = many(4000, seed=7, tight=tight)
    monkeypatch.setattr(allocation, "SAMPLED", 1500)
    by_program, by_prices = allocate(among), allocate(among, most_for_program=100)
    assert fits(among, by_prices.chosen)
    assert by_prices.gap < 0.01
    assert by_prices.bound >= by_program.bound * (1 - 1e-6)
    assert by_prices.value >= by_program.value * 0.99


def test_prices_that_leave_too_wide_a_gap_are_given_up_for_the_program(monkeypatch):
    among = many(500, seed=3)
    monkeypatch.setattr(allocation, "STEPS", 1)
    monkeypatch.setattr(allocation, "_prices_of_sample", lambda one: np.zeros(len(one.left)))
    found = allocate(among, most_for_program=100)
    assert found.value == pytest.approx(allocate(among).value)


def test_a_price_is_what_one_more_would_add():
    among = alternatives((0, 10, [1]), (1, 7, [1]), (2, 4, [1]), left=[2.0])
    found = allocate(among)
    assert found.chosen.tolist() == [0, 1, NONE]
    assert 4 - 1e-6 <= found.prices[0] <= 7 + 1e-6
    one_more = Alternatives(among.group, among.value, among.need, among.left + 1)
    assert allocate(one_more).value - found.value == 4


def test_in_turn_the_first_has_her_best_and_the_next_what_is_left():
    among = alternatives(
        (0, 9, [1, 0]), (0, 5, [0, 1]), (1, 9, [1, 0]), (1, 5, [0, 1]), left=[1, 1]
    )
    assert take_in_turn(among, among.value).tolist() == [0, 3]
    assert take_in_turn(among, among.value, turn=np.array([0, 0, 1, 1])).tolist() == [1, 2]


def test_what_is_left_over_improves_somebodys_choice():
    among = alternatives((0, 3, [1]), (0, 9, [4]), (1, 2, [1]), left=[6.0])
    assert improve(among, np.array([0, 2]), among.value).tolist() == [1, 2]


def test_nothing_to_choose_from_is_nothing_chosen():
    nothing = Alternatives(np.zeros(0, int), np.zeros(0), csr_array((0, 1)), np.zeros(1))
    found = allocate(nothing)
    assert found.chosen.size == 0
    assert (found.value, found.bound, found.gap) == (0, 0, 0)
