"""Calibration errors and Brier scores, against scikit-learn, slow loops and simulated truth."""

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, log_loss

from monai_covid.evaluation.calibration.reliability import (
    bin_sums,
    bins_for,
    debiased_squared_error,
    equal_mass_bins,
    expected_error,
    reliability,
    squared_error,
)
from monai_covid.evaluation.calibration.scores import (
    calibration_rows,
    measure_calibration,
    top_label,
)
from monai_covid.evaluation.outcomes import MultiLabelOutcomes, SingleLabelOutcomes, outcomes_of
from tests.evaluation.calibration.simulated import CLASSES, calibrated_logits
from tests.evaluation.tables import duplicated, single_label


def binary(n, seed, shift=0.0):
    """Probabilities, and outcomes that happen ``shift`` more often than these say."""
    generator = np.random.default_rng(seed)
    p = generator.uniform(0.2, 0.7, n)
    return p, generator.random(n) < p + shift


def outcomes(n=300, seed=0, temperature=1.0):
    logits, true = calibrated_logits(n, seed)
    p = softmax(logits / temperature, axis=1)
    return SingleLabelOutcomes(true, p.argmax(axis=1), p, CLASSES)


def point(one, bins=10):
    measured = measure_calibration(one, bins)(np.ones((1, len(one.probabilities))))
    return {name: float(values[0]) for name, values in measured.items()}


def test_bins_hold_alike_many_rows_and_keep_equal_values_together():
    p = np.random.default_rng(0).random(1003)
    assert set(np.bincount(equal_mass_bins(p, 10))) == {100, 101}
    tied = np.repeat([0.1, 0.5, 0.9], [50, 3, 7])
    assert equal_mass_bins(tied, 6).tolist() == [0] * 50 + [1] * 10
    assert (np.diff(equal_mass_bins(np.sort(p), 7)) >= 0).all()
    assert (bins_for(1), bins_for(150), bins_for(10_000)) == (2, 7, 15)
    with pytest.raises(ValueError, match="bins is 0"):
        equal_mass_bins(p, 0)


def test_the_plain_error_is_that_of_scikit_learns_curve():
    p, happened = binary(1000, 1)
    sums = bin_sums(p, happened, equal_mass_bins(p, 10), np.ones((1, 1000)))
    # 1000 different values in 10 bins of 100 each: both cut alike.
    rate, mean = calibration_curve(happened, p, n_bins=10, strategy="quantile")
    assert expected_error(sums)[0] == pytest.approx(np.abs(rate - mean).mean(), abs=1e-12)
    points = reliability(p, happened, bins=10, resamples=50)
    np.testing.assert_allclose(points.frequency, rate)
    np.testing.assert_allclose(points.probability, mean)
    assert points.size.tolist() == [100] * 10


@pytest.mark.parametrize("shift", [0.0, 0.1])
def test_what_chance_adds_is_taken_off(shift):
    found = []
    for seed in range(400):
        p, happened = binary(400, seed, shift)
        sums = bin_sums(p, happened, equal_mass_bins(p, 10), np.ones((1, 400)))
        found.append((squared_error(sums)[0], debiased_squared_error(sums)[0]))
    plain, debiased = np.mean(found, axis=0)
    error = np.std(found, axis=0)[1] / 20
    assert abs(debiased - shift**2) < 4 * error < 0.002
    assert plain > shift**2 + 0.004


def test_the_error_less_chance_has_a_closed_form():
    # Two bins: 6 of 10 happened where 0.5 was said, 2 of 5 where 0.4 was; a third has one row.
    p = np.repeat([0.5, 0.4, 0.9], [10, 5, 1])
    happened = np.r_[np.arange(10) < 6, np.arange(5) < 2, True]
    cut = np.repeat([1, 0, 2], [10, 5, 1])
    sums = bin_sums(p, happened, cut, np.ones((1, 16)))
    expected = (10 * (0.01 - 0.24 / 9) + 5 * (0 - 0.24 / 4)) / 15
    assert debiased_squared_error(sums)[0] == pytest.approx(expected)
    assert squared_error(sums)[0] == pytest.approx((10 * 0.01 + 0.01) / 16)


def test_scores_are_those_of_scikit_learn():
    one = outcomes()
    found = point(one)
    expected = sum(brier_score_loss(one.true == c, one.probabilities[:, c]) for c in range(3))
    assert found["brier"] == pytest.approx(expected)
    assert found["log_loss"] == pytest.approx(log_loss(one.true, one.probabilities))
    p, right = top_label(one)
    assert found["overconfidence"] == pytest.approx(p.mean() - right.mean())


def test_labels_of_their_own_have_the_mean_over_labels():
    p, happened = binary(200, 0)
    q, other = binary(200, 1)
    both = MultiLabelOutcomes(np.c_[happened, other], np.c_[p, q], ("a", "b"))
    found = point(both)
    assert found["brier"] == pytest.approx(
        (brier_score_loss(happened, p) + brier_score_loss(other, q)) / 2
    )
    assert found["log_loss"] == pytest.approx((log_loss(happened, p) + log_loss(other, q)) / 2)
    assert "ece" not in found


def test_weights_are_repeated_rows():
    table = single_label(80)
    weights = np.random.default_rng(0).integers(0, 4, 80)
    whole, repeated = (outcomes_of(t, CLASSES) for t in (table, duplicated(table, weights)))
    found = measure_calibration(whole, 1)(weights[None].astype(float))
    for name, value in point(repeated, 1).items():
        assert found[name][0] == pytest.approx(value, abs=1e-12), name


def test_overconfidence_is_seen_and_calibration_left_alone():
    patients = [f"p{k}" for k in range(600)]
    sure, level = outcomes(600, 0, temperature=0.4), outcomes(600, 0)
    rows = {
        row.score: row for row in calibration_rows(sure, level, patients, resamples=200, seed=1)
    }
    assert rows["rms"].before.low > 0.05
    assert rows["rms"].after.low < 0.02
    assert rows["overconfidence"].before.low > 0 > rows["log_loss"].difference.high
    assert rows["ece"].before.low is None


def test_the_interval_of_the_error_covers_the_truth():
    # Outcomes happen 0.1 more often than said, everywhere: the true error is 0.1.
    hits = 0
    for seed in range(40):
        p, happened = binary(300, seed, 0.1)
        one = MultiLabelOutcomes(happened[:, None], p[:, None], ("a",))
        patients = [f"p{k}" for k in range(300)]
        rows = calibration_rows(one, one, patients, bins=5, resamples=100, seed=seed)
        value = {row.score: row.before for row in rows}["classwise_rms"]
        hits += value.low <= 0.1 <= value.high
    assert hits >= 34  # of 40 at 95 %: fewer happen once in 100


def test_consistency_bars_hold_calibrated_points_and_not_others():
    p, happened = binary(20_000, 3)
    points = reliability(p, happened, bins=20, seed=1)
    inside = (points.low <= points.frequency) & (points.frequency <= points.high)
    assert inside.sum() >= 17
    sd = np.sqrt(points.probability * (1 - points.probability) / points.size)
    np.testing.assert_allclose(points.high - points.low, 3.92 * sd, rtol=0.15)
    p, happened = binary(20_000, 3, shift=0.1)
    points = reliability(p, happened, bins=20, seed=1)
    assert (points.frequency > points.high).all()
