"""Thresholds reach what they promise, and are refused where nothing can be promised."""

import numpy as np
import pytest
from scipy.stats import binomtest

from monai_covid.evaluation.calibration.thresholds import (
    exact_interval,
    operating_point,
    patients_needed,
)

NAMES = np.array([f"p{k}" for k in range(10_000)])


def drawn(positives, negatives, generator):
    scores = np.r_[generator.normal(1.5, 1, positives), generator.normal(0, 1, negatives)]
    return scores, np.arange(positives + negatives) < positives, NAMES[: positives + negatives]


def test_the_needed_number_is_that_of_wilks():
    assert patients_needed(0.95, 0.95) == 59
    assert patients_needed(0.9, 0.95) == 29
    assert patients_needed(0.5, 0.5) == 1


@pytest.mark.parametrize("sensitivity", [0.95, 0.8])
def test_fewer_patients_give_no_threshold_and_just_enough_the_lowest_score(sensitivity):
    needed = patients_needed(sensitivity, 0.95)
    generator = np.random.default_rng(0)
    few = operating_point("a", *drawn(needed - 1, 50, generator), sensitivity=sensitivity)
    assert (few.threshold, few.specificity, few.needed) == (None, None, needed)
    scores, positive, names = drawn(needed, 50, generator)
    enough = operating_point("a", scores, positive, names, sensitivity=sensitivity)
    assert enough.threshold == scores[positive].min()
    assert (enough.positives, enough.negatives) == (needed, 50)


def test_the_promise_is_kept_as_often_as_it_says():
    # Scores are uniform, so that the true sensitivity at t is 1 - t.
    generator = np.random.default_rng(1)
    reached = []
    for _ in range(1500):
        scores = generator.random(150)
        point = operating_point(
            "a", scores, np.ones(150, bool), NAMES[:150], sensitivity=0.9, confidence=0.9
        )
        reached.append(1 - point.threshold >= 0.9)
        assert point.specificity is None
    # At least 0.9; the next higher order statistic would keep it in 0.84 of the samples.
    assert 0.88 <= np.mean(reached) <= 0.97


def test_patients_count_and_not_their_images():
    scores, positive, names = drawn(60, 40, np.random.default_rng(2))
    alone = operating_point("a", scores, positive, names)
    # A second image of each patient: higher where there is the class, lower where there is not.
    twice = operating_point(
        "a",
        np.r_[scores, scores + np.where(positive, 1, -1)],
        np.r_[positive, positive],
        np.r_[names, names],
    )
    assert twice == alone
    few = operating_point("a", scores, positive, np.repeat(NAMES[:10], 10))
    assert few.threshold is None
    assert few.positives == 6


def test_specificity_has_the_exact_interval():
    scores, positive, names = drawn(100, 80, np.random.default_rng(3))
    point = operating_point("a", scores, positive, names)
    clear = int((scores[~positive] < point.threshold).sum())
    expected = binomtest(clear, 80).proportion_ci(0.95, "exact")
    assert point.specificity == clear / 80
    assert (point.low, point.high) == pytest.approx((expected.low, expected.high))


@pytest.mark.parametrize("count", [0, 1, 7, 10])
def test_exact_intervals_are_those_of_scipy(count):
    expected = binomtest(count, 10).proportion_ci(0.95, "exact")
    assert exact_interval(count, 10) == pytest.approx((expected.low, expected.high))


@pytest.mark.parametrize("share", [0, 1, -0.1, 95])
def test_shares_lie_between_0_and_1(share):
    with pytest.raises(ValueError, match=f"sensitivity is {share}"):
        patients_needed(share, 0.95)
    with pytest.raises(ValueError, match=f"confidence is {share}"):
        patients_needed(0.95, share)
