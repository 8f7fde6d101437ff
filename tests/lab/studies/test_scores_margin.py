"""The accuracy of networks less that of a cue, against a resampling that counts one by one."""

import numpy as np
import pytest

from monai_covid.evaluation.bootstrap import patient_weights
from monai_covid.lab.studies.scores import margin_over_baseline
from tests.evaluation.tables import CLASSES, single_label


def other_answers(table, seed):
    found = table.copy()
    found["prediction"] = np.random.default_rng(seed).choice(CLASSES, len(table))
    return found


def accuracy(table, weights):
    right = (table["label"] == table["prediction"]).to_numpy()
    return sum(w for w, hit in zip(weights, right, strict=True) if hit) / sum(weights)


def test_it_is_the_difference_of_accuracies_with_patients_drawn_for_both():
    table = single_label(seed=1)
    cue = other_answers(table, 3)
    found = margin_over_baseline([table], cue.sample(frac=1, random_state=0), 80)
    once = np.ones(len(table))
    assert found["value"] == pytest.approx(accuracy(table, once) - accuracy(cue, once))
    draws = np.concatenate(list(patient_weights(table["patient_id"].tolist(), 80, 0)))
    slow = [accuracy(table, weights) - accuracy(cue, weights) for weights in draws]
    assert (found["low"], found["high"]) == pytest.approx(tuple(np.quantile(slow, [0.025, 0.975])))


def test_seeds_are_averaged():
    first, cue = single_label(seed=1), other_answers(single_label(seed=1), 3)
    second = other_answers(first, 4)
    both = margin_over_baseline([first, second], cue, 40)["value"]
    alone = [margin_over_baseline([one], cue, 40)["value"] for one in (first, second)]
    assert both == pytest.approx(np.mean(alone))


def test_a_cue_beside_itself_is_no_better():
    cue = single_label(seed=1)
    assert margin_over_baseline([cue], cue, 40) == {"value": 0, "low": 0, "high": 0}


def test_only_shared_images_count():
    table = single_label(seed=1)
    cue = other_answers(table, 3)
    kept = cue.iloc[:50]
    shared = margin_over_baseline([table], kept, 40)
    assert shared["value"] == pytest.approx(
        margin_over_baseline([table.iloc[:50]], cue, 40)["value"]
    )
    assert margin_over_baseline([table.iloc[:50]], cue.iloc[50:], 40)["value"] is None
