"""Measures of uncertainty against plain formulas."""

import numpy as np
import pytest
from scipy.special import logsumexp, softmax
from scipy.stats import entropy
from sklearn.metrics import mutual_info_score

from monai_covid.evaluation.calibration.uncertainty import MEASURES, Scores, uncertainty


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
    with pytest.raises(ValueError, match="energy needs logits"):
        uncertainty("energy", scores)
    with pytest.raises(ValueError, match="vote_entropy needs members"):
        uncertainty("vote_entropy", scores)
    with pytest.raises(ValueError, match=f"'luck'; it must be one of {', '.join(MEASURES)}"):
        uncertainty("luck", scores)
