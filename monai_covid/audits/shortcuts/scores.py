"""How well predictions fit, with intervals over patients."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from monai_covid.audits.subject import AuditOptions
from monai_covid.evaluation.bootstrap import check_resamples, percentile_interval, resample
from monai_covid.evaluation.columns import PATIENT
from monai_covid.evaluation.metrics import MetricKey, point_metrics
from monai_covid.evaluation.outcomes import FloatArray, SingleLabelOutcomes, outcomes_of
from monai_covid.evaluation.summary_tables import Value
from monai_covid.evaluation.weighted import measure_of

REST_ACCURACY = "accuracy_against_rest"
WHOLE = ("accuracy", "balanced_accuracy")
EACH = (REST_ACCURACY, "auc")

Scores = dict[MetricKey, Value]


def score(table: pd.DataFrame, labels: Sequence[str], options: AuditOptions) -> Scores:
    """Return accuracies and AUCs of a predictions table with 95 % intervals over patients.

    Args:
        table: Predictions table of one class per image (see ``evaluation.columns``).
        labels: The classes.
        options: Resamples and seed.

    Returns:
        ``accuracy`` and ``balanced_accuracy`` of the whole; ``accuracy_against_rest`` (a class is
        called at a probability of at least 0.5) and ``auc`` of each class; no value where the
        table does not define one.

    Raises:
        ValueError: If the table has several labels per image, or there are too few resamples.
    """
    check_resamples(options.resamples)
    outcomes = single_label(table, labels)
    right = _right_against_rest(outcomes)
    keys = [MetricKey(REST_ACCURACY, label) for label in labels]
    prepared = measure_of(outcomes)

    def measure(weights: FloatArray) -> dict[MetricKey, FloatArray]:
        parts = (weights @ right) / weights.sum(axis=1, keepdims=True)
        found = {**prepared(weights), **dict(zip(keys, parts.T, strict=True))}
        return {key: values for key, values in found.items() if key.metric in WHOLE + EACH}

    patients = table[PATIENT].astype(str).tolist()
    resampled = resample(measure, patients, options.resamples, options.seed)
    points = point_metrics(outcomes) | dict(zip(keys, right.mean(axis=0).tolist(), strict=True))
    alone = len(set(patients)) < 2
    return {key: _value(points[key], values, alone) for key, values in resampled.items()}


def single_label(table: pd.DataFrame, labels: Sequence[str]) -> SingleLabelOutcomes:
    """Return a predictions table as arrays.

    Raises:
        ValueError: If an image can have several labels.
    """
    outcomes = outcomes_of(table, labels)
    if not isinstance(outcomes, SingleLabelOutcomes):
        raise ValueError("this audit needs one class per image; the table has several labels")
    return outcomes


def _right_against_rest(outcomes: SingleLabelOutcomes) -> FloatArray:
    called = outcomes.probabilities >= 0.5
    return np.asarray(called == outcomes.positives, dtype=np.float64)


def _value(point: float, resampled: FloatArray, alone: bool) -> Value:
    if np.isnan(point):
        return Value(None)
    interval = percentile_interval(resampled)
    # One patient gives the same resample every time, which would look like certainty.
    return Value(point) if alone else Value(point, interval.low, interval.high)
