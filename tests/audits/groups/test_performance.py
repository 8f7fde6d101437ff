import numpy as np
import pytest
from sklearn import metrics as sk

from monai_covid.audits.groups.performance import called, measured
from monai_covid.evaluation.metrics import MetricKey
from monai_covid.evaluation.predictions import multilabel_table
from tests.evaluation.tables import CLASSES, certain, single_label


def test_values_agree_with_scikit_learn():
    found = measured(single_label(), CLASSES, 40, 0)
    true, scores = found.outcomes.true, found.outcomes.probabilities
    values = found.values
    assert values[MetricKey("accuracy")] == pytest.approx(
        sk.accuracy_score(true, found.outcomes.predicted)
    )
    assert values[MetricKey("macro_auc")] == pytest.approx(
        sk.roc_auc_score(true, scores, multi_class="ovr")
    )
    assert values[MetricKey("log_loss")] == pytest.approx(sk.log_loss(true, scores))
    shares = sk.confusion_matrix(true, found.outcomes.predicted, normalize="true")
    for row, label in enumerate(CLASSES):
        mean = np.mean([score[row] for score, one in zip(scores, true, strict=True) if one == row])
        assert values[MetricKey("mean_probability", label)] == pytest.approx(mean)
        for column, name in enumerate(CLASSES):
            assert values[MetricKey(called(name), label)] == pytest.approx(shares[row, column])
    chosen = [score[one] for score, one in zip(scores, true, strict=True)]
    assert values[MetricKey("mean_probability")] == pytest.approx(np.mean(chosen))


def test_interval_of_the_mean_probability_is_that_of_a_plain_bootstrap_of_patients():
    table = single_label(n=200, patients=60)
    found = measured(table, CLASSES, 2000, 0)
    chosen = found.outcomes.probabilities[np.arange(200), found.outcomes.true]
    owners = np.array(found.patients)
    by_patient = [chosen[owners == patient] for patient in sorted(set(owners))]
    generator = np.random.default_rng(5)
    drawn = []
    for _ in range(2000):
        picked = generator.integers(len(by_patient), size=len(by_patient))
        drawn.append(np.concatenate([by_patient[index] for index in picked]).mean())
    low, high = np.quantile(drawn, [0.025, 0.975])
    value = found.value("mean_probability")
    assert value.low == pytest.approx(low, abs=0.005)
    assert value.high == pytest.approx(high, abs=0.005)


def test_what_is_not_defined_has_no_value_and_one_patient_no_interval():
    alone = measured(certain([0, 0, 0], [0, 0, 1], ["p"] * 3), CLASSES, 40, 0)
    assert alone.value("macro_auc").value is None
    assert alone.value("recall", "normal").value is None
    assert alone.value("accuracy") == (pytest.approx(2 / 3), None, None)
    assert alone.patients_of(0) == 1
    assert alone.patients_of(2) == 0


def test_multi_label_tables_are_refused():
    table = multilabel_table(["a.png"], ["p"], [[1, 0]], [[0.5, 0.5]], ["Mass", "Edema"])
    with pytest.raises(ValueError, match="one true class"):
        measured(table, ["Mass", "Edema"], 40, 0)
