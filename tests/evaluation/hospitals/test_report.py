"""Hospitals: against scikit-learn with weights, closed forms, and each hospital alone."""

import weakref

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sk

from monai_covid.evaluation import bootstrap
from monai_covid.evaluation.columns import PATIENT, probability_column
from monai_covid.evaluation.hospitals import report as hospital_report
from monai_covid.evaluation.hospitals.report import (
    IMAGES,
    evaluate_hospitals,
    hospital_counts,
)
from monai_covid.evaluation.metrics import MetricKey
from monai_covid.evaluation.report import evaluate_table
from tests.evaluation.tables import CLASSES, LABELS, certain, multi_label, single_label

COLUMN = "source"


def in_hospitals(n=180, seed=0, sharpness=1.5):
    """Three hospitals; the second has no pneumonia, the third nothing but normal."""
    table = single_label(n, seed, sharpness=sharpness)
    generator = np.random.default_rng(seed)
    hospital = generator.choice(["A", "B", "C"], size=n, p=[0.6, 0.3, 0.1])
    # The patients of a hospital are its own.
    table[PATIENT] = [f"{a}-{b}" for a, b in zip(hospital, table[PATIENT], strict=True)]
    table[COLUMN] = hospital
    lacking = (hospital == "B") & (table["label"] == "pneumonia")
    lacking |= (hospital == "C") & (table["label"] != "normal")
    return table[~lacking].reset_index(drop=True)


def patient_weights(table):
    return 1 / table.groupby([COLUMN, PATIENT])[PATIENT].transform("size").to_numpy()


