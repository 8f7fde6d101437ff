"""Linear probes on the feature maps of all stages of a frozen network.

An idea that is being tried: studies compare such probes with trained networks. A probe that is a
model of its own is that of ``training.linear_probe``. Features of images are computed once and
remembered, since folds share their images.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path

import torch
from torch import Tensor, nn

from monai_covid.inference.answer import Answer
from monai_covid.inference.classifier import predict_files
from monai_covid.inference.prediction import Prediction
from monai_covid.models.features import log_covariances, pooled
from monai_covid.models.model_file import ModelInfo
from monai_covid.training.logistic import LinearProbe

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
