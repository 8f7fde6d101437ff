import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, recall_score, roc_auc_score

from monai_covid.evaluation.bootstrap import patient_weights
from monai_covid.evaluation.report import evaluate_table
from monai_covid.lab.studies.scores import BINARY, ensemble_table, pooled_scores, run_scores
from tests.evaluation.tables import CLASSES, single_label


def test_scores_of_a_run_are_those_of_scikit_learn():
    table = single_label()
    found = run_scores(table)
    assert found["accuracy"] == pytest.approx(accuracy_score(table["label"], table["prediction"]))
    recalls = recall_score(table["label"], table["prediction"], labels=CLASSES, average=None)
    assert list(found["recall"].values()) == pytest.approx(list(recalls))
    covid = roc_auc_score(table["label"] == "covid19", table["probability_covid19"])
    assert found["covid19_auc"] == pytest.approx(covid)
    assert (found["images"], found["patients"]) == (120, table["patient_id"].nunique())


def test_covid_against_normal_leaves_pneumonia_out_of_images_and_decisions():
    table = single_label()
    two = table[table["label"] != "pneumonia"]
    covid = two["probability_covid19"] > two["probability_normal"]
    expected = (covid == (two["label"] == "covid19")).mean()
    assert run_scores(table)[BINARY] == pytest.approx(expected)


def test_what_a_table_does_not_define_is_none():
    table = single_label()
    found = run_scores(table[table["label"] == "covid19"])
    assert found["covid19_auc"] is None
    assert found["recall"]["normal"] is None


def test_one_seed_has_the_intervals_of_the_evaluation():
    table = single_label()
    found, report = pooled_scores([table], 200), evaluate_table(table, CLASSES, 200)
    for name, key in (("accuracy", ("accuracy",)), ("covid19_auc", ("auc", "covid19"))):
        row = report.row(*key)
        expected = {"value": row.value, "low": row.low, "high": row.high}
        assert found[name] == pytest.approx(expected)


def test_several_seeds_are_averaged_and_their_patients_drawn_together():
    """The oracle draws the patients of every resample and counts, one by one."""
    first = single_label(seed=1)
    second = first.copy()
    second["prediction"] = np.random.default_rng(5).choice(CLASSES, len(first))
    found = pooled_scores([first, second], 60)["accuracy"]
    right = [(one["label"] == one["prediction"]).to_numpy() for one in (first, second)]
    weights = np.concatenate(list(patient_weights(first["patient_id"].tolist(), 60, 0)))
    slow = [np.mean([(w * each).sum() / w.sum() for each in right]) for w in weights]
    low, high = np.quantile(slow, [0.025, 0.975])
    assert found["value"] == pytest.approx(np.mean([each.mean() for each in right]))
    assert (found["low"], found["high"]) == pytest.approx((low, high))


def test_an_ensemble_averages_probabilities_of_shared_images():
    first, second = single_label(seed=1), single_label(seed=1)
    columns = [f"probability_{name}" for name in CLASSES]
    second[columns] = second[columns].to_numpy()[:, [1, 2, 0]]
    shuffled = second.sample(frac=1, random_state=0).iloc[:100]
    found = ensemble_table([first, shuffled]).set_index("image")
    assert set(found.index) == set(shuffled["image"])
    image = found.index[7]
    both = pd.concat([first, second])
    expected = both[both["image"] == image][columns].mean()
    assert found.loc[image, columns].to_numpy(float) == pytest.approx(expected.to_numpy())
    assert found.loc[image, "prediction"] == CLASSES[int(np.argmax(expected))]
