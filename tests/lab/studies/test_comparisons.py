import pytest

from monai_covid.lab.studies.comparisons import compare_arms, t_interval
from monai_covid.lab.studies.definition import Run


def result(curve, accuracy=0.5, best=None):
    test = {"accuracy": accuracy, "macro_auc": accuracy, "images": 20}
    best = max(value for value in curve if value is not None) if best is None else best
    return {
        "validation_auc": curve,
        "best_validation_auc": best,
        "test": test,
        "training_images": 80,
    }


def rows(results, measure, first_epochs=2, against=None):
    found = compare_arms(results, against or {"b": "a"}, first_epochs)
    return [row for row in found if row["measure"] == measure]


def test_first_epochs_are_averaged_and_paired_by_seed_and_fold():
    results = {
        Run("a", 0, 0): result([0.5, 0.7, 0.9]),
        Run("b", 0, 0): result([0.6, 0.8, 0.9]),
        Run("a", 1, 0): result([0.5, 0.5, 0.5]),
        Run("b", 1, 0): result([0.8, 0.8, 0.1]),
        Run("b", 2, 0): result([0.0, 0.0, 0.0]),
    }
    (row,) = rows(results, "validation_auc, epochs 1 to 2")
    assert row["pairs"] == 2
    assert row["mean_difference"] == pytest.approx(0.2)
    assert row["p_value"] == 0.5
    assert "seed alone" in row["note"]
    assert "corrected" not in row


def test_a_run_shorter_than_the_first_epochs_is_not_compared():
    results = {Run("a", 0, 0): result([0.5]), Run("b", 0, 0): result([0.6])}
    (row,) = rows(results, "validation_auc, epochs 1 to 2")
    assert (row["pairs"], row["mean_difference"], row["p_value"]) == (0, None, None)
    (row,) = rows(results, "test accuracy")
    assert row["pairs"] == 1
    assert (row["low"], row["high"]) == (None, None)


def test_folds_share_training_images_and_the_row_says_so():
    differences = [0.1, 0.2, 0.05, 0.0, 0.1]
    results = {Run("a", 0, fold): result([0.5], 0.5) for fold in range(5)}
    results |= {Run("b", 0, f): result([0.5], 0.5 + d) for f, d in enumerate(differences)}
    (row,) = rows(results, "test accuracy", first_epochs=1)
    expected = t_interval(differences, shared=0.25)
    assert row["corrected"]["low"] == pytest.approx(expected.low)
    assert row["corrected"]["low"] < row["low"]
    assert "not independent" in row["note"]


def test_p_values_are_corrected_over_arms_each_measure_for_itself():
    results = {Run("a", seed, 0): result([0.5], 0.5) for seed in range(6)}
    results |= {Run("b", seed, 0): result([0.5], 0.6) for seed in range(6)}
    results |= {Run("c", seed, 0): result([0.5], 0.5 + 0.1 * (-1) ** seed) for seed in range(6)}
    found = {
        row["arm"]: row
        for row in rows(results, "test accuracy", 1, against={"b": "a", "c": "a", "d": "a"})
    }
    assert found["b"]["p_value"] == 2 / 64
    assert found["b"]["p_value_holm"] == 4 / 64
    assert found["c"]["p_value_holm"] == 1.0
    assert found["d"]["p_value_holm"] is None


def outside(blanked, balanced, recall):
    further = {"without_lungs": {"balanced_accuracy": blanked}}
    recalls = {"covid19": recall, "normal": 0.1}
    further["external"] = {"balanced_accuracy": balanced, "macro_auc": 0.5, "recall": recalls}
    return result([0.5]) | {"further": further}


def test_what_arms_do_without_lungs_and_elsewhere_is_compared():
    results = {Run("a", 0, 0): outside(0.6, 0.5, 0.4), Run("b", 0, 0): outside(0.4, 0.7, 0.1)}
    found = compare_arms(results, {"b": "a"}, 1, ("external", "without_lungs"))
    values = {row["measure"]: row["mean_difference"] for row in found}
    assert values["balanced_accuracy, lungs blanked out"] == pytest.approx(-0.2)
    assert values["balanced_accuracy, external"] == pytest.approx(0.2)
    assert values["recall of COVID-19, external"] == pytest.approx(-0.3)
    assert len(found) == 8


def test_external_images_of_fewer_classes_are_not_compared():
    # The second network was trained on the external COVID-19 images.
    results = {Run("a", 0, 0): outside(0.6, 0.5, 0.4), Run("b", 0, 0): outside(0.4, 0.7, None)}
    found = compare_arms(results, {"b": "a"}, 1, ("external", "without_lungs"))
    pairs = {row["measure"]: row["pairs"] for row in found}
    assert pairs["balanced_accuracy, lungs blanked out"] == 1
    assert {n for name, n in pairs.items() if "external" in name} == {0}


def test_runs_without_a_further_evaluation_are_no_pair():
    results = {Run("a", 0, 0): outside(0.6, 0.5, 0.4), Run("b", 0, 0): outside(0.4, 0.7, 0.4)}
    results[Run("b", 0, 0)]["further"] = {}
    pairs = {r["measure"]: r["pairs"] for r in compare_arms(results, {"b": "a"}, 1, ["external"])}
    assert (pairs["balanced_accuracy, external"], pairs["test accuracy"]) == (0, 1)
    assert "balanced_accuracy, lungs blanked out" not in pairs
