"""Logits and probabilities, there and back, on plain arrays."""

from __future__ import annotations

import numpy as np
from scipy.special import expit, log_softmax, logit, softmax

from monai_covid.evaluation.outcomes import FloatArray


def logits_of(probabilities: FloatArray, *, multilabel: bool) -> FloatArray:
    """Return logits that give ``probabilities`` at temperature 1.

    For classes that exclude each other they are log probabilities: the network's logits up to a
    constant of each row, which no probability depends on. A stored 0 only says that the value is
    below what the file can show, so half of the smallest other value stands in for it; for labels
    of their own the same holds for 1.

    Args:
        probabilities: ``(N, C)`` in [0, 1].
        multilabel: Whether each column stands for itself (True), or rows sum to 1.

    Raises:
        ValueError: If all values are 0 or 1: the logits are lost then.
    """
    values = np.asarray(probabilities, dtype=np.float64)
    inner = values[(values > 0) & (values < 1)]
    if not len(inner):
        raise ValueError("all probabilities are 0 or 1, so nothing is left of the logits")
    if multilabel:
        floor = min(float(inner.min()), float((1 - inner).min())) / 2
        return np.asarray(logit(np.clip(values, floor, 1 - floor)), dtype=np.float64)
    return np.asarray(np.log(np.maximum(values, inner.min() / 2)), dtype=np.float64)


def probabilities_at(
    logits: FloatArray, temperature: FloatArray | float, *, multilabel: bool
) -> FloatArray:
    """Return the probabilities ``(N, C)`` of logits ``(N, C)`` divided by ``temperature``."""
    scaled = logits / temperature
    result = expit(scaled) if multilabel else softmax(scaled, axis=1)
    return np.asarray(result, dtype=np.float64)


def log_loss_of(
    logits: FloatArray, targets: FloatArray, temperature: float = 1.0, *, multilabel: bool
) -> float:
    """Return the mean log loss in nats; for labels of their own the mean over labels as well.

    Computed from logits, so that confident mistakes are not cut off by rounding.

    Args:
        logits: ``(N, C)``.
        targets: ``(N, C)`` of 0 and 1; one 1 in a row unless ``multilabel``.
        temperature: What the logits are divided by.
        multilabel: Sigmoid of each logit, or softmax.
    """
    scaled = logits / temperature
    if multilabel:
        return float(np.mean(np.logaddexp(0.0, scaled) - targets * scaled))
    return float(-np.mean((targets * log_softmax(scaled, axis=1)).sum(axis=1)))
