"""The formulas, on numbers worked out by hand."""

from __future__ import annotations

from math import sqrt

import pytest

from appliance.core.ha.crs.load import criteria, imbalance, rank


def test_imbalance_is_deviation_over_mean() -> None:
    # Mean 0.4, deviations 0.2, -0.2: standard deviation 0.2.
    assert imbalance([0.6, 0.2]) == pytest.approx(0.5)
    # Everything on one of three: mean a third, variance (4 + 1 + 1) / 27.
    assert imbalance([1.0, 0.0, 0.0]) == pytest.approx(sqrt(2))


def test_imbalance_of_nothing_is_none() -> None:
    assert imbalance([0.0, 0.0]) == 0.0
    assert imbalance([]) == 0.0
    assert imbalance([0.7]) == 0.0


def test_criteria_are_spread_and_peak() -> None:
    found = criteria([0.6, 0.8], [0.0, 0.5])
    assert found == pytest.approx((1 + sqrt(0.5), 1.8, 1 + sqrt(0.125), 1.5))


def test_the_ideal_scores_one_and_its_opposite_none() -> None:
    assert rank([(1, 1, 1, 1), (2, 2, 2, 2)]) == [1.0, 0.0]
    assert rank([(1, 1, 1, 1), (1, 1, 1, 1)]) == [0.0, 0.0]
    assert rank([(0, 0, 0, 0)]) == [0.0]
    assert rank([]) == []


def test_memory_peak_weighs_most() -> None:
    # Two alternatives, each better in one criterion by the same ratio 3 to 4. Both columns
    # normalise to 0.6 and 0.8, so distances are 0.2 times the weight and scores w / (w + w').
    assert rank([(3, 1, 1, 4), (4, 1, 1, 3)]) == pytest.approx([1 / 11, 10 / 11])
    assert rank([(1, 3, 4, 1), (1, 4, 3, 1)]) == pytest.approx([2 / 7, 5 / 7])
