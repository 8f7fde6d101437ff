"""The temperature is that of the least log loss, from logits as well as from probabilities."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import expit, softmax
from sklearn.metrics import log_loss

from monai_covid.evaluation.calibration.temperature import (
    HIGHEST,
    LOWEST,
    fit_temperature,
    log_loss_of,
    logits_of,
    probabilities_at,
)
from tests.evaluation.calibration.simulated import calibrated_logits


@pytest.mark.parametrize("truth", [0.4, 1.0, 2.5])
def test_a_known_temperature_is_found(truth):
    logits, true = calibrated_logits(20_000)
    fit = fit_temperature(logits * truth, np.eye(3)[true])
    assert fit.temperature == pytest.approx(truth, rel=0.03)
    assert not fit.at_limit
    assert fit.after <= fit.before


@pytest.mark.parametrize("seed", range(3))
def test_no_other_temperature_has_less_log_loss(seed):
    logits, true = calibrated_logits(150, seed)
    logits = 2 * logits

    def loss(log_temperature):
        return log_loss(true, softmax(logits / np.exp(log_temperature), axis=1), labels=range(3))

    best = minimize_scalar(loss, bounds=(-3, 3), method="bounded", options={"xatol": 1e-9})
    fit = fit_temperature(logits, np.eye(3)[true])
    assert fit.temperature == pytest.approx(np.exp(best.x), rel=1e-5)
    assert fit.after == pytest.approx(best.fun, rel=1e-9)
    assert fit.before == pytest.approx(loss(0.0), rel=1e-9)


def test_two_classes_have_a_closed_form():
    # 3 of 4 right at one and the same logit z: the best probability is 3/4, so z / T = log 3.
    logits = np.tile([2.0, 0.0], (4, 1))
    targets = np.eye(2)[[0, 0, 0, 1]]
    assert fit_temperature(logits, targets).temperature == pytest.approx(2 / np.log(3))
    # The same for labels of their own, over all of their values.
    fit = fit_temperature(np.full((4, 1), 2.0), targets[:, :1], multilabel=True)
    assert fit.temperature == pytest.approx(2 / np.log(3))


def test_labels_of_their_own_share_one_temperature():
    generator = np.random.default_rng(0)
    logits = generator.normal(scale=2, size=(8000, 4))
    targets = (generator.random(logits.shape) < expit(logits)).astype(float)
    fit = fit_temperature(1.7 * logits, targets, multilabel=True)
    assert fit.temperature == pytest.approx(1.7, rel=0.03)
    flat = log_loss(targets.ravel(), expit(1.7 * logits).ravel())
    assert fit.before == pytest.approx(flat, rel=1e-9)


def test_faultless_and_uninformative_predictions_are_told():
    logits = 3 * np.eye(3)[[0, 1, 2, 0]]
    sure = fit_temperature(logits, np.eye(3)[[0, 1, 2, 0]])
    assert (sure.temperature, sure.at_limit) == (LOWEST, True)
    wrong = fit_temperature(logits, np.eye(3)[[1, 2, 0, 1]])
    assert (wrong.temperature, wrong.at_limit) == (HIGHEST, True)
    assert np.isfinite([sure.after, wrong.after, wrong.before]).all()


def test_enormous_logits_do_no_harm():
    logits, true = calibrated_logits(5000)
    fit = fit_temperature(logits * 15 + 1e4, np.eye(3)[true])
    assert fit.temperature == pytest.approx(15, rel=0.05)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_bad_logits_are_refused(bad):
    with pytest.raises(ValueError, match="finite"):
        fit_temperature(np.array([[bad, 0.0]]), np.array([[1.0, 0.0]]))
    with pytest.raises(ValueError, match=r"\(1, 2\) and targets \(2, 2\)"):
        fit_temperature(np.zeros((1, 2)), np.zeros((2, 2)))


def test_probabilities_stand_in_for_logits():
    logits, true = calibrated_logits(400)
    targets = np.eye(3)[true]
    stored = softmax(1.4 * logits, axis=1)
    direct = fit_temperature(1.4 * logits, targets)
    found = fit_temperature(logits_of(stored, multilabel=False), targets)
    assert found.temperature == pytest.approx(direct.temperature, rel=1e-9)
    for many in (False, True):
        p = probabilities_at(logits, 1.0, multilabel=many)
        again = probabilities_at(logits_of(p, multilabel=many), 1.0, multilabel=many)
        np.testing.assert_allclose(again, p, atol=1e-12)


def test_a_stored_zero_is_half_of_the_smallest_other_value():
    table = np.array([[0.98, 0.02, 0.0], [0.5, 0.25, 0.25]])
    expected = np.log([[0.98, 0.02, 0.01], [0.5, 0.25, 0.25]])
    np.testing.assert_allclose(logits_of(table, multilabel=False), expected)
    many = logits_of(np.array([[1.0, 0.2, 0.96]]), multilabel=True)
    np.testing.assert_allclose(expit(many), [[0.98, 0.2, 0.96]])


def test_certain_tables_are_refused():
    with pytest.raises(ValueError, match="all probabilities are 0 or 1"):
        logits_of(np.eye(3), multilabel=False)


def test_log_loss_is_that_of_scikit_learn():
    logits, true = calibrated_logits(100)
    expected = log_loss(true, softmax(logits / 1.3, axis=1), labels=range(3))
    found = log_loss_of(logits, np.eye(3)[true], 1.3, multilabel=False)
    assert found == pytest.approx(expected)
