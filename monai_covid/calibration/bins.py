"""Bins of equal mass, and what is in them under many weightings of the same rows."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from monai_covid.evaluation.outcomes import BoolArray, FloatArray, IntArray
from monai_covid.evaluation.ranked import divide

MOST_BINS = 15
LEAST_IN_BIN = 20


class BinSums(NamedTuple):
    """Sums over the rows of each bin, R weightings of B bins.

    Attributes:
        weight: ``(R, B)``.
        probability: Summed probability, ``(R, B)``.
        positive: Summed weight of the positive rows, ``(R, B)``.
    """

    weight: FloatArray
    probability: FloatArray
    positive: FloatArray


def bins_for(rows: int) -> int:
    """Return how many bins so many rows are divided into: 20 rows in each, 2 to 15 bins."""
    return max(2, min(MOST_BINS, rows // LEAST_IN_BIN))


def equal_mass_bins(probabilities: FloatArray, bins: int) -> IntArray:
    """Return the bin of each row, so that bins hold about as many rows each.

    Equal probabilities stay together, so there can be fewer bins than asked for.

    Args:
        probabilities: ``(N,)``.
        bins: Number of bins, at least 1.

    Returns:
        ``(N,)``, from 0 without gaps, rising with the probability.

    Raises:
        ValueError: If ``bins`` is below 1.
    """
    if bins < 1:
        raise ValueError(f"bins is {bins}, must be at least 1")
    ordered = np.sort(probabilities)
    edges = ordered[np.arange(1, bins) * len(ordered) // bins]
    found = np.searchsorted(edges, probabilities, side="right")
    return np.asarray(np.unique(found, return_inverse=True)[1], dtype=np.int64)


def bin_sums(
    probabilities: FloatArray, positive: BoolArray, bins: IntArray, weights: FloatArray
) -> BinSums:
    """Add up what is in each bin under each of the weightings ``(R, N)``."""
    member = (bins[:, None] == np.arange(bins.max() + 1)).astype(np.float64)
    return BinSums(
        weights @ member,
        weights @ (member * probabilities[:, None]),
        weights @ (member * positive[:, None]),
    )


def expected_error(sums: BinSums) -> FloatArray:
    """Return the expected calibration error ``(R,)``: mean distance of probability and frequency.

    Naeini, Cooper & Hauskrecht, AAAI 2015. It is biased: a finite sample of a calibrated network
    has an error above 0, the more so the more bins there are.
    """
    gap = np.abs(sums.probability - sums.positive)
    return divide(gap.sum(axis=1), sums.weight.sum(axis=1))


def squared_error(sums: BinSums) -> FloatArray:
    """Return the mean squared distance of probability and frequency ``(R,)``, biased as well."""
    return divide((_gaps(sums) ** 2 * sums.weight).sum(axis=1), sums.weight.sum(axis=1))


def debiased_squared_error(sums: BinSums) -> FloatArray:
    """Return the same ``(R,)`` less what chance adds; below 0 where chance gave less than usual.

    In each bin the variance of its frequency is taken off (Bröcker, Climate Dynamics 39:655-667,
    2012; Kumar, Liang & Ma, *Verified uncertainty calibration*, NeurIPS 2019). Its mean over
    samples is the true one. Bins of less than two rows have no variance and are left out.
    """
    usable = sums.weight >= 2
    rate = sums.positive / np.maximum(sums.weight, 1)
    chance = rate * (1 - rate) / np.maximum(sums.weight - 1, 1)
    terms = np.where(usable, (_gaps(sums) ** 2 - chance) * sums.weight, 0.0)
    return divide(terms.sum(axis=1), np.where(usable, sums.weight, 0.0).sum(axis=1))


def _gaps(sums: BinSums) -> FloatArray:
    return np.asarray(
        (sums.probability - sums.positive) / np.maximum(sums.weight, 1), dtype=np.float64
    )
