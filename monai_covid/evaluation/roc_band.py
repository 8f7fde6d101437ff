"""ROC curves of resamples: the pointwise band around a curve."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from sklearn.metrics import roc_curve

from monai_covid.evaluation.bootstrap import LEVEL, resample
from monai_covid.evaluation.outcomes import FloatArray
from monai_covid.evaluation.ranked import Ranking, rank, weights_by_score
from monai_covid.evaluation.report import EvaluationReport

GRID = np.linspace(0.0, 1.0, 201)


class RocBand(NamedTuple):
    """A ROC curve with its 95 % band.

    Attributes:
        false_positive_rate: Corners of the curve, ``(K,)`` ascending in [0, 1].
        true_positive_rate: Corners of the curve, ``(K,)``.
        low: Lower edge of the band at the 201 false positive rates of ``GRID``.
        high: Upper edge of the band.
    """

    false_positive_rate: FloatArray
    true_positive_rate: FloatArray
    low: FloatArray
    high: FloatArray


def roc_bands(report: EvaluationReport) -> dict[str, RocBand]:
    """Return the one-vs-rest ROC curve of each class that has both outcomes.

    The band holds, at each false positive rate on its own, the central 95 % of the curves of the
    resamples that the report's intervals rest on.
    """
    outcomes = report.outcomes
    usable = (outcomes.support > 0) & (outcomes.support < report.n_images)
    columns = np.flatnonzero(usable).tolist()

    rankings = {c: rank(outcomes.positives[:, c], outcomes.probabilities[:, c]) for c in columns}

    def measure(weights: FloatArray) -> dict[int, FloatArray]:
        return {c: resampled_curves(rankings[c], weights) for c in columns}

    curves = resample(measure, report.patient_ids, report.resamples, report.seed, report.strata)
    bands = {}
    for c in columns:
        rates = roc_curve(outcomes.positives[:, c], outcomes.probabilities[:, c])
        low, high = np.nanquantile(curves[c], [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
        bands[report.class_names[c]] = RocBand(rates[0], rates[1], low, high)
    return bands


def resampled_curves(ranking: Ranking, weights: FloatArray) -> FloatArray:
    """Return the sensitivity at each false positive rate of ``GRID`` under each weighting.

    Args:
        ranking: N rows.
        weights: ``(R, N)``.

    Returns:
        ``(R, 201)``; NaN for weightings without positives or without negatives.
    """
    at = weights_by_score(ranking, weights)
    sensitivity = np.cumsum(at.positive[:, ::-1], axis=1)
    alarms = np.cumsum(at.negative[:, ::-1], axis=1)
    curves = np.full((len(weights), len(GRID)), np.nan)
    for row in np.flatnonzero((sensitivity[:, -1] > 0) & (alarms[:, -1] > 0)):
        curves[row] = _interpolated(alarms[row], sensitivity[row])
    return curves


def _interpolated(alarms: FloatArray, found: FloatArray) -> FloatArray:
    rate = np.concatenate([[0.0], alarms / alarms[-1]])
    sensitivity = np.concatenate([[0.0], found / found[-1]])
    # Where the curve is vertical, its upper end: the sensitivity reached at that rate.
    ends = np.flatnonzero(np.diff(rate, append=2.0) > 0)
    return np.asarray(np.interp(GRID, rate[ends], sensitivity[ends]), dtype=np.float64)
