import dataclasses

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import PredefinedSplit, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from monai_covid.audits.shortcuts.cues import CUES
from monai_covid.audits.shortcuts.learning import folds_of, out_of_fold


@pytest.mark.parametrize(
    ("name", "estimator"),
    [
        ("thumbnail_8", make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=3000))),
        (
            "border",
            HistGradientBoostingClassifier(max_iter=60, min_samples_leaf=10, random_state=3),
        ),
    ],
)
def test_probabilities_are_those_of_cross_val_predict(clean, name, estimator):
    features = np.random.default_rng(0).normal(size=(len(clean), 3))
    features[:, 0] += clean.classes
    folds = clean.frame["fold"].to_numpy(dtype=object)
    found = out_of_fold(CUES[name], features, clean, folds, seed=3)
    split = PredefinedSplit(folds.astype(int))
    expected = cross_val_predict(
        estimator, features, clean.classes, cv=split, method="predict_proba"
    )
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_fold_that_leaves_one_class_to_learn_from_predicts_that_class(clean):
    folds = np.where(clean.classes == 2, "a", "b").astype(object)
    found = out_of_fold(CUES["border"], np.zeros((len(clean), 1)), clean, folds, seed=0)
    assert (found[folds == "b"] == [0, 0, 1]).all()
    assert (found[folds == "a"][:, 2] == 0).all()


def test_folds_of_the_manifest_count(clean):
    assert folds_of(clean, 0).tolist() == clean.frame["fold"].tolist()


@pytest.mark.parametrize("fold", [None, "", "2"])
def test_without_folds_patients_are_dealt(clean, fold):
    frame = clean.frame.drop(columns="fold")
    records = dataclasses.replace(clean, frame=frame if fold is None else frame.assign(fold=fold))
    folds = folds_of(records, 0)
    assert len(set(folds)) == 5
    for patient in set(records.patients):
        assert len(set(folds[records.patients == patient])) == 1
    assert folds.tolist() == folds_of(records, 0).tolist()
    assert folds.tolist() != folds_of(records, 1).tolist()
