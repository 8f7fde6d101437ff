import numpy as np
import pytest
from sklearn.metrics import accuracy_score, roc_auc_score

from monai_covid.audits.shortcuts.learning import score
from monai_covid.audits.subject import AuditOptions
from monai_covid.evaluation.bootstrap import patient_weights, percentile_interval
from monai_covid.evaluation.metrics import MetricKey
from monai_covid.evaluation.predictions import multiclass_table, multilabel_table
from monai_covid.evaluation.report import evaluate_table

LABELS = ("a", "b", "c")
OPTIONS = AuditOptions(resamples=60, seed=4)


def table(true, patients):
    generator = np.random.default_rng(0)
    scores = generator.dirichlet([1, 1, 1], len(true)) + 0.5 * np.eye(3)[true]
    names = [f"{i}.png" for i in range(len(true))]
    return multiclass_table(
        names, patients, np.array(true), scores / scores.sum(axis=1, keepdims=True), LABELS
    )


@pytest.fixture
def predictions():
    true = np.random.default_rng(1).integers(0, 3, 80)
    return table(true, [f"p{i // 2}" for i in range(80)])


def test_scores_are_those_of_scikit_learn_and_of_the_evaluation(predictions):
    found = score(predictions, LABELS, OPTIONS)
    report = evaluate_table(predictions, LABELS, 60, 4)
    for metric, label in [("accuracy", None), ("balanced_accuracy", None), ("auc", "b")]:
        row = report.row(metric, label)
        assert found[MetricKey(metric, label)] == pytest.approx((row.value, row.low, row.high))
    truth = predictions["label"] == "c"
    value = found[MetricKey("auc", "c")].value
    assert value == pytest.approx(roc_auc_score(truth, predictions["probability_c"]))


def test_accuracy_against_the_rest_is_that_of_the_patients_drawn(predictions):
    called = (predictions["probability_a"] >= 0.5).to_numpy()
    truth = (predictions["label"] == "a").to_numpy()
    (weights,) = patient_weights(predictions["patient_id"].tolist(), 60, 4)
    drawn = np.array([accuracy_score(truth, called, sample_weight=w) for w in weights])
    interval = percentile_interval(drawn)
    found = score(predictions, LABELS, OPTIONS)[MetricKey("accuracy_against_rest", "a")]
    expected = (accuracy_score(truth, called), interval.low, interval.high)
    assert found == pytest.approx(expected)


def test_one_patient_has_no_interval_and_a_missing_class_no_auc():
    found = score(table([0, 1, 1], ["p", "p", "p"]), LABELS, OPTIONS)
    assert found[MetricKey("accuracy")].low is None
    assert found[MetricKey("auc", "c")].value is None


def test_several_labels_per_image_are_refused():
    many = multilabel_table(["a.png"], ["p"], [[1, 1, 0]], [[0.5, 0.5, 0.5]], LABELS)
    with pytest.raises(ValueError, match="one true class per image"):
        score(many, LABELS, OPTIONS)
