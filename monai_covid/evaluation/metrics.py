"""Point metrics of a predictions table, computed by scikit-learn.

A metric that the data do not define is NaN: recall, precision, F1, AUC and average precision of a
class without images, precision of a class that is never predicted, specificity and AUC of a class
that every image has. Macro averages are over the classes that occur in the truth.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from sklearn import metrics as sk

from monai_covid.evaluation.outcomes import (
    BoolArray,
    FloatArray,
    IntArray,
    MultiLabelOutcomes,
    Outcomes,
    SingleLabelOutcomes,
)


class MetricKey(NamedTuple):
    """Which number it is.

    Attributes:
        metric: Name such as ``macro_auc``.
        label: The class for metrics of one class, None for metrics of the whole table.
    """

    metric: str
    label: str | None = None


def point_metrics(outcomes: Outcomes) -> dict[MetricKey, float]:
    """Return all metrics of ``outcomes``; NaN where one is not defined."""
    if isinstance(outcomes, SingleLabelOutcomes):
        return single_label_metrics(outcomes)
    return multi_label_metrics(outcomes)


def single_label_metrics(outcomes: SingleLabelOutcomes) -> dict[MetricKey, float]:
    """Return accuracy, averages over classes, log loss (nats) and the metrics of each class."""
    classes = np.arange(len(outcomes.class_names))
    present = outcomes.support > 0
    precision, recall, f1, _ = sk.precision_recall_fscore_support(
        outcomes.true, outcomes.predicted, labels=classes, average=None, zero_division=np.nan
    )
    auc = one_vs_rest_auc(outcomes.positives, outcomes.probabilities)
    per_class = {
        "precision": np.where(present, precision, np.nan),
        "recall": np.where(present, recall, np.nan),
        "specificity": _specificity(outcomes),
        "f1": np.where(present, f1, np.nan),
        "auc": auc,
    }
    whole = {
        "accuracy": float(sk.accuracy_score(outcomes.true, outcomes.predicted)),
        "balanced_accuracy": mean_of_defined(recall[present]),
        "macro_f1": mean_of_defined(f1[present]),
        "macro_auc": mean_of_defined(auc),
        "log_loss": float(sk.log_loss(outcomes.true, outcomes.probabilities, labels=classes))
        if len(classes) > 1
        else 0.0,
    }
    return _keyed(whole, per_class, outcomes.class_names)


def multi_label_metrics(outcomes: MultiLabelOutcomes) -> dict[MetricKey, float]:
    """Return AUC, average precision and prevalence of each label, and the macro AUC."""
    auc = one_vs_rest_auc(outcomes.positives, outcomes.probabilities)
    precision = _per_column(
        sk.average_precision_score,
        outcomes.positives,
        outcomes.probabilities,
        np.asarray(outcomes.support > 0),
    )
    per_label = {
        "auc": auc,
        "average_precision": precision,
        "prevalence": outcomes.positives.mean(axis=0),
    }
    return _keyed({"macro_auc": mean_of_defined(auc)}, per_label, outcomes.class_names)


def confusion_counts(outcomes: SingleLabelOutcomes) -> IntArray:
    """Return how many images of each true class (rows) got each prediction (columns), (C, C)."""
    classes = np.arange(len(outcomes.class_names))
    counts = sk.confusion_matrix(outcomes.true, outcomes.predicted, labels=classes)
    return np.asarray(counts, dtype=np.int64)


def one_vs_rest_auc(positives: BoolArray, scores: FloatArray) -> FloatArray:
    """Return the AUC of each column of ``(N, C)`` arrays; NaN unless both outcomes occur."""
    both = np.asarray(positives.any(axis=0) & ~positives.all(axis=0))
    return _per_column(sk.roc_auc_score, positives, scores, both)


def mean_of_defined(values: FloatArray) -> float:
    """Return the mean of the values that are not NaN; NaN when there is none."""
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if len(defined) else float("nan")


def _specificity(outcomes: SingleLabelOutcomes) -> FloatArray:
    decided = outcomes.predicted[:, None] == np.arange(len(outcomes.class_names))
    negatives = ~outcomes.positives
    return _per_column(sk.recall_score, negatives, ~decided, np.asarray(negatives.any(axis=0)))


def _per_column(
    score: Callable[..., float],
    truth: BoolArray,
    values: FloatArray | BoolArray,
    defined: BoolArray,
) -> FloatArray:
    columns = range(truth.shape[1])
    return np.array(
        [score(truth[:, c], values[:, c]) if defined[c] else np.nan for c in columns],
        dtype=np.float64,
    )


def _keyed(
    whole: dict[str, float], per_class: dict[str, FloatArray], class_names: tuple[str, ...]
) -> dict[MetricKey, float]:
    keyed = {MetricKey(metric): value for metric, value in whole.items()}
    for position, label in enumerate(class_names):
        for metric, values in per_class.items():
            keyed[MetricKey(metric, label)] = float(values[position])
    return keyed
