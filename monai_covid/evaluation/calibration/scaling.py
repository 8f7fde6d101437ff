"""One temperature and a bias for each class, for probabilities of mutually exclusive classes.

Between temperature and vector scaling of Guo, Pleiss, Sun & Weinberger, *On calibration of modern
neural networks*, ICML 2017: a temperature mends how sure a network is, biases what it calls too
often. The biases of a network's last layer can take them up.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

from monai_covid.evaluation.calibration.temperature import HIGHEST, LOWEST
from monai_covid.evaluation.outcomes import FloatArray

LARGEST_BIAS = 10.0


class Scaling(NamedTuple):
    """What is done to logits.

    Attributes:
        temperature: Divides them.
        biases: Are added afterwards, ``(C,)``; their sum is 0.
    """

    temperature: float
    biases: FloatArray

    def probabilities(self, logits: FloatArray) -> FloatArray:
        """Return the probabilities ``(N, C)`` of logits ``(N, C)``."""
        scaled = logits / self.temperature + self.biases
        return np.asarray(softmax(scaled, axis=1), dtype=np.float64)

    @property
    def head_biases(self) -> FloatArray:
        """What has to be added to the last layer's biases, ``(C,)``: the temperature divides it."""
        return self.temperature * self.biases

    @property
    def at_limit(self) -> bool:
        """Whether a lower or a higher temperature were better still."""
        return not LOWEST * 1.001 < self.temperature < HIGHEST / 1.001


def fit_scaling(
    logits: FloatArray, targets: FloatArray, weights: FloatArray, *, biases: bool = True
) -> Scaling:
    """Find the temperature and the biases of the least weighted log loss.

    The loss is convex in the reciprocal of the temperature and the biases. Where there are biases,
    a class without images is left out of the fit and has the bias 0: the images cannot tell how
    often it should be said.

    Args:
        logits: ``(N, C)``; log probabilities do as well.
        targets: ``(N, C)`` of 0 and 1; one 1 in a row.
        weights: ``(N,)``, above 0.
        biases: Whether there are biases, or a temperature alone.
    """
    share = weights / weights.sum()
    known = targets.any(axis=0)
    if not biases or known.sum() < 2:
        return Scaling(1 / _least(logits, targets, share, 0.0)[0], np.zeros(logits.shape[1]))
    best = _least(logits[:, known], targets[:, known], share, LARGEST_BIAS)
    shifts = np.zeros(logits.shape[1])
    shifts[known] = best[1:] - best[1:].mean()
    return Scaling(float(1 / best[0]), shifts)


def _least(
    logits: FloatArray, targets: FloatArray, share: FloatArray, largest_bias: float
) -> FloatArray:
    """Return the reciprocal of the temperature and the biases of the least loss."""

    def loss(parameters: FloatArray) -> tuple[float, FloatArray]:
        scaled = logits * parameters[0] + parameters[1:]
        value = -(share * (targets * log_softmax(scaled, axis=1)).sum(axis=1)).sum()
        excess = (softmax(scaled, axis=1) - targets) * share[:, None]
        return float(value), np.concatenate([[(excess * logits).sum()], excess.sum(axis=0)])

    count = logits.shape[1]
    bounds = [(1 / HIGHEST, 1 / LOWEST), *[(-largest_bias, largest_bias)] * count]
    start = np.concatenate([[1.0], np.zeros(count)])
    options = {"maxiter": 1000, "ftol": 1e-14, "gtol": 1e-9}
    best = minimize(loss, start, jac=True, bounds=bounds, method="L-BFGS-B", options=options).x
    return np.asarray(best, dtype=np.float64)
