"""Logistic regression on features, as one linear layer."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

STRENGTHS = tuple(float(value) for value in np.logspace(-4, 0, 9))
"""Inverse strengths of the penalty that are tried, half a decade apart."""


class LinearProbe(NamedTuple):
    """A linear layer on features.

    Attributes:
        weight: ``(C, F)``, of features as they come: the standardisation is in it.
        bias: ``(C,)``.
        strength: Inverse strength of the penalty that the validation images chose.
    """

    weight: Tensor
    bias: Tensor
    strength: float

    def logits(self, features: Tensor) -> Tensor:
        """Return logits ``(B, C)`` float64 of features ``(B, F)`` float64."""
        return features @ self.weight.T + self.bias


def fit_probe(
    training: tuple[FloatArray, IntArray], validation: tuple[FloatArray, IntArray], classes: int
) -> LinearProbe:
    """Fit multinomial logistic regression with an L2 penalty on standardised features.

    The penalty is that of the lowest log loss on the validation images; with it the regression is
    fitted anew to training and validation images together.

    Args:
        training: Features ``(N, F)`` and classes ``(N,)`` from 0.
        validation: The same of images of other patients.
        classes: Number of classes.

    Raises:
        ValueError: If a class has no training image.
    """
    present = np.unique(training[1])
    if len(present) < classes:
        raise ValueError(f"training images of classes {present.tolist()}, of {classes} classes")
    losses = [_loss(_fitted(strength, *training), *validation) for strength in STRENGTHS]
    strength = STRENGTHS[int(np.argmin(losses))]
    features = np.concatenate([training[0], validation[0]])
    final = _fitted(strength, features, np.concatenate([training[1], validation[1]]))
    return _as_layer(final, strength)


def _fitted(strength: float, features: FloatArray, classes: IntArray) -> Pipeline:
    regression = LogisticRegression(C=strength, max_iter=3000)
    fitted: Pipeline = make_pipeline(StandardScaler(), regression).fit(features, classes)
    return fitted


def _loss(fitted: Pipeline, features: FloatArray, classes: IntArray) -> float:
    return float(log_loss(classes, fitted.predict_proba(features), labels=fitted.classes_))


def _as_layer(fitted: Pipeline, strength: float) -> LinearProbe:
    """Return scaler and regression as one layer: the same logits."""
    scaler, regression = (step for _, step in fitted.steps)
    weight: Any = regression.coef_ / scaler.scale_
    bias: Any = regression.intercept_ - weight @ scaler.mean_
    return LinearProbe(torch.from_numpy(weight), torch.from_numpy(bias), strength)