def slow_ece(confidence, right, weights):
    """Bins of equal numbers of images, one after the other."""
    bins = max(2, min(15, len(confidence) // 20))
    edges = [np.sort(confidence)[k * len(confidence) // bins] for k in range(1, bins)]
    bin_of = np.array([sum(edge <= value for edge in edges) for value in confidence])
    error = 0.0
    for number in set(bin_of):
        members = bin_of == number
        share = weights[members].sum() / weights.sum()
        means = [np.average(of[members], weights=weights[members]) for of in (confidence, right)]
        error += share * abs(means[0] - means[1])
    return error


def expected(table, weights):
    """The metrics by scikit-learn and by hand."""
    scores = table[[probability_column(name) for name in CLASSES]].to_numpy()
    truth, predicted = table["label"].to_numpy(), table["prediction"].to_numpy()
    confidence, right = scores.max(axis=1), (truth == predicted).astype(float)
    sure = confidence >= 0.9
    values = {MetricKey("accuracy"): sk.accuracy_score(truth, predicted, sample_weight=weights)}
    values[MetricKey("balanced_accuracy")] = sk.balanced_accuracy_score(
        truth, predicted, sample_weight=weights
    )
    order = sorted(CLASSES)
    in_order = table[[probability_column(name) for name in order]].to_numpy()
    values[MetricKey("log_loss")] = sk.log_loss(
        truth, in_order, sample_weight=weights, labels=order
    )
    for position, name in enumerate(CLASSES):
        positive = truth == name
        if positive.any():
            values[MetricKey("recall", name)] = np.average(
                right[positive], weights=weights[positive]
            )
        if positive.any() and not positive.all():
            values[MetricKey("auc", name)] = sk.roc_auc_score(
                positive, scores[:, position], sample_weight=weights
            )
    values[MetricKey("ece")] = slow_ece(confidence, right, weights)
    wrong = sure * (1 - right)
    values[MetricKey("confident_errors")] = np.average(wrong, weights=weights)
    values[MetricKey("errors_when_confident")] = (wrong @ weights) / (sure @ weights)
    return values


def assert_close(metrics, values):
    for key, value in values.items():
        assert metrics[key].value == pytest.approx(value), key
    undefined = {key for key in metrics if key not in values and key.metric != "macro_auc"}
    assert all(metrics[key].value is None for key in undefined)


@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true")
@pytest.mark.filterwarnings("ignore:A single label was found")
@pytest.mark.parametrize("unit", ["patient", "image"])
def test_values_are_those_of_scikit_learn_with_weights(unit):
    table = in_hospitals(sharpness=2.5)
    report = evaluate_hospitals(table, COLUMN, CLASSES, 40, unit=unit)
    weights = patient_weights(table) if unit == "patient" else np.ones(len(table))
    assert_close(report.pooled.patients, expected(table, weights))
    for hospital in report.hospitals:
        own = (table[COLUMN] == hospital.name).to_numpy()
        assert_close(hospital.metrics, expected(table[own], weights[own]))
        assert hospital.n_images == own.sum()
        assert hospital.n_patients == table[own][PATIENT].nunique()


def test_classes_that_a_hospital_lacks():
    report = evaluate_hospitals(in_hospitals(), COLUMN, CLASSES, 40)
    assert {each.name: each.lacks for each in report.hospitals} == {
        "A": (),
        "B": ("pneumonia",),
        "C": ("covid19", "pneumonia"),
    }
    assert report.having("pneumonia") == ["A"]
    only_normal = report.hospitals[2].metrics
    assert only_normal[MetricKey("balanced_accuracy")] == only_normal[MetricKey("recall", "normal")]
    assert only_normal[MetricKey("auc", "normal")].value is None


def test_hospitals_weighing_the_same_is_the_mean_over_those_that_define_a_metric():
    report = evaluate_hospitals(in_hospitals(), COLUMN, CLASSES, 40)
    recalls = []
    for name in CLASSES:
        having = [each for each in report.hospitals if name not in each.lacks]
        recalls.append(np.mean([each.metrics[MetricKey("recall", name)].value for each in having]))
        assert report.equal.patients[MetricKey("recall", name)].value == pytest.approx(recalls[-1])
    values = {key: value.value for key, value in report.equal.patients.items()}
    assert values[MetricKey("balanced_accuracy")] == pytest.approx(np.mean(recalls))
    for key in (MetricKey("ece"), MetricKey("confident_errors"), MetricKey("accuracy")):
        mean = np.mean([each.metrics[key].value for each in report.hospitals])
        assert values[key] == pytest.approx(mean)


def test_a_closed_form():
    """Hospital A: one patient, three right images, another wrong; B: three patients, one right."""
    true, predicted = [0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 1, 0, 1, 1]
    table = certain(true, predicted, ["a", "a", "a", "b", "c", "d", "e"])
    table[COLUMN] = ["A"] * 4 + ["B"] * 3
    report = evaluate_hospitals(table, COLUMN, CLASSES, 40)
    recall = MetricKey("recall", "covid19")
    assert [each.metrics[recall].value for each in report.hospitals] == pytest.approx(
        [1 / 2, 1 / 3]
    )
    assert report.pooled.patients[recall].value == pytest.approx(2 / 5)
    assert report.equal.patients[recall].value == pytest.approx((1 / 2 + 1 / 3) / 2)
    assert report.pooled.patients[MetricKey("ece")].value == pytest.approx(3 / 5)
    assert report.pooled.patients[MetricKey("confident_errors")].value == pytest.approx(3 / 5)
    by_image = evaluate_hospitals(table, COLUMN, CLASSES, 40, unit=IMAGES)
    assert by_image.pooled.patients[recall].value == pytest.approx(4 / 7)


def test_one_hospital_has_the_intervals_of_the_usual_report():
    table = single_label(150, 3).assign(source="A")
    report = evaluate_hospitals(table, COLUMN, CLASSES, 200, 5, unit=IMAGES)
    usual = evaluate_table(table, CLASSES, 200, 5)
    for key in (MetricKey("balanced_accuracy"), MetricKey("auc", "normal")):
        row = usual.row(*key)
        assert report.pooled.patients[key] == pytest.approx((row.value, row.low, row.high))
        assert report.hospitals[0].metrics[key] == pytest.approx((row.value, row.low, row.high))
        assert report.equal.patients[key] == pytest.approx((row.value, row.low, row.high))


def test_patients_are_drawn_within_hospitals():
    """Every hospital is right on all or on none, so that only other hospitals change a figure."""
    table = certain([0] * 30, [0] * 10 + [1] * 20)
    table[COLUMN] = ["A"] * 10 + ["B"] * 10 + ["C"] * 10
    report = evaluate_hospitals(table, COLUMN, CLASSES, 400)
    recall = MetricKey("recall", "covid19")
    for part in (report.pooled, report.equal):
        assert part.patients[recall] == pytest.approx((1 / 3, 1 / 3, 1 / 3))
        assert part.hospitals[recall] == pytest.approx((1 / 3, 0, 1))


def test_hospitals_are_drawn_with_replacement():
    counts = hospital_counts(4, 3000, 0)
    assert counts.shape == (3001, 4)
    assert (counts[0] == 1).all()
    assert (counts.sum(axis=1) == 4).all()
    assert counts[1:].mean(axis=0) == pytest.approx([1] * 4, abs=0.06)
    assert counts[1:].var(axis=0) == pytest.approx([3 / 4] * 4, abs=0.06)
    assert (counts == hospital_counts(4, 3000, 0)).all()
    assert (counts != hospital_counts(4, 3000, 1)).any()


def test_few_blocks_of_resamples_are_in_memory_at_once(monkeypatch):
    at_once = []

    def followed(*arguments):
        blocks = []
        for block in bootstrap.patient_weights(*arguments):
            blocks.append(weakref.ref(block))
            at_once.append(sum(each() is not None for each in blocks))
            yield block

    monkeypatch.setattr(bootstrap, "NUMBERS_AT_ONCE", 180 * 10)
    monkeypatch.setattr(hospital_report, "patient_weights", followed)
    evaluate_hospitals(in_hospitals(), COLUMN, CLASSES, 100)
    assert len(at_once) > 5
    assert max(at_once) <= 2


def test_few_hospitals_and_few_patients_have_no_interval():
    table = in_hospitals()
    two = table[table[COLUMN] != "C"]
    report = evaluate_hospitals(two, COLUMN, CLASSES, 60)
    assert report.pooled.hospitals[MetricKey("accuracy")].low is None
    assert report.pooled.patients[MetricKey("accuracy")].low is not None
    alone = pd.concat([two, table[table[COLUMN] == "C"][:1]])
    assert evaluate_hospitals(alone, COLUMN, CLASSES, 60).hospitals[2].metrics[
        MetricKey("accuracy")
    ][1:] == (None, None)


def test_the_interval_of_the_calibration_error_is_around_its_value():
    for seed in range(5):
        report = evaluate_hospitals(in_hospitals(seed=seed), COLUMN, CLASSES, 100)
        value, low, high = report.pooled.patients[MetricKey("ece")]
        assert 0 <= low < value < high


def test_labels_that_can_hold_at_once():
    table = multi_label().assign(source=["A", "B", "C"] * 50)
    report = evaluate_hospitals(table, COLUMN, LABELS, 40, unit=IMAGES)
    auc = sk.roc_auc_score(table["target_Edema"], table["probability_Edema"])
    assert report.pooled.patients[MetricKey("auc", "Edema")].value == pytest.approx(auc)
    assert MetricKey("balanced_accuracy") not in report.pooled.patients
    assert report.equal.patients[MetricKey("ece")].value > 0


def test_wrong_arguments():
    with pytest.raises(ValueError, match="unit is 'ward'"):
        evaluate_hospitals(in_hospitals(), COLUMN, CLASSES, 40, unit="ward")
    with pytest.raises(ValueError, match="at least 40"):
        evaluate_hospitals(in_hospitals(), COLUMN, CLASSES, 3)
