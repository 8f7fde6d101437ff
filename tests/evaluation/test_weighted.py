import numpy as np
import pytest
from sklearn import metrics as sk

from monai_covid.evaluation.metrics import point_metrics
from monai_covid.evaluation.outcomes import outcomes_of
from monai_covid.evaluation.ranked import (
    rank,
    weighted_auc,
    weighted_average_precision,
    weights_by_score,
)
from monai_covid.evaluation.weighted import measure_of
from tests.evaluation.tables import CLASSES, LABELS, certain, duplicated, multi_label, single_label


def scored(decimals, n=80, resamples=40, seed=1):
    generator = np.random.default_rng(seed)
    positive = generator.random(n) < 0.3
    scores = np.round(generator.normal(size=n) + positive, decimals)
    return positive, scores, generator.poisson(1, size=(resamples, n)).astype(float)


def at(positive, scores, weights):
    return weights_by_score(rank(positive, scores), weights)


@pytest.mark.parametrize("decimals", [0, 1, 8])
def test_auc_equals_scikit_learn_with_and_without_ties(decimals):
    positive, scores, weights = scored(decimals)
    expected = [sk.roc_auc_score(positive, scores, sample_weight=row) for row in weights]
    assert weighted_auc(at(positive, scores, weights)) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("decimals", [0, 1, 8])
def test_auc_equals_counting_pairs(decimals):
    positive, scores, weights = scored(decimals, n=25, resamples=5)
    for row, found in zip(weights, weighted_auc(at(positive, scores, weights)), strict=True):
        won = total = 0.0
        for i in np.flatnonzero(positive):
            for j in np.flatnonzero(~positive):
                pair = row[i] * row[j]
                won += pair * ((scores[i] > scores[j]) + 0.5 * (scores[i] == scores[j]))
                total += pair
        assert found == pytest.approx(won / total, abs=1e-12)


@pytest.mark.parametrize("decimals", [0, 1, 8])
def test_average_precision_equals_scikit_learn(decimals):
    positive, scores, weights = scored(decimals)
    expected = [sk.average_precision_score(positive, scores, sample_weight=row) for row in weights]
    found = weighted_average_precision(at(positive, scores, weights))
    assert found == pytest.approx(expected, abs=1e-12)


def test_weightings_without_one_outcome_are_not_defined():
    positive, scores = np.array([True, False, False]), np.array([0.9, 0.1, 0.2])
    weights = np.array([[0.0, 1, 1], [1, 0, 0], [1, 1, 0]])
    found = weighted_auc(at(positive, scores, weights))
    assert np.isnan(found[:2]).all()
    assert found[2] == 1
    precision = weighted_average_precision(at(positive, scores, weights))
    assert np.isnan(precision[0])
    assert precision[1:].tolist() == [1, 1]


@pytest.mark.parametrize(
    ("table", "names"),
    [
        (single_label(), CLASSES),
        (single_label(decimals=1), CLASSES),
        (certain([0, 0, 1, 1], [0, 1, 1, 2]), CLASSES),
        (certain([1, 1, 1], [1, 1, 0]), CLASSES),
        (multi_label(), LABELS),
        (multi_label(empty=1), LABELS),
    ],
)
def test_weights_of_one_give_the_point_metrics(table, names):
    outcomes = outcomes_of(table, names)
    found = measure_of(outcomes)(np.ones((1, len(table))))
    expected = point_metrics(outcomes)
    assert list(found) != []
    assert {key: value[0] for key, value in found.items()} == pytest.approx(
        expected, abs=1e-12, nan_ok=True
    )


@pytest.mark.parametrize(("table", "names"), [(single_label(), CLASSES), (multi_label(), LABELS)])
def test_weights_equal_rows_that_are_really_repeated(table, names):
    weights = np.random.default_rng(3).poisson(1, size=(20, len(table))).astype(float)
    found = measure_of(outcomes_of(table, names))(weights)
    for position, row in enumerate(weights):
        expected = point_metrics(outcomes_of(duplicated(table, row), names))
        assert {key: value[position] for key, value in found.items()} == pytest.approx(
            expected, abs=1e-10, nan_ok=True
        )


def test_averages_need_every_class_of_the_table():
    table = single_label(n=30)
    weights = (table["label"] != "normal").to_numpy(float)[None]
    found = {
        key: value[0] for key, value in measure_of(outcomes_of(table, CLASSES))(weights).items()
    }
    undefined = {key.metric for key, value in found.items() if np.isnan(value) and not key.label}
    assert undefined == {"balanced_accuracy", "macro_f1", "macro_auc"}
    assert not np.isnan(found[("recall", "covid19")])
    assert np.isnan(found[("recall", "normal")])
    assert np.isnan(found[("precision", "normal")])
