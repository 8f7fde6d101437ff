import numpy as np
import pytest
from sklearn import metrics as sk

from monai_covid.audits.external.comparison import Draws, compared_metrics
from monai_covid.evaluation.columns import LABEL
from monai_covid.evaluation.metrics import MetricKey
from tests.evaluation.tables import CLASSES, certain, single_label

DRAWS = Draws(400, 0, 1)


def by_key(inside, outside, draws=DRAWS):
    return {one.key: one for one in compared_metrics(inside, outside, CLASSES, draws)}


def test_values_agree_with_scikit_learn():
    inside, outside = single_label(seed=1), single_label(seed=2, sharpness=0.5, prefix="x")
    found = by_key(inside, outside)
    for side, table in (("inside", inside), ("outside", outside)):
        values = {key: getattr(one, side).value for key, one in found.items()}
        true, called = table[LABEL], table["prediction"]
        scores = table[[f"probability_{name}" for name in CLASSES]].to_numpy()
        assert values[MetricKey("accuracy")] == pytest.approx(sk.accuracy_score(true, called))
        assert values[MetricKey("balanced_accuracy")] == pytest.approx(
            sk.balanced_accuracy_score(true, called)
        )
        position = true.map({name: index for index, name in enumerate(CLASSES)})
        assert values[MetricKey("log_loss")] == pytest.approx(sk.log_loss(position, scores))
        assert values[MetricKey("macro_auc")] == pytest.approx(
            sk.roc_auc_score(position, scores, multi_class="ovr")
        )
        recalls = sk.recall_score(true, called, labels=list(CLASSES), average=None)
        for name, recall in zip(CLASSES, recalls, strict=True):
            assert values[MetricKey("recall", name)] == pytest.approx(recall)
    for one in found.values():
        assert one.difference.value == pytest.approx(one.outside.value - one.inside.value)


def test_interval_of_the_difference_is_that_of_two_independent_proportions():
    # 300 and 200 patients with one image each, of one class.
    inside = certain([0] * 300, [0] * 240 + [1] * 60)
    outside = certain([0] * 200, [0] * 120 + [1] * 80, [f"x{n}" for n in range(200)])
    found = by_key(inside, outside, Draws(4000, 0, 1))[MetricKey("recall", "covid19")]
    half = 1.96 * np.sqrt(0.8 * 0.2 / 300 + 0.6 * 0.4 / 200)
    assert found.difference.low == pytest.approx(-0.2 - half, abs=0.008)
    assert found.difference.high == pytest.approx(-0.2 + half, abs=0.008)


def test_both_sides_are_restricted_to_the_classes_that_both_have():
    inside = certain([0, 0, 1, 1, 2, 2], [0, 0, 1, 0, 0, 0])
    outside = certain([1, 1, 2, 2], [1, 1, 2, 1], list("wxyz"))
    found = by_key(inside, outside)
    assert found[MetricKey("balanced_accuracy")].inside.value == pytest.approx((0.5 + 0) / 2)
    assert found[MetricKey("accuracy")].inside.value == pytest.approx(1 / 4)
    assert found[MetricKey("balanced_accuracy")].outside.value == pytest.approx((1 + 0.5) / 2)
    assert MetricKey("recall", "covid19") not in found


def test_one_class_has_sensitivity_and_probability_only():
    inside = single_label(seed=1)
    found = by_key(inside, certain([0] * 12, [0] * 9 + [1] * 3, [f"x{n}" for n in range(12)]))
    keys = {MetricKey("recall", "covid19"), MetricKey("mean_probability", "covid19")}
    assert set(found) == keys
    assert found[MetricKey("recall", "covid19")].outside.value == 0.75
    assert found[MetricKey("recall", "covid19")].patients == 12


def test_no_common_class_and_a_single_patient():
    assert compared_metrics(certain([0, 0], [0, 1]), certain([1], [1]), CLASSES, DRAWS) == ()
    alone = by_key(certain([0, 0], [0, 1]), certain([0, 0], [0, 0], ["x", "x"]))
    one = alone[MetricKey("recall", "covid19")]
    assert one.difference == (0.5, None, None)
    assert one.is_small


def test_class_mix_moves_accuracy_but_not_balanced_accuracy():
    mix = [0] * 20 + [1] * 80, [0] * 80 + [1] * 20
    tables = []
    for labels, prefix in zip(mix, "ab", strict=True):
        calls = [label if label == 0 or n % 2 else 2 for n, label in enumerate(labels)]
        tables.append(certain(labels, calls, [f"{prefix}{n}" for n in range(100)]))
    found = by_key(*tables)
    assert found[MetricKey("accuracy")].difference.value == pytest.approx(0.3)
    assert found[MetricKey("balanced_accuracy")].difference.value == pytest.approx(0.0)


def test_the_two_bootstraps_are_independent():
    # The same table on both sides: with one bootstrap for both the interval would have no width.
    table = certain([0] * 200, [0] * 120 + [1] * 80)
    found = by_key(table, table, Draws(2000, 0, 1))[MetricKey("recall", "covid19")]
    half = 1.96 * np.sqrt(2 * 0.6 * 0.4 / 200)
    assert found.difference.low == pytest.approx(-half, abs=0.01)
    assert found.difference.high == pytest.approx(half, abs=0.01)
