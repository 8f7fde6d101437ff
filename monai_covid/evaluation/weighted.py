"""The metrics of many weightings of the same rows at once.

A bootstrap resample is a whole-number weight per row (how often the row's patient was drawn), so
2000 resamples are one ``(R, N)`` matrix and each metric a few array operations. Every function
returns ``(R,)`` or ``(R, C)`` and NaN where a weighting leaves the metric undefined. Averages are
over the classes that occur in the unweighted rows: a weighting without one of them is undefined.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

import numpy as np

from monai_covid.evaluation.metrics import MetricKey
from monai_covid.evaluation.outcomes import (
    FloatArray,
    MultiLabelOutcomes,
    Outcomes,
    SingleLabelOutcomes,
)
from monai_covid.evaluation.ranked import (
    Ranking,
    divide,
    rank,
    weighted_auc,
    weighted_average_precision,
    weights_by_score,
)

Rankings: TypeAlias = tuple[Ranking, ...]


def measure_of(outcomes: Outcomes) -> Callable[[FloatArray], dict[MetricKey, FloatArray]]:
    """Prepare the metrics of ``point_metrics`` for weightings of the N rows of ``outcomes``.

    Args:
        outcomes: N rows.

    Returns:
        Function from weights ``(R, N)``, at least 0, to the R values of each metric.
    """
    columns = zip(outcomes.positives.T, outcomes.probabilities.T, strict=True)
    rankings = tuple(rank(positive, scores) for positive, scores in columns)
    if isinstance(outcomes, SingleLabelOutcomes):
        return partial(_single_label, outcomes, rankings)
    return partial(_multi_label, outcomes, rankings)


def weighted_confusion(outcomes: SingleLabelOutcomes, weights: FloatArray) -> FloatArray:
    """Return the summed weights of each true (axis 1) and predicted class (axis 2), (R, C, C)."""
    count = len(outcomes.class_names)
    cells = np.eye(count * count)[outcomes.true * count + outcomes.predicted]
    summed = np.asarray(weights @ cells, dtype=np.float64)
    return summed.reshape(len(weights), count, count)


def _single_label(
    outcomes: SingleLabelOutcomes, rankings: Rankings, weights: FloatArray
) -> dict[MetricKey, FloatArray]:
    confusion = weighted_confusion(outcomes, weights)
    total = confusion.sum(axis=(1, 2))
    hits = np.diagonal(confusion, axis1=1, axis2=2)
    support, called = confusion.sum(axis=2), confusion.sum(axis=1)
    rest = total[:, None] - support
    has = support > 0
    recall = divide(hits, support)
    f1 = np.where(has, divide(2 * hits, support + called), np.nan)
    areas = [weighted_auc(weights_by_score(ranking, weights)) for ranking in rankings]
    auc = np.column_stack(areas)
    present = outcomes.support > 0
    result = {
        MetricKey("accuracy"): divide(hits.sum(axis=1), total),
        MetricKey("balanced_accuracy"): recall[:, present].mean(axis=1),
        MetricKey("macro_f1"): f1[:, present].mean(axis=1),
        MetricKey("macro_auc"): _mean_where_possible(outcomes, auc),
        MetricKey("log_loss"): divide(weights @ _row_log_loss(outcomes), total),
    }
    for c, label in enumerate(outcomes.class_names):
        precision = np.where(has[:, c], divide(hits[:, c], called[:, c]), np.nan)
        wrongly_called = called[:, c] - hits[:, c]
        result[MetricKey("precision", label)] = precision
        result[MetricKey("recall", label)] = recall[:, c]
        result[MetricKey("specificity", label)] = 1 - divide(wrongly_called, rest[:, c])
        result[MetricKey("f1", label)] = f1[:, c]
        result[MetricKey("auc", label)] = auc[:, c]
    return result


def _multi_label(
    outcomes: MultiLabelOutcomes, rankings: Rankings, weights: FloatArray
) -> dict[MetricKey, FloatArray]:
    prevalence = divide(weights @ outcomes.positives, weights.sum(axis=1)[:, None])
    areas = []
    of_labels: dict[MetricKey, FloatArray] = {}
    for c, label in enumerate(outcomes.class_names):
        at = weights_by_score(rankings[c], weights)
        areas.append(weighted_auc(at))
        of_labels[MetricKey("auc", label)] = areas[c]
        of_labels[MetricKey("average_precision", label)] = weighted_average_precision(at)
        of_labels[MetricKey("prevalence", label)] = prevalence[:, c]
    macro = _mean_where_possible(outcomes, np.column_stack(areas))
    return {MetricKey("macro_auc"): macro, **of_labels}


def _mean_where_possible(outcomes: Outcomes, auc: FloatArray) -> FloatArray:
    possible = (outcomes.support > 0) & (outcomes.support < len(outcomes.positives))
    if not possible.any():
        return np.full(len(auc), np.nan)
    return np.asarray(auc[:, possible].mean(axis=1), dtype=np.float64)


def _row_log_loss(outcomes: SingleLabelOutcomes) -> FloatArray:
    smallest = np.finfo(np.float64).eps
    chosen = outcomes.probabilities[np.arange(len(outcomes.true)), outcomes.true]
    return np.asarray(-np.log(np.clip(chosen, smallest, 1 - smallest)), dtype=np.float64)
