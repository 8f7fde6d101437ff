"""Rules of the words: nothing is claimed that an interval leaves open."""

import math

import numpy as np
import pytest

from monai_covid.lab.studies.pages.records import Comparison, Estimate
from monai_covid.lab.studies.pages.verdicts import (
    Verdict,
    above_chance,
    is_significant,
    verdict,
    verdict_of_intervals,
)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.001, 0.02, Verdict.BETTER),
        (-0.02, -0.001, Verdict.WORSE),
        (-0.01, 0.02, Verdict.NO_DIFFERENCE),
        (0.0, 0.02, Verdict.NO_DIFFERENCE),
        (-0.02, 0.0, Verdict.NO_DIFFERENCE),
        (None, None, Verdict.UNKNOWN),
    ],
)
def test_only_an_interval_without_zero_shows_a_difference(low, high, expected):
    assert verdict(Estimate(0.01, low, high)) is expected


def test_less_of_a_loss_is_better():
    assert verdict(Estimate(-0.1, -0.2, -0.05), "train_loss") is Verdict.BETTER
    assert verdict(Estimate(0.1, 0.05, 0.2), "validation loss") is Verdict.WORSE
    assert verdict(Estimate(0.1, 0.05, 0.2), "validation_auc") is Verdict.BETTER
    blanked = "balanced_accuracy, lungs blanked out"
    assert verdict(Estimate(0.1, 0.05, 0.2), blanked) is Verdict.WORSE


def compared(low, high, holm):
    difference = Estimate((low + high) / 2, low, high)
    return Comparison("a", "b", "validation_auc", 15, difference, 0.001, holm, "", "")


def test_significant_takes_the_corrected_p_value_and_the_interval():
    assert is_significant(compared(0.01, 0.03, 0.049))
    assert not is_significant(compared(0.01, 0.03, 0.05))
    assert not is_significant(compared(0.01, 0.03, None))
    assert not is_significant(compared(-0.01, 0.03, 0.001))


def test_intervals_that_overlap_leave_it_open():
    assert (
        verdict_of_intervals(Estimate(0.7, 0.65, 0.75), Estimate(0.8, 0.75, 0.85))
        is Verdict.NO_DIFFERENCE
    )
    assert (
        verdict_of_intervals(Estimate(0.7, 0.65, 0.74), Estimate(0.8, 0.75, 0.85)) is Verdict.WORSE
    )
    assert (
        verdict_of_intervals(Estimate(0.8, 0.75, 0.85), Estimate(0.7, 0.65, 0.74)) is Verdict.BETTER
    )
    assert verdict_of_intervals(None, Estimate(0.7, 0.65, 0.74)) is Verdict.UNKNOWN
    assert (
        verdict_of_intervals(Estimate(0.8, None, None), Estimate(0.7, 0.65, 0.74))
        is Verdict.UNKNOWN
    )
    assert verdict_of_intervals(Estimate(0.0, 0.0, 0.0), Estimate(0.1, 0.05, 0.2)) is Verdict.WORSE


@pytest.mark.parametrize("correlation", [-0.95, 0.0, 0.95])
def test_equal_values_are_rarely_called_different_whatever_their_correlation(correlation):
    """Two equal accuracies with normal errors: at most 5 in 100 may be called different."""
    generator = np.random.default_rng(0)
    covariance = [[1.0, correlation], [correlation, 1.0]]
    errors = 0.02 * generator.multivariate_normal([0, 0], covariance, 2000)
    half = 1.96 * 0.02
    pairs = [[Estimate(v, v - half, v + half) for v in pair] for pair in (0.7 + errors).tolist()]
    different = sum(verdict_of_intervals(*pair) is not Verdict.NO_DIFFERENCE for pair in pairs)
    # The difference has variance 2 (1 - correlation) and must exceed twice the half width.
    spread = math.sqrt(2 * (1 - correlation))
    chance = math.erfc(2 * 1.96 / spread / math.sqrt(2))
    assert chance <= 0.051
    assert different / 2000 == pytest.approx(chance, abs=4 * math.sqrt(chance / 2000) + 1e-9)


def test_chance_is_one_over_the_classes():
    assert above_chance(Estimate(0.4, 0.34, 0.46), 3)
    assert not above_chance(Estimate(0.4, 0.33, 0.46), 3)
    assert not above_chance(None, 3)
    assert not above_chance(Estimate(0.4, None, None), 3)
