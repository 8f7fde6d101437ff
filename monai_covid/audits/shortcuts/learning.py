"""Cross-validated predictions of a cue, their scores, and chance by permuted labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from monai_covid.audits.groups.performance import single_label_outcomes
from monai_covid.audits.shortcuts.cues import Cue
from monai_covid.audits.subject import AuditOptions
from monai_covid.data.manifest import has_folds
from monai_covid.data.records import Records
from monai_covid.data.splits import assign_folds
from monai_covid.evaluation.bootstrap import check_resamples, percentile_interval, resample
from monai_covid.evaluation.columns import PATIENT
from monai_covid.evaluation.metrics import MetricKey, point_metrics
from monai_covid.evaluation.outcomes import FloatArray, SingleLabelOutcomes
from monai_covid.evaluation.pages.tables import Value
from monai_covid.evaluation.weighted import measure_of

FOLDS = 5

REST_ACCURACY = "accuracy_against_rest"

WHOLE = ("accuracy", "balanced_accuracy")

EACH = (REST_ACCURACY, "auc")

Scores = dict[MetricKey, Value]

IntArray = NDArray[np.int64]


class Chance(NamedTuple):
    """Balanced accuracy under labels that have nothing to do with the images.

    Attributes:
        mean: Of all permutations.
        low: 2.5th percentile.
        high: 97.5th percentile.
        p_value: Part of the permutations that do as well as the true labels, counting the true ones
            (Phipson & Smyth, Stat. Appl. Genet. Mol. Biol. 9:39, 2010).
    """

    mean: float
    low: float
    high: float
    p_value: float


def folds_of(records: Records, seed: int) -> NDArray[Any]:
    """Return the fold of each image, ``(N,)``, no patient in two.

    Args:
        records: Their column ``fold`` counts, if it holds more than one fold.
        seed: Of the patient-wise stratified folds that are assigned otherwise: five, or as many as
            the rarest class has patients.

    Raises:
        ValueError: If a class has a single patient and folds have to be assigned.
    """
    if has_folds(records.frame) and records.frame["fold"].nunique() > 1:
        return records.frame["fold"].to_numpy(dtype=object)
    patients, classes = records.patients, records.classes
    fewest = min(len(set(patients[classes == place])) for place in np.unique(classes))
    return assign_folds(patients, classes, min(FOLDS, fewest), seed)


def out_of_fold(
    cue: Cue, features: FloatArray, records: Records, folds: NDArray[Any], seed: int
) -> FloatArray:
    """Return probabilities ``(N, C)``, each from an estimator fitted on the other folds.

    The settings are fixed and the same for all collections: nothing is tuned, so the result is a
    lower bound of what the cue can predict.

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
        test, train = folds == fold, folds != fold
        fitted = _estimator(cue, classes[train], seed).fit(features[train], classes[train])
        result[np.ix_(test, fitted.classes_)] = fitted.predict_proba(features[test])
    return result


def _estimator(cue: Cue, classes: NDArray[np.intp], seed: int) -> Any:
    if len(np.unique(classes)) < 2:
        return DummyClassifier(strategy="prior")
    if cue.trees:
        return HistGradientBoostingClassifier(max_iter=60, min_samples_leaf=10, random_state=seed)
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=3000))


