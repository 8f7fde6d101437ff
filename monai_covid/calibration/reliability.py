"""The reliability diagram: how often is it right when it says so?"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from monai_covid.calibration.bins import bins_for, equal_mass_bins
from monai_covid.evaluation.outcomes import BoolArray, FloatArray, IntArray


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
    happened = generator.random(len(cut)) < probabilities[rows]
    total = np.bincount(cut[rows], minlength=number).astype(np.float64)
    total[total == 0] = np.nan
    found = np.bincount(cut[rows], weights=happened, minlength=number)
    return np.asarray(found / total, dtype=np.float64)
