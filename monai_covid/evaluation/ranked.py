"""Rank-based metrics of many weightings of the same rows: AUC and average precision.

Sorting is the slow part and does not depend on the weights, so it is done once per column.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from monai_covid.evaluation.outcomes import BoolArray, FloatArray, IntArray


class Ranking(NamedTuple):
    """Rows in the order of their scores.

    Attributes:
        order: Positions of the rows by ascending score, ``(N,)``.
        positive: Whether the row at that place is positive, ``(N,)``.
        starts: Places where a new distinct score begins, ``(G,)``.
    """

    order: IntArray
    positive: BoolArray
    starts: IntArray


class ScoreWeights(NamedTuple):
    """Weights at each distinct score, ascending.

    Attributes:
        positive: Summed weight of positive rows, ``(R, G)``.
        negative: Summed weight of negative rows, ``(R, G)``.
    """

    positive: FloatArray
    negative: FloatArray


def rank(positive: BoolArray, scores: FloatArray) -> Ranking:
    """Sort rows by score.

    Args:
        positive: ``(N,)``.
        scores: ``(N,)``.
    """
    order = np.argsort(scores, kind="stable")
    starts = np.flatnonzero(np.diff(scores[order], prepend=-np.inf))
    return Ranking(order, positive[order], starts)


def weights_by_score(ranking: Ranking, weights: FloatArray) -> ScoreWeights:
    """Return the weights at each distinct score for each of the weightings ``(R, N)``."""
    ordered = weights[:, ranking.order]
    positive = ordered * ranking.positive
    negative = ordered - positive
    if len(ranking.starts) == len(ranking.order):
        return ScoreWeights(positive, negative)
    return ScoreWeights(
        np.add.reduceat(positive, ranking.starts, axis=1),
        np.add.reduceat(negative, ranking.starts, axis=1),
    )


def weighted_auc(at: ScoreWeights) -> FloatArray:
    """Return the area under the ROC curve under each weighting, ties counted half.

    The area is the share of the weight of (positive, negative) pairs that the scores order right
    (Hanley & McNeil, Radiology 143:29-36, 1982).

    Args:
        at: Weights at each distinct score, R weightings.

    Returns:
        ``(R,)``; exact for whole-number weights, NaN without positive or negative weight.
    """
    return divide(*ordered_pairs(at))


def ordered_pairs(at: ScoreWeights) -> tuple[FloatArray, FloatArray]:
    """Return the weight of (positive, negative) pairs that are ordered right, and of all pairs.

    Args:
        at: Weights at each distinct score, R weightings.

    Returns:
        ``(R,)`` each; pairs of one score count half as ordered right.
    """
    below = np.cumsum(at.negative, axis=1) - at.negative / 2
    pairs = at.positive.sum(axis=1) * at.negative.sum(axis=1)
    return np.einsum("rg,rg->r", at.positive, below), pairs


def weighted_average_precision(at: ScoreWeights) -> FloatArray:
    """Return the average precision under each weighting: precision summed over steps of recall.

    Args:
        at: Weights at each distinct score, R weightings.

    Returns:
        ``(R,)``; NaN without positive weight.
    """
    # At a threshold everything with that score or more is called positive.
    true_called = np.cumsum(at.positive[:, ::-1], axis=1)[:, ::-1]
    called = true_called + np.cumsum(at.negative[:, ::-1], axis=1)[:, ::-1]
    precision = np.divide(true_called, called, out=np.zeros_like(called), where=called > 0)
    return divide(np.einsum("rg,rg->r", at.positive, precision), at.positive.sum(axis=1))


def divide(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    """Return the quotient, NaN where the denominator is not above zero."""
    shape = np.broadcast_shapes(numerator.shape, denominator.shape)
    result = np.full(shape, np.nan)
    np.divide(numerator, denominator, out=result, where=denominator > 0)
    return result
