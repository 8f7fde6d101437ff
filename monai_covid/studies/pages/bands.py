"""Mean learning curves of an arm with intervals over its runs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from monai_covid.evaluation.bootstrap import LEVEL, RESAMPLES
from monai_covid.evaluation.outcomes import FloatArray
from monai_covid.studies.pages.records import Arm

SEED = 0


class Band(NamedTuple):
    """A mean curve.

    Attributes:
        epochs: ``(E,)`` epochs that every run has.
        mean: ``(E,)`` mean over runs.
        low: ``(E,)`` lower bound of the 95 % interval; None with a single run.
        high: ``(E,)`` upper bound.
    """

    epochs: FloatArray
    mean: FloatArray
    low: FloatArray | None
    high: FloatArray | None


def mean_curve(arm: Arm) -> Band:
    """Return the mean validation AUC of the runs and its percentile bootstrap over them.

    Only epochs that all runs have count: a mean over those that happened to go on would rise or
    fall because runs ended and not because they learned. Runs without any value are left out.
    """
    values = np.array(arm.curves, dtype=np.float64).reshape(len(arm.curves), len(arm.epochs))
    values = values[~np.isnan(values).all(axis=1)]
    shared = ~np.isnan(values).any(axis=0) if len(values) else np.zeros(len(arm.epochs), bool)
    epochs, values = np.array(arm.epochs, dtype=np.float64)[shared], values[:, shared]
    if len(values) == 0:
        return Band(epochs, epochs, None, None)
    if len(values) == 1:
        return Band(epochs, values[0], None, None)
    drawn = np.random.default_rng(SEED).integers(len(values), size=(RESAMPLES, len(values)))
    means = values[drawn].mean(axis=1)
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return Band(epochs, values.mean(axis=0), low, high)
