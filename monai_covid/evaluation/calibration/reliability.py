"""The reliability diagram: observed frequencies by predicted probability, in bins of equal mass."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from monai_covid.evaluation.outcomes import BoolArray, FloatArray, IntArray
from monai_covid.evaluation.ranked import divide

MOST_BINS = 15

LEAST_IN_BIN = 20


class Reliability(NamedTuple):
    """Points of a reliability diagram, one a bin.

    Attributes:
        probability: Mean probability in the bin, ``(B,)``.
        frequency: Share of positive rows in the bin, ``(B,)``.
        low: Lower end of the consistency bar, ``(B,)``.
        high: Upper end of the consistency bar, ``(B,)``.
        size: Rows of the bin, ``(B,)``.
    """

    probability: FloatArray
    frequency: FloatArray
    low: FloatArray
    high: FloatArray
    size: IntArray


def reliability(
    probabilities: FloatArray,
    positive: BoolArray,
    *,
    bins: int | None = None,
    resamples: int = 1000,
    seed: int = 0,
) -> Reliability:
    """Return observed frequencies by bins of equal mass, with consistency bars.

    A bar holds 95 % of the frequencies that perfectly calibrated probabilities would show with so
    many rows: rows are drawn with replacement, then outcomes with their own probabilities (Bröcker
    & Smith, Weather and Forecasting 22:651-661, 2007). Rows count as independent, so bars are a
    little short where patients have several images.

    Args:
        probabilities: ``(N,)``.
        positive: ``(N,)``.
        bins: Number of bins; None: ``bins_for`` so many rows.
        resamples: Drawn samples.
        seed: Seed of the draws.
    """
    cut = equal_mass_bins(probabilities, bins or bins_for(len(probabilities)))
    number = int(cut.max()) + 1
    count = np.bincount(cut, minlength=number)
    generator = np.random.default_rng(seed)
    drawn = np.array([_drawn(probabilities, cut, number, generator) for _ in range(resamples)])
    low, high = np.nanquantile(drawn, [0.025, 0.975], axis=0)
    return Reliability(
        np.bincount(cut, weights=probabilities, minlength=number) / count,
        np.bincount(cut, weights=positive, minlength=number) / count,
        low,
        high,
        count.astype(np.int64),
    )


def _drawn(
    probabilities: FloatArray, cut: IntArray, number: int, generator: np.random.Generator
) -> FloatArray:
    """Return the frequencies ``(B,)`` of one sample of a calibrated network; NaN in empty bins."""
    rows = generator.integers(len(cut), size=len(cut))
    is_positive = generator.random(len(cut)) < probabilities[rows]
    total = np.bincount(cut[rows], minlength=number).astype(np.float64)
    total[total == 0] = np.nan
    positives = np.bincount(cut[rows], weights=is_positive, minlength=number)
    return np.asarray(positives / total, dtype=np.float64)


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

    Equal probabilities are in one bin, so there can be fewer bins than asked for.

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
    bin_of = np.searchsorted(edges, probabilities, side="right")
    return np.asarray(np.unique(bin_of, return_inverse=True)[1], dtype=np.int64)


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
