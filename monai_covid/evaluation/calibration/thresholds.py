"""Thresholds that reach a target sensitivity with a given confidence."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.stats import beta, binom

from monai_covid.evaluation.calibration.record import OperatingPoint
from monai_covid.evaluation.outcomes import BoolArray, FloatArray

LEVEL = 0.95


def patients_needed(sensitivity: float, confidence: float) -> int:
    """Return how many patients with the class a threshold takes at least.

    With n patients the lowest of their scores is reached by a share of at least ``sensitivity`` of
    all patients with confidence 1 - sensitivity^n (Wilks, Ann. Math. Statist. 12:91-96, 1941): 59
    for 95 % with 95 %.

    Raises:
        ValueError: If a share does not lie between 0 and 1.
    """
    _check(sensitivity, confidence)
    return math.ceil(math.log(1 - confidence) / math.log(sensitivity) - 1e-9)


def operating_point(
    label: str,
    scores: FloatArray,
    positive: BoolArray,
    patients: Sequence[str],
    *,
    sensitivity: float = 0.95,
    confidence: float = 0.95,
) -> OperatingPoint:
    """Return the highest threshold that reaches ``sensitivity`` with ``confidence``.

    Patients are independent, images are not, so patients are counted: the k-th smallest of their
    lowest scores is reached by a share of at least ``sensitivity`` of all patients with confidence
    P(Bin(n, 1 - sensitivity) >= k), whatever the distribution. Specificity is measured on the
    patients without the class, by their highest score, with the exact binomial interval (Clopper &
    Pearson, Biometrika 26:404-413, 1934).

    Args:
        label: The class.
        scores: Its probability, ``(N,)``.
        positive: Whether a row is of the class, ``(N,)``.
        patients: Patient of each row; one with and without the class counts on both sides.
        sensitivity: To be reached, in (0, 1).
        confidence: In (0, 1).

    Raises:
        ValueError: If a share does not lie between 0 and 1.
    """
    needed = patients_needed(sensitivity, confidence)
    names = np.asarray(patients, dtype=str)
    lowest = np.sort(_each_patient(scores[positive], names[positive], np.minimum))
    highest = _each_patient(scores[~positive], names[~positive], np.maximum)
    threshold = _order_statistic(lowest, sensitivity, confidence)
    rate = low = high = None
    if threshold is not None and len(highest):
        clear = int((highest < threshold).sum())
        rate = clear / len(highest)
        low, high = exact_interval(clear, len(highest))
    return OperatingPoint(
        label,
        sensitivity,
        confidence,
        threshold,
        rate,
        low,
        high,
        len(lowest),
        len(highest),
        needed,
    )


def exact_interval(count: int, number: int, level: float = LEVEL) -> tuple[float, float]:
    """Return the exact binomial interval of ``count`` out of ``number``."""
    tail = (1 - level) / 2
    low = float(beta.ppf(tail, count, number - count + 1)) if count else 0.0
    high = float(beta.ppf(1 - tail, count + 1, number - count)) if count < number else 1.0
    return low, high


def _order_statistic(lowest: FloatArray, sensitivity: float, confidence: float) -> float | None:
    ranks = np.arange(1, len(lowest) + 1)
    reached = binom.sf(ranks - 1, len(lowest), 1 - sensitivity) >= confidence
    return float(lowest[int(reached.sum()) - 1]) if reached.any() else None


def _each_patient(scores: FloatArray, names: np.ndarray, merge: np.ufunc) -> FloatArray:
    """Return the lowest or highest score of each patient, ``(P,)``."""
    distinct, codes = np.unique(names, return_inverse=True)
    start = np.inf if merge is np.minimum else -np.inf
    result = np.full(len(distinct), start)
    merge.at(result, codes, scores)
    return result


def _check(sensitivity: float, confidence: float) -> None:
    for name, value in (("sensitivity", sensitivity), ("confidence", confidence)):
        if not 0 < value < 1:
            raise ValueError(f"{name} is {value!r}, must lie between 0 and 1")