def score(table: pd.DataFrame, labels: Sequence[str], options: AuditOptions) -> Scores:
    """Return accuracies and AUCs of a predictions table with 95 % intervals over patients.

    Args:
        table: Predictions table of one class per image (see ``evaluation.columns``).
        labels: The classes.
        options: Resamples and seed.

    Returns:
        ``accuracy`` and ``balanced_accuracy`` of the whole; ``accuracy_against_rest`` (a class is
        predicted at a probability of at least 0.5) and ``auc`` of each class; no value where the
        table does not define one.

    Raises:
        ValueError: If the table has several labels per image, or there are too few resamples.
    """
    check_resamples(options.resamples)
    outcomes = single_label_outcomes(table, labels)
    correct = _correct_against_rest(outcomes)
    keys = [MetricKey(REST_ACCURACY, label) for label in labels]
    prepared = measure_of(outcomes)

    def measure(weights: FloatArray) -> dict[MetricKey, FloatArray]:
        shares = (weights @ correct) / weights.sum(axis=1, keepdims=True)
        metrics = {**prepared(weights), **dict(zip(keys, shares.T, strict=True))}
        return {key: values for key, values in metrics.items() if key.metric in WHOLE + EACH}

    patients = table[PATIENT].astype(str).tolist()
    resampled = resample(measure, patients, options.resamples, options.seed)
    points = point_metrics(outcomes) | dict(zip(keys, correct.mean(axis=0).tolist(), strict=True))
    is_one_patient = len(set(patients)) < 2
    return {key: _value(points[key], values, is_one_patient) for key, values in resampled.items()}


def _correct_against_rest(outcomes: SingleLabelOutcomes) -> FloatArray:
    predicted = outcomes.probabilities >= 0.5
    return np.asarray(predicted == outcomes.positives, dtype=np.float64)


def _value(point: float, resampled: FloatArray, is_one_patient: bool) -> Value:
    if np.isnan(point):
        return Value(None)
    interval = percentile_interval(resampled)
    # One patient gives the same resample every time, which would look like certainty.
    return Value(point) if is_one_patient else Value(point, interval.low, interval.high)


def permuted(
    true: IntArray, predicted: IntArray, patients: Sequence[str], permutations: int, seed: int
) -> Chance:
    """Permute the labels of the patients and score the same predictions against them.

    Patients are put in random order and their labels, patient after patient, are given to the
    images in the order of patients. Class frequencies stay the same, and a patient's images still
    mostly share a label, so that several images of one patient do not count as independent.

    Args:
        true: Class of each image, ``(N,)`` from 0.
        predicted: Decision for each image, ``(N,)``.
        patients: Patient of each image.
        permutations: How often, at least 1.
        seed: Of the orders.
    """
    generator = np.random.default_rng(seed)
    _, codes = np.unique(np.asarray(patients, dtype=str), return_inverse=True)
    values = np.array(
        [
            balanced_accuracy(permuted_labels(true, codes, generator), predicted)
            for _ in range(permutations)
        ]
    )
    interval = percentile_interval(values)
    as_good = int((values >= balanced_accuracy(true, predicted) - 1e-12).sum())
    low, high = interval.low or 0.0, interval.high or 0.0
    return Chance(float(values.mean()), low, high, (1 + as_good) / (1 + permutations))


def permuted_labels(
    true: IntArray, patients: NDArray[np.intp], generator: np.random.Generator
) -> IntArray:
    """Return permuted labels, ``(N,)``; see ``permuted``.

    Args:
        true: Class of each image, ``(N,)``.
        patients: Number of the patient of each image, ``(N,)`` from 0.
        generator: Source of the order.
    """
    place = generator.permutation(int(patients.max()) + 1)
    labels = np.empty_like(true)
    labels[np.argsort(patients, kind="stable")] = true[np.argsort(place[patients], kind="stable")]
    return labels


def balanced_accuracy(true: IntArray, predicted: IntArray) -> float:
    """Return the mean sensitivity over the classes that occur."""
    support = np.bincount(true)
    correct = np.bincount(true[predicted == true], minlength=len(support))
    return float((correct[support > 0] / support[support > 0]).mean())


def majority(true: IntArray, label: int | None = None) -> float:
    """Return the accuracy of always predicting the commonest class, or answer "class" or "rest".

    Args:
        true: Class of each image, ``(N,)``.
        label: Class against the rest; None: all classes.
    """
    shares = np.bincount(true if label is None else (true == label).astype(np.int64)) / len(true)
    return float(shares.max())
