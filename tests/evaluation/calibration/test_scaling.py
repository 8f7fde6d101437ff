"""A temperature and biases: against the temperature alone, closed forms, and what was put in."""

import numpy as np
import pytest

from monai_covid.evaluation.calibration.scaling import Scaling, fit_scaling
from monai_covid.evaluation.calibration.temperature import fit_temperature
from tests.evaluation.calibration.simulated import calibrated_logits


def one_hot(true, classes=3):
    return np.eye(classes)[true]


def test_without_biases_it_is_the_temperature_of_the_least_log_loss():
    logits, true = calibrated_logits(400)
    fit = fit_scaling(1.7 * logits, one_hot(true), np.ones(400), biases=False)
    expected = fit_temperature(1.7 * logits, one_hot(true)).temperature
    assert fit.temperature == pytest.approx(expected, rel=1e-4)
    assert fit.biases.tolist() == [0, 0, 0]
    assert not fit.at_limit


def test_weights_are_repetitions():
    logits, true = calibrated_logits(150)
    times = np.random.default_rng(0).integers(1, 4, 150)
    weighted = fit_scaling(logits, one_hot(true), times.astype(float))
    repeated = fit_scaling(
        np.repeat(logits, times, axis=0), one_hot(np.repeat(true, times)), np.ones(times.sum())
    )
    assert weighted.temperature == pytest.approx(repeated.temperature, rel=1e-4)
    np.testing.assert_allclose(weighted.biases, repeated.biases, atol=1e-4)


def test_a_class_without_images_keeps_its_place():
    logits, true = calibrated_logits(600)
    some = true != 2
    fit = fit_scaling(logits[some], one_hot(true[some]), np.ones(some.sum()))
    assert fit.biases[2] == 0
    assert np.abs(fit.biases[:2]).max() < 0.5  # nothing was wrong with them
    assert fit.biases.sum() == pytest.approx(0)
    expected = fit_scaling(logits[some, :2], one_hot(true[some], 2), np.ones(some.sum()))
    np.testing.assert_allclose(fit.biases[:2], expected.biases)
    alone = fit_scaling(logits[true == 1], one_hot(true[true == 1]), np.ones((true == 1).sum()))
    assert alone.biases.tolist() == [0, 0, 0]


def test_each_class_is_expected_as_often_as_it_is_seen():
    """Where the log loss is least, its slope along each bias is 0."""
    logits, true = calibrated_logits(500)
    weights = np.random.default_rng(1).uniform(0.5, 2, 500)
    fit = fit_scaling(2 * logits + [1.0, 0.0, -0.5], one_hot(true), weights)
    probabilities = fit.probabilities(2 * logits + [1.0, 0.0, -0.5])
    np.testing.assert_allclose(
        np.average(probabilities, axis=0, weights=weights),
        np.average(one_hot(true), axis=0, weights=weights),
        atol=1e-5,
    )
    assert fit.biases.sum() == pytest.approx(0)


def test_what_was_done_to_calibrated_logits_is_undone():
    logits, true = calibrated_logits(4000)
    wrong = 2.5 * (logits - [0.8, -0.4, -0.4])
    fit = fit_scaling(wrong, one_hot(true), np.ones(4000))
    assert fit.temperature == pytest.approx(2.5, rel=0.1)
    np.testing.assert_allclose(fit.biases, [0.8, -0.4, -0.4], atol=0.12)
    # The last layer takes the biases up before the temperature divides it.
    shifted = Scaling(fit.temperature, np.zeros(3)).probabilities(wrong + fit.head_biases)
    np.testing.assert_allclose(shifted, fit.probabilities(wrong))


def test_a_class_without_images_has_no_bias_of_its_own():
    logits, true = calibrated_logits(200)
    without = true != 2
    fit = fit_scaling(logits[without], one_hot(true[without]), np.ones(without.sum()))
    assert np.isfinite(fit.biases).all()
    assert np.abs(fit.biases).max() < 10


def test_nothing_but_right_answers_are_no_temperature():
    logits, _ = calibrated_logits(60)
    fit = fit_scaling(logits, one_hot(logits.argmax(axis=1)), np.ones(60), biases=False)
    assert fit.at_limit
