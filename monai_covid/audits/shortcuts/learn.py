"""What a cue predicts for images of patients that it was not learned from."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from monai_covid.audits.shortcuts.cues import Cue
from monai_covid.data.manifest import has_folds
from monai_covid.data.records import Records
from monai_covid.data.splits import assign_folds

FloatArray = NDArray[np.float64]
FOLDS = 5


def folds_of(records: Records, seed: int) -> NDArray[Any]:
    """Return the fold of each image, ``(N,)``, no patient in two.

    Args:
        records: Their column ``fold`` counts, if it holds more than one fold.
        seed: Of the patient-wise stratified folds that are dealt otherwise: five, or as many as
            the rarest class has patients.

    Raises:
        ValueError: If a class has a single patient and folds have to be dealt.
    """
    if has_folds(records.frame) and records.frame["fold"].nunique() > 1:
        return records.frame["fold"].to_numpy(dtype=object)
    patients, classes = records.patients, records.classes
    fewest = min(len(set(patients[classes == each])) for each in np.unique(classes))
    return assign_folds(patients, classes, min(FOLDS, fewest), seed)


def out_of_fold(
    cue: Cue, features: FloatArray, records: Records, folds: NDArray[Any], seed: int
) -> FloatArray:
    """Return probabilities ``(N, C)``, each from an estimator fitted on the other folds.

    The settings are fixed and the same for all collections: nothing is tuned, so what is found is a
    lower bound of what the cue gives away.

    Args:
        cue: How to learn.
        features: ``(N, F)``.
        records: The N images.
        folds: Fold of each image.
        seed: Of the estimator.
    """
    classes = records.classes
    result = np.zeros((len(records), len(records.labels)))
    for fold in sorted(set(folds)):
        held = folds == fold
        fitted = _estimator(cue, classes[~held], seed).fit(features[~held], classes[~held])
        result[np.ix_(held, fitted.classes_)] = fitted.predict_proba(features[held])
    return result


def _estimator(cue: Cue, classes: NDArray[np.intp], seed: int) -> Any:
    if len(np.unique(classes)) < 2:
        return DummyClassifier(strategy="prior")
    if cue.trees:
        return HistGradientBoostingClassifier(max_iter=60, min_samples_leaf=10, random_state=seed)
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=3000))
