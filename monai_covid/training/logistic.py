"""Multinomial logistic regression on features, as a linear layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

STRENGTHS = tuple(float(value) for value in np.logspace(-4, 0, 9))
"""Inverse strengths of the penalty that are tried, half a decade apart."""

MANY = 4
"""Features for each image from which on it is faster in the space of the images."""


class Labelled(NamedTuple):
    """Images to fit to.

    Attributes:
        features: ``(N, F)``.
        classes: ``(N,)`` from 0.
        weights: ``(N,)``, above 0; None: all alike.
    """

    features: FloatArray
    classes: IntArray
    weights: FloatArray | None = None

    def joined(self, other: Labelled) -> Labelled:
        """Return both together."""
        features = np.concatenate([self.features, other.features])
        classes = np.concatenate([self.classes, other.classes])
        if self.weights is None or other.weights is None:
            return Labelled(features, classes)
        return Labelled(features, classes, np.concatenate([self.weights, other.weights]))


class LinearProbe(NamedTuple):
    """A linear layer on features.

    Attributes:
        weight: ``(C, F)``, of features as they come: the standardisation is in it.
        bias: ``(C,)``.
        strength: Inverse strength of the penalty that the validation images chose.
        validation_auc: Mean one-vs-rest AUC of the validation images, with that penalty, before
            they were learned from too.
    """

    weight: Tensor
    bias: Tensor
    strength: float
    validation_auc: float

    def logits(self, features: Tensor) -> Tensor:
        """Return logits ``(B, C)`` float64 of features ``(B, F)`` float64."""
        return features @ self.weight.T + self.bias


def fit_probe(training: Labelled, validation: Labelled, classes: int) -> LinearProbe:
    """Fit multinomial logistic regression with an L2 penalty on standardised features.

    The penalty is that of the lowest log loss on the validation images; with it the regression is
    fitted again to training and validation images together.

    Args:
        training: Images to fit to.
        validation: Images of other patients.
        classes: Number of classes.

    Raises:
        ValueError: If a class has no training image.
    """
    present = np.unique(training.classes)
    if len(present) < classes:
        raise ValueError(
            f"training images of classes {present.tolist()}, of {classes} classes: each needs some"
        )
    candidates = _fitted(STRENGTHS, training)
    probabilities = [candidate.predict_proba(validation.features) for candidate in candidates]
    losses = [
        log_loss(validation.classes, each, labels=present, sample_weight=validation.weights)
        for each in probabilities
    ]
    best = int(np.argmin(losses))
    auc = _macro_auc(probabilities[best], validation.classes)
    return fit_layer(training.joined(validation), STRENGTHS[best], auc)


def fit_layer(images: Labelled, strength: float, auc: float = float("nan")) -> LinearProbe:
    """Fit with one inverse strength of the penalty; ``auc`` is what is known of it."""
    (fitted,) = _fitted([strength], images)
    return _as_layer(fitted, strength, auc)


def _fitted(strengths: Sequence[float], images: Labelled) -> list[Pipeline]:
    """Fit one regression for each strength.

    Where there are many more features than images, the regression is fitted to the images'
    coordinates in the space that they span. With this penalty the weights lie in that space, so
    that it is the same regression, in a fraction of the time.
    """
    features, classes, weights = images
    steps = [StandardScaler()]
    if features.shape[1] > MANY * len(features):
        steps.append(PCA(svd_solver="full"))
    prepare = make_pipeline(*steps)
    coordinates = prepare.fit_transform(features, standardscaler__sample_weight=weights)
    return [
        make_pipeline(
            *steps,
            LogisticRegression(C=strength, max_iter=3000).fit(
                coordinates, classes, sample_weight=weights
            ),
        )
        for strength in strengths
    ]


def _macro_auc(probabilities: FloatArray, classes: IntArray) -> float:
    """Return the mean of the areas under the curve that are defined; NaN if none is."""
    areas = [
        roc_auc_score(classes == place, probabilities[:, place])
        for place in range(probabilities.shape[1])
        if 0 < (classes == place).sum() < len(classes)
    ]
    return float(np.mean(areas)) if areas else float("nan")


def _as_layer(fitted: Pipeline, strength: float, validation_auc: float) -> LinearProbe:
    """Return scaler, rotation if there is one, and regression as one layer: the same logits.

    Of two classes the regression has the difference of their logits alone.
    """
    scaler, *rotation, regression = (step for _, step in fitted.steps)
    weight: Any = regression.coef_
    bias: Any = regression.intercept_
    if len(weight) == 1:
        weight, bias = (
            np.concatenate([-difference, difference]) / 2 for difference in (weight, bias)
        )
    for pca in rotation:
        weight = weight @ pca.components_
        bias = bias - weight @ pca.mean_
    weight = weight / scaler.scale_
    bias = bias - weight @ scaler.mean_
    return LinearProbe(torch.from_numpy(weight), torch.from_numpy(bias), strength, validation_auc)
