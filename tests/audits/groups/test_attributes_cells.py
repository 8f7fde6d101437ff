import numpy as np
import pandas as pd
from sklearn.metrics import recall_score

from monai_covid.audits.groups.attributes import comparable, patients_of_cells, standardised
from tests.audits.groups.invented import attribute, outcomes


def table(seed=0, n=300):
    generator = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "patient": generator.integers(60, size=n).astype(str),
            "true": generator.integers(3, size=n),
            "group": generator.integers(3, size=n),
            "right": generator.random(n) < 0.6,
        }
    )


def test_patients_agree_with_pandas():
    rows = table()
    inside, outside = patients_of_cells(
        rows["patient"].tolist(), rows["true"].to_numpy(), attribute(rows["group"]), 3
    )
    for group in range(3):
        for label in range(3):
            of_class = rows[rows["true"] == label]
            within = of_class["group"] == group
            assert inside[group, label] == of_class.loc[within, "patient"].nunique()
            assert outside[group, label] == of_class.loc[~within, "patient"].nunique()


def test_standardised_accuracy_is_the_mean_of_scikit_learn_recalls():
    rows = table(seed=1)
    found = outcomes(rows["true"], rows["right"])
    compared = np.array([[True, True, True], [True, False, True], [False, False, False]])
    own, others = standardised(found, attribute(rows["group"]), compared, np.ones((1, len(rows))))
    for group in range(2):
        labels = np.flatnonzero(compared[group])
        for value, some in ((own, rows["group"] == group), (others, rows["group"] != group)):
            recalls = recall_score(
                found.true[some], found.predicted[some], labels=labels, average=None
            )
            np.testing.assert_allclose(value[0, group], recalls.mean())
    assert np.isnan(own[0, 2])
    assert np.isnan(others[0, 2])


def test_class_mix_alone_makes_no_difference():
    # Class 0 is always right, class 1 never; group 0 has mostly the one, group 1 the other.
    true = np.array([0] * 30 + [1] * 10 + [0] * 10 + [1] * 30)
    found = outcomes(true, true == 0)
    groups = attribute([0] * 40 + [1] * 40)
    compared = np.array([[True, True, False]] * 2)
    own, others = standardised(found, groups, compared, np.ones((1, 80)))
    right = found.true == found.predicted
    assert right[:40].mean() - right[40:].mean() == 0.5, "raw accuracies differ"
    np.testing.assert_allclose(own - others, 0.0)


def test_too_few_patients_on_either_side_are_not_compared():
    inside = np.array([[10, 9, 50]])
    outside = np.array([[10, 50, 9]])
    assert comparable(inside, outside).tolist() == [[True, False, False]]
