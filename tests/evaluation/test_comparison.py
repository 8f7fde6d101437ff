import numpy as np
import pytest
from scipy import stats

from monai_covid.errors import InputError
from monai_covid.evaluation.comparison import (
    bootstrap_p_value,
    compare_tables,
)
from monai_covid.evaluation.report import evaluate_table
from tests.evaluation.tables import CLASSES, LABELS, certain, multi_label, single_label


def find(comparison, metric, label=None):
    (found,) = [d for d in comparison.differences if (d.metric, d.label) == (metric, label)]
    return found


def better_and_worse(n=300):
    """The same truth, predicted with more and with less noise."""
    worse = single_label(n=n, sharpness=0.5)
    columns = [f"probability_{name}" for name in CLASSES]
    better = worse.copy()
    truth = np.eye(3)[[CLASSES.index(name) for name in worse["label"]]]
    better[columns] = 0.7 * worse[columns].to_numpy() + 0.3 * truth
    better["prediction"] = [CLASSES[i] for i in better[columns].to_numpy().argmax(axis=1)]
    return worse, better


def test_a_table_does_not_differ_from_itself():
    comparison = compare_tables(single_label(), single_label(), CLASSES)
    for found in comparison.differences:
        assert (found.difference, found.low, found.high, found.p_value) == (0, 0, 0, 1)
    assert comparison.mcnemar == (0, 0, 1.0) or comparison.mcnemar.p_value == 1.0


def test_better_classifier_wins_and_order_flips_the_sign():
    worse, better = better_and_worse()
    forward, back = compare_tables(worse, better, CLASSES), compare_tables(better, worse, CLASSES)
    for found, other in zip(forward.differences, back.differences, strict=True):
        assert found.low > 0
        assert found.p_value < 0.01
        assert found.difference == pytest.approx(-other.difference)
        assert (found.low, found.high) == pytest.approx((-other.high, -other.low))
        assert found.p_value == pytest.approx(other.p_value)


def test_values_are_those_of_the_reports():
    worse, better = better_and_worse()
    found = find(compare_tables(worse, better, CLASSES), "auc", "normal")
    assert found.first == evaluate_table(worse, CLASSES).row("auc", "normal").value
    assert found.second == evaluate_table(better, CLASSES).row("auc", "normal").value


def test_rows_are_matched_by_image():
    worse, better = better_and_worse()
    straight = compare_tables(worse, better, CLASSES)
    shuffled = compare_tables(worse, better.sample(frac=1, random_state=0), CLASSES)
    assert straight == shuffled


def test_accuracy_interval_agrees_with_scipy_on_paired_differences():
    worse, better = better_and_worse(500)
    worse["patient_id"] = better["patient_id"] = worse["image"]
    gain = (better["prediction"] == better["label"]).to_numpy(float) - (
        worse["prediction"] == worse["label"]
    ).to_numpy(float)
    oracle = stats.bootstrap(
        (gain,), np.mean, n_resamples=5000, method="percentile", rng=np.random.default_rng(0)
    ).confidence_interval
    found = find(compare_tables(worse, better, CLASSES, resamples=5000), "accuracy")
    assert (found.low, found.high) == pytest.approx((oracle.low, oracle.high), abs=0.005)


def test_mcnemar_is_the_binomial_test_of_the_discordant_images():
    true = [0] * 20
    first = certain(true, [0] * 10 + [1] * 10)
    second = certain(true, [1] * 2 + [0] * 8 + [0] * 9 + [1])
    test = compare_tables(first, second, CLASSES).mcnemar
    assert (test.only_first_right, test.only_second_right) == (2, 9)
    expected = 2 * sum(stats.binom.pmf(k, 11, 0.5) for k in range(3))
    assert test.p_value == pytest.approx(expected)


def test_bootstrap_p_value():
    assert bootstrap_p_value(np.ones(1999)) == pytest.approx(2 / 2000)
    assert bootstrap_p_value(np.zeros(99)) == 1
    values = np.concatenate([np.full(50, -1.0), np.full(950, 1.0)])
    assert bootstrap_p_value(values) == pytest.approx(2 * 51 / 1001)


def test_p_value_is_uniform_under_no_difference():
    generator = np.random.default_rng(0)
    small = 0
    for seed in range(100):
        true = generator.integers(3, size=80)
        tables = [
            certain(true, np.where(generator.random(80) < 0.7, true, (true + 1) % 3))
            for _ in range(2)
        ]
        found = find(compare_tables(*tables, CLASSES, resamples=200, seed=seed), "accuracy")
        small += found.p_value < 0.2
    assert 10 <= small <= 32


def test_different_images_are_refused_and_named():
    first, second = single_label(n=30), single_label(n=30).iloc[:-2]
    with pytest.raises(
        InputError, match=r"b\.csv: 2 images of a\.csv are missing: 0028\.png, 0029"
    ):
        compare_tables(first, second, CLASSES, sources=("a.csv", "b.csv"))
    with pytest.raises(InputError, match=r"a\.csv: 2 images of b\.csv are missing"):
        compare_tables(second, first, CLASSES, sources=("a.csv", "b.csv"))


def test_different_truth_or_patients_are_refused():
    first, second = single_label(n=30), single_label(n=30)
    second.loc[3, "label"] = "normal" if first.loc[3, "label"] != "normal" else "covid19"
    second.loc[5, "patient_id"] = "somebody else"
    with pytest.raises(InputError) as caught:
        compare_tables(first, second, CLASSES)
    assert "label differs from first table for 1: 0003.png" in str(caught.value)
    assert "patient_id differs from first table for 1: 0005.png" in str(caught.value)


def test_multi_label_compares_areas_only():
    comparison = compare_tables(multi_label(empty=1), multi_label(empty=1), LABELS)
    assert comparison.mcnemar is None
    assert {found.metric for found in comparison.differences} == {"macro_auc", "auc"}
    assert find(comparison, "auc", "Edema").difference is None
