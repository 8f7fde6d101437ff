"""Measures of uncertainty against plain formulas, and risk-coverage curves against slow ones."""

import numpy as np
import pytest
from scipy.special import logsumexp, softmax
from scipy.stats import entropy
from sklearn.metrics import mutual_info_score

from monai_covid.evaluation.calibration.selective import (
    compare_uncertainties,
    risk_coverage,
    selective_accuracy,
)
from monai_covid.evaluation.calibration.uncertainty import (
    MEASURES,
    Scores,
    possible_measures,
    uncertainty,
)


def members(m=5, n=20, seed=0):
    return softmax(np.random.default_rng(seed).normal(scale=2, size=(m, n, 3)), axis=2)


def test_measures_are_the_textbook_formulas():
    logits = np.random.default_rng(0).normal(size=(10, 4))
    p = softmax(logits, axis=1)
    scores = Scores(p, logits=logits)
    best = np.sort(p, axis=1)
    np.testing.assert_allclose(uncertainty("max_probability", scores), 1 - best[:, -1])
    np.testing.assert_allclose(uncertainty("margin", scores), 1 - best[:, -1] + best[:, -2])
    np.testing.assert_allclose(uncertainty("entropy", scores), entropy(p, axis=1))
    np.testing.assert_allclose(uncertainty("energy", scores), -logsumexp(logits, axis=1))


def test_disagreement_is_what_members_do_not_share():
    scores = Scores.of_ensemble(members())
    mean_divergence = entropy(scores.members, scores.probabilities[None], axis=2).mean(axis=0)
    np.testing.assert_allclose(uncertainty("mutual_information", scores), mean_divergence)
    agreed = Scores.of_ensemble(np.repeat(members(1), 5, axis=0))
    for measure in ("mutual_information", "vote_entropy"):
        np.testing.assert_allclose(uncertainty(measure, agreed), 0, atol=1e-12)


def test_mutual_information_is_that_of_member_and_class_for_certain_members():
    # 2 members say class 0, 1 says class 1, each without doubt: all entropy is disagreement.
    certain = Scores.of_ensemble(np.eye(3)[[[0], [0], [1]]])
    expected = mutual_info_score([0, 1, 2], [0, 0, 1])
    assert uncertainty("mutual_information", certain)[0] == pytest.approx(expected)
    assert uncertainty("vote_entropy", certain)[0] == pytest.approx(entropy([2, 1]))


def test_what_is_missing_is_named():
    scores = Scores(members()[0])
    assert possible_measures(scores) == ("max_probability", "margin", "entropy")
    with pytest.raises(ValueError, match="energy needs logits"):
        uncertainty("energy", scores)
    with pytest.raises(ValueError, match="vote_entropy needs members"):
        uncertainty("vote_entropy", scores)
    with pytest.raises(ValueError, match=f"'luck'; it must be one of {', '.join(MEASURES)}"):
        uncertainty("luck", scores)


def test_the_curve_is_that_of_counting():
    generator = np.random.default_rng(0)
    unsure, correct = generator.random(50), generator.random(50) < 0.7
    curve = risk_coverage(unsure, correct)
    order = sorted(range(50), key=lambda k: unsure[k])
    slow = [np.mean([not correct[k] for k in order[: n + 1]]) for n in range(50)]
    np.testing.assert_allclose(curve.risk, slow)
    assert curve.area == pytest.approx(np.mean(slow))
    assert curve.accuracy_at(1.0) == pytest.approx(correct.mean())
    assert selective_accuracy(unsure, correct, 0.7) == pytest.approx(1 - slow[34])


def test_equally_unsure_images_share_their_errors():
    generator = np.random.default_rng(1)
    unsure, correct = generator.integers(3, size=40).astype(float), generator.random(40) < 0.6
    curve = risk_coverage(unsure, correct)
    turn = generator.permutation(40)
    np.testing.assert_allclose(risk_coverage(unsure[turn], correct[turn]).risk, curve.risk)
    # The mean over many ways of breaking the ties.
    broken = [
        risk_coverage(unsure + 1e-6 * generator.random(40), correct).risk for _ in range(3000)
    ]
    np.testing.assert_allclose(np.mean(broken, axis=0), curve.risk, atol=0.03)


def test_errors_last_is_best_and_first_worst():
    correct = np.arange(100) < 80
    rank = np.arange(100.0)
    best, worst = risk_coverage(rank, correct), risk_coverage(-rank, correct)
    # Geifman, Uziel & El-Yaniv (ICLR 2019): e + (1 - e) ln(1 - e), for many images.
    assert best.area == pytest.approx(0.2 + 0.8 * np.log(0.8), abs=2e-3)
    assert (best.accuracy_at(0.8), worst.accuracy_at(0.2)) == (1.0, 0.0)


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="coverage is 0"):
        selective_accuracy(np.zeros(3), np.ones(3, bool), 0)
    with pytest.raises(ValueError, match=r"\(2,\) and outcomes \(3,\)"):
        risk_coverage(np.zeros(2), np.ones(3, bool))
    with pytest.raises(ValueError, match="must be numbers"):
        risk_coverage(np.array([np.nan]), np.ones(1, bool))


def test_a_good_measure_is_told_from_chance_and_the_same_order_from_nothing():
    generator = np.random.default_rng(2)
    correct = generator.random(300) < 0.7
    good = np.where(correct, 0.0, 1.0) + generator.normal(size=300)
    chance = generator.random(300)
    measures = {"chance": chance, "good": good, "squared": chance**2}
    patients = [f"p{k // 2}" for k in range(300)]
    same = dict.fromkeys(measures, correct)
    first, second, third = compare_uncertainties(measures, same, patients, resamples=200)
    assert first.difference.value is None
    assert second.difference.high < 0
    assert third.difference == (0, 0, 0)
    assert second.area.low < second.area.value < second.area.high
    assert second.accuracy[0.5].low > first.accuracy[1.0].high
    assert first.accuracy[1.0].value == pytest.approx(correct.mean())
