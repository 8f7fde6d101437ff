import numpy as np
import pytest
from sklearn import metrics as sk

from monai_covid.evaluation.metrics import MetricKey, confusion_counts, point_metrics
from monai_covid.evaluation.outcomes import outcomes_of
from monai_covid.evaluation.predictions import multiclass_table, multilabel_table
from tests.evaluation.tables import CLASSES, LABELS, certain, multi_label, single_label


def metrics_of(table, names=CLASSES):
    return point_metrics(outcomes_of(table, names))


def test_perfect_classifier():
    found = metrics_of(certain([0, 1, 2, 0], [0, 1, 2, 0]))
    assert found.pop(MetricKey("log_loss")) == pytest.approx(0, abs=1e-12)
    assert set(found.values()) == {1.0}


def test_closed_forms_of_a_small_table():
    found = metrics_of(certain([0, 0, 0, 1, 1, 2], [0, 0, 1, 1, 0, 2]))
    assert found[MetricKey("accuracy")] == pytest.approx(4 / 6)
    assert found[MetricKey("balanced_accuracy")] == pytest.approx((2 / 3 + 1 / 2 + 1) / 3)
    assert found[MetricKey("precision", "covid19")] == pytest.approx(2 / 3)
    assert found[MetricKey("recall", "pneumonia")] == pytest.approx(1 / 2)
    assert found[MetricKey("specificity", "covid19")] == pytest.approx(2 / 3)
    assert found[MetricKey("f1", "pneumonia")] == pytest.approx(1 / 2)
    # One operating point: the area is the mean of sensitivity and specificity.
    assert found[MetricKey("auc", "covid19")] == pytest.approx((2 / 3 + 2 / 3) / 2)


def test_constant_classifier():
    table = multiclass_table(
        list("abcd"), list("wxyz"), [0, 1, 2, 1], np.full((4, 3), 1 / 3), CLASSES
    )
    found = metrics_of(table)
    assert found[MetricKey("accuracy")] == 0.25
    assert found[MetricKey("balanced_accuracy")] == pytest.approx(1 / 3)
    assert found[MetricKey("log_loss")] == pytest.approx(np.log(3))
    assert found[MetricKey("macro_auc")] == 0.5
    assert np.isnan(found[MetricKey("precision", "normal")])
    assert found[MetricKey("f1", "normal")] == 0.0


def test_random_classifier_has_auc_of_half():
    found = metrics_of(single_label(n=20_000, sharpness=0))
    assert found[MetricKey("macro_auc")] == pytest.approx(0.5, abs=0.02)
    assert found[MetricKey("accuracy")] == pytest.approx(1 / 3, abs=0.02)


def test_agrees_with_scikit_learn_averages():
    table = single_label()
    outcomes = outcomes_of(table, CLASSES)
    found = metrics_of(table)
    macro = sk.roc_auc_score(outcomes.true, outcomes.probabilities, multi_class="ovr")
    assert found[MetricKey("macro_auc")] == pytest.approx(macro, abs=1e-12)
    f1 = sk.f1_score(outcomes.true, outcomes.predicted, average="macro")
    assert found[MetricKey("macro_f1")] == pytest.approx(f1, abs=1e-12)
    balanced = sk.balanced_accuracy_score(outcomes.true, outcomes.predicted)
    assert found[MetricKey("balanced_accuracy")] == pytest.approx(balanced, abs=1e-12)


def test_confusion_counts_have_true_classes_as_rows():
    counts = confusion_counts(outcomes_of(certain([0, 0, 1], [1, 1, 2]), CLASSES))
    assert counts.tolist() == [[0, 2, 0], [0, 0, 1], [0, 0, 0]]


def test_absent_classes_are_not_defined_and_leave_averages_alone():
    found = metrics_of(certain([0, 0, 1, 1], [0, 1, 1, 2]))
    for metric in ("precision", "recall", "f1", "auc"):
        assert np.isnan(found[MetricKey(metric, "normal")])
    assert found[MetricKey("specificity", "normal")] == 0.75
    assert found[MetricKey("balanced_accuracy")] == 0.5
    assert found[MetricKey("macro_f1")] == pytest.approx((2 / 3 + 1 / 2) / 2)


def test_one_class_only():
    found = metrics_of(certain([1, 1, 1], [1, 1, 0]))
    assert np.isnan(found[MetricKey("macro_auc")])
    assert np.isnan(found[MetricKey("specificity", "pneumonia")])
    assert found[MetricKey("accuracy")] == pytest.approx(2 / 3)


def test_auc_ignores_monotone_maps():
    table = multi_label()
    before = metrics_of(table, LABELS)
    columns = [f"probability_{name}" for name in LABELS]
    after = metrics_of(table.assign(**{name: table[name] ** 3 / 2 for name in columns}), LABELS)
    assert after == pytest.approx(before, abs=1e-12)


def test_multi_label_metrics():
    table = multi_label(empty=2)
    found = metrics_of(table, LABELS)
    assert np.isnan(found[MetricKey("auc", "Hernia")])
    assert np.isnan(found[MetricKey("average_precision", "Hernia")])
    assert found[MetricKey("prevalence", "Hernia")] == 0
    defined = [found[MetricKey("auc", name)] for name in ("Mass", "Edema", "No Finding")]
    assert found[MetricKey("macro_auc")] == pytest.approx(np.mean(defined))
    expected = sk.average_precision_score(table["target_Mass"], table["probability_Mass"])
    assert found[MetricKey("average_precision", "Mass")] == pytest.approx(expected)


def test_label_that_every_image_has():
    table = multilabel_table(["a", "b"], ["p", "q"], [[1], [1]], [[0.2], [0.7]], ["Mass"])
    found = metrics_of(table, ["Mass"])
    assert np.isnan(found[MetricKey("auc", "Mass")])
    assert np.isnan(found[MetricKey("macro_auc")])
    assert found[MetricKey("average_precision", "Mass")] == 1
