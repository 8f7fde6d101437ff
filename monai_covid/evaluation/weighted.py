"""The metrics of many weightings of the same rows at once.

A bootstrap resample is a whole-number weight per row (how often the row's patient was drawn), so
2000 resamples are one ``(R, N)`` matrix and each metric a few array operations. Every function
returns ``(R,)`` or ``(R, C)`` and NaN where a weighting leaves the metric undefined. Averages are
over the classes that occur in the unweighted rows: a weighting without one of them is undefined.
"""

from __future__ import annotations

import numpy as np

from monai_covid.evaluation.metrics import MetricKey
from monai_covid.evaluation.outcomes import (
    BoolArray,
    FloatArray,
    MultiLabelOutcomes,
    Outcomes,
    SingleLabelOutcomes,
)


def weighted_metrics(outcomes: Outcomes, weights: FloatArray) -> dict[MetricKey, FloatArray]:
    """Return the metrics of ``point_metrics`` under each weighting.

    Args:
        outcomes: N rows.
        weights: ``(R, N)``, at least 0.

    Returns:
        For each metric the R values.
    """
    if isinstance(outcomes, SingleLabelOutcomes):
        return _single_label(outcomes, weights)
    return _multi_label(outcomes, weights)


def weighted_confusion(outcomes: SingleLabelOutcomes, weights: FloatArray) -> FloatArray:
    """Return the summed weights of each true (axis 1) and predicted class (axis 2), (R, C, C)."""
    count = len(outcomes.class_names)
    cells = np.eye(count * count)[outcomes.true * count + outcomes.predicted]
    summed = np.asarray(weights @ cells, dtype=np.float64)
    return summed.reshape(len(weights), count, count)


def weighted_auc(positive: BoolArray, scores: FloatArray, weights: FloatArray) -> FloatArray:
    """Return the area under the ROC curve under each weighting, ties counted half.

    The area is the share of the weight of (positive, negative) pairs that the scores order right
    (Hanley & McNeil, Radiology 143:29-36, 1982).

    Args:
        positive: ``(N,)``.
        scores: ``(N,)``.
        weights: ``(R, N)``.

    Returns:
        ``(R,)``; exact for whole-number weights.
    """
    up, down = weights_by_score(positive, scores, weights)
    pairs = up.sum(axis=1) * down.sum(axis=1)
    below = np.cumsum(down, axis=1) - down / 2
    return _divide(np.einsum("rg,rg->r", up, below), pairs)


def weighted_average_precision(
    positive: BoolArray, scores: FloatArray, weights: FloatArray
) -> FloatArray:
    """Return the average precision under each weighting: precision summed over steps of recall.

    Args:
        positive: ``(N,)``.
        scores: ``(N,)``.
        weights: ``(R, N)``.

    Returns:
        ``(R,)``.
    """
    up, down = weights_by_score(positive, scores, weights)
    # At a threshold everything with that score or more is called positive.
    true_called = np.cumsum(up[:, ::-1], axis=1)[:, ::-1]
    called = true_called + np.cumsum(down[:, ::-1], axis=1)[:, ::-1]
    precision = np.divide(true_called, called, out=np.zeros_like(called), where=called > 0)
    return _divide(np.einsum("rg,rg->r", up, precision), up.sum(axis=1))


def weights_by_score(
    positive: BoolArray, scores: FloatArray, weights: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return positive and negative weight at each distinct score, ascending, each (R, G)."""
    order = np.argsort(scores, kind="stable")
    ranked = weights[:, order]
    up = ranked * positive[order]
    down = ranked - up
    starts = np.flatnonzero(np.diff(scores[order], prepend=-np.inf))
    if len(starts) == len(scores):
        return up, down
    return np.add.reduceat(up, starts, axis=1), np.add.reduceat(down, starts, axis=1)


def _single_label(
    outcomes: SingleLabelOutcomes, weights: FloatArray
) -> dict[MetricKey, FloatArray]:
    confusion = weighted_confusion(outcomes, weights)
    total = confusion.sum(axis=(1, 2))
    hits = np.diagonal(confusion, axis1=1, axis2=2)
    support, called = confusion.sum(axis=2), confusion.sum(axis=1)
    rest = total[:, None] - support
    has = support > 0
    recall = _divide(hits, support)
    f1 = np.where(has, _divide(2 * hits, support + called), np.nan)
    auc = _auc_columns(outcomes, weights)
    present = outcomes.support > 0
    result = {
        MetricKey("accuracy"): _divide(hits.sum(axis=1), total),
        MetricKey("balanced_accuracy"): recall[:, present].mean(axis=1),
        MetricKey("macro_f1"): f1[:, present].mean(axis=1),
        MetricKey("macro_auc"): _mean_where_possible(outcomes, auc),
        MetricKey("log_loss"): _divide(weights @ _row_log_loss(outcomes), total),
    }
    for c, label in enumerate(outcomes.class_names):
        precision = np.where(has[:, c], _divide(hits[:, c], called[:, c]), np.nan)
        wrongly_called = called[:, c] - hits[:, c]
        result[MetricKey("precision", label)] = precision
        result[MetricKey("recall", label)] = recall[:, c]
        result[MetricKey("specificity", label)] = 1 - _divide(wrongly_called, rest[:, c])
        result[MetricKey("f1", label)] = f1[:, c]
        result[MetricKey("auc", label)] = auc[:, c]
    return result


def _multi_label(outcomes: MultiLabelOutcomes, weights: FloatArray) -> dict[MetricKey, FloatArray]:
    auc = _auc_columns(outcomes, weights)
    prevalence = _divide(weights @ outcomes.positives, weights.sum(axis=1)[:, None])
    result = {MetricKey("macro_auc"): _mean_where_possible(outcomes, auc)}
    for c, label in enumerate(outcomes.class_names):
        result[MetricKey("auc", label)] = auc[:, c]
        result[MetricKey("average_precision", label)] = weighted_average_precision(
            outcomes.positives[:, c], outcomes.probabilities[:, c], weights
        )
        result[MetricKey("prevalence", label)] = prevalence[:, c]
    return result


def _auc_columns(outcomes: Outcomes, weights: FloatArray) -> FloatArray:
    columns = zip(outcomes.positives.T, outcomes.probabilities.T, strict=True)
    return np.column_stack([weighted_auc(truth, scores, weights) for truth, scores in columns])


def _mean_where_possible(outcomes: Outcomes, auc: FloatArray) -> FloatArray:
    possible = (outcomes.support > 0) & (outcomes.support < len(outcomes.positives))
    if not possible.any():
        return np.full(len(auc), np.nan)
    return np.asarray(auc[:, possible].mean(axis=1), dtype=np.float64)


def _row_log_loss(outcomes: SingleLabelOutcomes) -> FloatArray:
    smallest = np.finfo(np.float64).eps
    chosen = outcomes.probabilities[np.arange(len(outcomes.true)), outcomes.true]
    return np.asarray(-np.log(np.clip(chosen, smallest, 1 - smallest)), dtype=np.float64)


def _divide(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    shape = np.broadcast_shapes(numerator.shape, denominator.shape)
    result = np.full(shape, np.nan)
    np.divide(numerator, denominator, out=result, where=denominator > 0)
    return result
