"""Temperature scaling: one number that makes a network as sure as it is right.

Guo, Pleiss, Sun & Weinberger, *On calibration of modern neural networks*, ICML 2017. Networks of
several labels get one temperature for all of them as well: one for each label would rest on the
few cases of rare labels, and would change which label of an image is the most probable.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq

from monai_covid.calibration.logits import log_loss_of, probabilities_at
from monai_covid.evaluation.outcomes import FloatArray

LOWEST, HIGHEST = 0.05, 20.0
"""Temperatures beyond these say that the data do not determine one."""


class TemperatureFit(NamedTuple):
    """The temperature of the least log loss.

    Attributes:
        temperature: In [``LOWEST``, ``HIGHEST``].
        before: Mean log loss at temperature 1, in nats.
        after: Mean log loss at the temperature.
        at_limit: Whether the least log loss lies outside of the range: images without any error
            want ever lower temperatures, predictions without information ever higher ones.
    """

    temperature: float
    before: float
    after: float
    at_limit: bool


def fit_temperature(
    logits: FloatArray, targets: FloatArray, *, multilabel: bool = False
) -> TemperatureFit:
    """Find the temperature of the least log loss.

    The log loss is convex in the reciprocal of the temperature, so its slope has one zero at most,
    and bracketing finds it from any start.

    Args:
        logits: ``(N, C)`` of validation images; log probabilities do as well.
        targets: ``(N, C)`` of 0 and 1; one 1 in a row unless ``multilabel``.
        multilabel: Sigmoid of each logit, or softmax over the classes.

    Raises:
        ValueError: If shapes differ, or a logit is not finite.
    """
    logits, targets = np.asarray(logits, np.float64), np.asarray(targets, np.float64)
    if logits.ndim != 2 or logits.shape != targets.shape or not len(logits):
        raise ValueError(f"logits {logits.shape} and targets {targets.shape} must both be (N, C)")
    if not np.isfinite(logits).all():
        raise ValueError("logits must be finite numbers")
    ends = [_slope(np.log(end), logits, targets, multilabel) for end in (LOWEST, HIGHEST)]
    # The slope against the reciprocal falls as the temperature rises.
    inside = ends[0] > 0 > ends[1]
    if inside:
        arguments = (logits, targets, multilabel)
        best = float(np.exp(brentq(_slope, np.log(LOWEST), np.log(HIGHEST), args=arguments)))
    else:
        best = LOWEST if ends[0] <= 0 else HIGHEST
    before, after = (
        log_loss_of(logits, targets, temperature, multilabel=multilabel)
        for temperature in (1.0, best)
    )
    return TemperatureFit(best, before, after, not inside)


def _slope(log_temperature: float, logits: FloatArray, targets: FloatArray, many: bool) -> float:
    """Return the derivative of the log loss by the reciprocal of the temperature."""
    probable = probabilities_at(logits, float(np.exp(log_temperature)), multilabel=many)
    return float(np.mean((probable - targets) * logits))
