"""Linear probes: logistic regression on the pooled features of a frozen network.

An idea that is being tried, not a model that is shipped: studies compare probes with trained
networks. Features of images are computed once and remembered, since folds share their images.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor, nn

from monai_covid.inference.answer import Answer
from monai_covid.inference.classifier import predict_files
from monai_covid.inference.prediction import Prediction
from monai_covid.models.features import log_covariances, pooled
from monai_covid.models.model_file import ModelInfo

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

STRENGTHS = tuple(float(value) for value in np.logspace(-4, 0, 9))
"""Inverse strengths of the penalty that are tried, half a decade apart."""

MANY = 4
"""Features for each image from which on it is faster in the space of the images."""

REMEMBERED = 100_000_000
"""Numbers that are remembered, 0.4 GB: covariances of 9,000 images, or more."""

MOMENTS, COVARIANCES = "moments", "covariances"

POOLINGS: Mapping[str, Callable[[Sequence[Tensor]], Tensor]] = {
    MOMENTS: pooled,
    COVARIANCES: log_covariances,
}
"""What stands for an image: each feature map by itself, or how the maps vary together."""


class ProbeClassifier:
    """Classifies images as ``inference.Classifier`` does.

    Attributes:
        info: Labels, image size and preprocessing.
        features: The frozen network.
        probe: The linear layer.
    """

    def __init__(self, info: ModelInfo, features: PooledFeatures, probe: LinearProbe) -> None:
        """Put it together; see the attributes."""
        self.info = info
        self.features = features
        self.probe = probe

    def probabilities(self, images: Tensor) -> Tensor:
        """Return probabilities ``(B, labels)`` of preprocessed ``images`` ``(B, 1, S, S)``."""
        return self.probe.logits(self.features(images)).softmax(1).float()

    def answer(self, images: Tensor) -> Answer:
        """Return the same probabilities; one network has no spread."""
        return Answer(self.probabilities(images), {})

    def predict(
        self,
        paths: Sequence[Path | str],
        batch_size: int = 16,
        *,
        assess: bool = True,
        keep_unsuitable: bool = False,
    ) -> Iterator[Prediction]:
        """Yield a prediction for each file, in order; see `predict_files`."""
        return predict_files(
            self, paths, batch_size, assess=assess, keep_unsuitable=keep_unsuitable
        )


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


def fit_probe(
    training: tuple[FloatArray, IntArray], validation: tuple[FloatArray, IntArray], classes: int
) -> LinearProbe:
    """Fit multinomial logistic regression with an L2 penalty on standardised features.

    The penalty is that of the lowest log loss on the validation images; with it the regression is
    fitted again to training and validation images together.

    Args:
        training: Features ``(N, F)`` and classes ``(N,)`` from 0.
        validation: The same of images of other patients.
        classes: Number of classes.

    Raises:
        ValueError: If a class has no training image.
    """
    present = np.unique(training[1])
    if len(present) < classes:
        raise ValueError(
            f"training images of classes {present.tolist()}, of {classes} classes: each needs some"
        )
    candidates = _fitted(STRENGTHS, *training)
    probabilities = [candidate.predict_proba(validation[0]) for candidate in candidates]
    best = int(
        np.argmin(
            [log_loss(validation[1], probability, labels=present) for probability in probabilities]
        )
    )
    features, targets = (np.concatenate(both) for both in zip(training, validation, strict=True))
    (final,) = _fitted(STRENGTHS[best : best + 1], features, targets)
    return _as_layer(final, STRENGTHS[best], _macro_auc(probabilities[best], validation[1]))


def _fitted(strengths: Sequence[float], features: FloatArray, classes: IntArray) -> list[Pipeline]:
    """Fit one regression for each strength.

    Where there are many more features than images, the regression is fitted to the images'
    coordinates in the space that they span. With this penalty the weights lie in that space, so
    that it is the same regression, in a fraction of the time.
    """
    steps = [StandardScaler()]
    if features.shape[1] > MANY * len(features):
        steps.append(PCA(svd_solver="full"))
    prepare = make_pipeline(*steps)
    coordinates = prepare.fit_transform(features)
    return [
        make_pipeline(
            *steps, LogisticRegression(C=strength, max_iter=3000).fit(coordinates, classes)
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
    weight = weight / scaler.scale_
    bias = bias - weight @ scaler.mean_
    return LinearProbe(torch.from_numpy(weight), torch.from_numpy(bias), strength, validation_auc)


class PooledFeatures:
    """Features of images, remembered: the folds of a study meet the same images again.

    Attributes:
        maps: Network that returns feature maps, see ``feature_maps.Backbone``.
        device: Where it computes.
        flips: Whether features are means over an image and its mirror image. A linear probe
            then answers as if it had been asked for both, and is fitted to both.
        pool: Turns the feature maps of images into their features, see ``POOLINGS``.
    """

    def __init__(
        self,
        maps: nn.Module,
        device: str | torch.device = "cpu",
        *,
        flips: bool = False,
        pooling: str = MOMENTS,
    ) -> None:
        """Take the network; ``pooling`` is one of ``POOLINGS``."""
        self.device = torch.device(device)
        self.flips = flips
        self.pool = POOLINGS[pooling]
        self.maps = maps.to(self.device)
        self._remembered: OrderedDict[bytes, Tensor] = OrderedDict()

    @torch.inference_mode()
    def __call__(self, images: Tensor) -> Tensor:
        """Return the features ``(B, F)`` float64, on the CPU; see ``POOLINGS``.

        Args:
            images: ``(B, 1, S, S)``, standardised.
        """
        keys = [_fingerprint(image) for image in images]
        # An image that stands twice in the batch is computed once.
        new = {key: place for place, key in enumerate(keys) if key not in self._remembered}
        if new:
            batch = images[list(new.values())].to(self.device)
            rows = self._computed(batch).float().cpu()
            self._remembered.update(zip(new, rows, strict=True))
        features = torch.stack([self._remembered[key] for key in keys])
        for key in keys:  # what is asked for again and again is forgotten last
            self._remembered.move_to_end(key)
        while len(self._remembered) * features.shape[1] > REMEMBERED:
            self._remembered.popitem(last=False)
        return features.double()

    def _computed(self, images: Tensor) -> Tensor:
        rows = self.pool(self.maps(images))
        return (rows + self.pool(self.maps(images.flip(-1)))) / 2 if self.flips else rows


def _fingerprint(image: Tensor) -> bytes:
    values = image.contiguous().cpu().numpy()
    digest = blake2b(f"{values.shape} {values.dtype.str}".encode(), digest_size=16)
    digest.update(values.data)
    return digest.digest()
