import numpy as np
import pytest
from sklearn.metrics import roc_curve

from monai_covid.evaluation.plots.roc_curves import GRID, resampled_curves, roc_bands
from monai_covid.evaluation.ranked import rank
from monai_covid.evaluation.report import evaluate_table
from tests.evaluation.tables import CLASSES, certain, single_label


@pytest.mark.parametrize("decimals", [1, 8])
def test_curve_of_one_weighting_equals_scikit_learn(decimals):
    generator = np.random.default_rng(0)
    positive = generator.random(60) < 0.4
    scores = np.round(generator.normal(size=60) + positive, decimals)
    weights = generator.poisson(1, size=(10, 60)).astype(float)
    for row, curve in zip(weights, resampled_curves(rank(positive, scores), weights), strict=True):
        used = row > 0
        false, true, _ = roc_curve(
            positive[used], scores[used], sample_weight=row[used], drop_intermediate=False
        )
        # Of several corners at one rate the highest counts.
        last = np.append(np.diff(false) > 0, True)
        expected = np.interp(GRID, false[last], true[last])
        assert curve == pytest.approx(expected, abs=1e-12)


def test_band_surrounds_the_curve_and_narrows_with_data():
    widths = []
    for n in (100, 1600):
        band = roc_bands(evaluate_table(single_label(n=n, patients=n), CLASSES))["covid19"]
        inside = np.interp(GRID, band.false_positive_rate, band.true_positive_rate)
        middle = slice(10, 190)
        assert (band.low[middle] <= inside[middle] + 0.02).all()
        assert (inside[middle] <= band.high[middle] + 0.02).all()
        widths.append(float((band.high - band.low).mean()))
    assert widths[0] / widths[1] == pytest.approx(4, rel=0.35)


def test_classes_without_both_outcomes_have_no_band():
    assert roc_bands(evaluate_table(certain([0, 0], [0, 1]), CLASSES)) == {}
    assert set(roc_bands(evaluate_table(certain([0, 1], [0, 1]), CLASSES))) == {
        "covid19",
        "pneumonia",
    }
