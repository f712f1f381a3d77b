import numpy as np
import pytest

from recommender.timing.survival import Curves, kaplan_meier


def test_kaplan_meier_agrees_with_a_hand_worked_example():
    # Six from day 1 on; ends on days 1, 2, 3, 5; out of sight after days 2 and 4.
    entered = np.array([6, 0, 0, 0, 0])
    died = np.array([1, 1, 1, 0, 1])
    left = np.array([1, 2, 1, 1, 1])
    by_hand = [5 / 6, 5 / 6 * 4 / 5, 5 / 6 * 4 / 5 * 2 / 3, 5 / 6 * 4 / 5 * 2 / 3, 0.0]
    assert kaplan_meier(entered, died, left) == pytest.approx(by_hand)


def test_who_comes_late_is_not_at_risk_before():
    # Two from day 1 on, two more only from day 3 on; one ends on day 2, one on day 3.
    survival = kaplan_meier(np.array([2, 0, 2]), np.array([0, 1, 1]), np.array([0, 1, 3]))
    assert survival == pytest.approx([1.0, 1 / 2, 1 / 2 * 2 / 3])


def test_without_observations_the_prior_speaks():
    rate = np.array([0.1, 0.2, 0.5])
    none = np.zeros(3, dtype=np.int64)
    survival = kaplan_meier(none, none, none, prior=rate, prior_at_risk=5.0)
    assert survival == pytest.approx([0.9, 0.72, 0.36])


def test_a_prior_counts_as_so_many_more_at_risk():
    survival = kaplan_meier(
        np.array([15]), np.array([3]), np.array([15]), prior=np.array([0.4]), prior_at_risk=5.0
    )
    assert survival == pytest.approx([1 - (3 + 2) / (15 + 5)])


def test_curves_are_read_by_straight_lines_and_back():
    curves = Curves(0.0, 1.0, np.array([[1.0, 0.5, 0.0], [1.0, 0.8, 0.4]]))
    curve = np.array([0, 0, 1, 1, 1])
    z = np.array([0.5, 9.0, 1.5, -3.0, 1.0])
    assert curves.at(curve, z) == pytest.approx([0.75, 0.0, 0.6, 1.0, 0.8])
    assert curves.reaching(np.array([0, 1, 1]), np.array([0.75, 0.6, 0.1])) == pytest.approx(
        [0.5, 1.5, 2.0]
    )
