"""The frozen network that a DenseNet learns from in stage 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from monai_covid.feature_maps import frozen_backbone, pooled

MEASURED = 128
"""Images that the scale of the features is taken from."""

TEACHERS = ("efficientnet_lite0",)


class Teacher:
    """Feature maps of a frozen network, and their means and deviations over an image.

    All are standardised by statistics over images, so that no channel weighs more than another.

    Attributes:
        maps: The network; see ``feature_maps.Backbone``.
        weights: Where its weights come from.
    """

    def __init__(self, name: str, device: str | torch.device = "cpu") -> None:
        """Load the network.

        Args:
            name: One of ``TEACHERS``.
            device: Where to compute.

        Raises:
            OptionError: If the packages of the extra ``features`` are missing.
        """
        backbone = frozen_backbone(name)
        self.maps = backbone.maps.to(device)
        self.weights = backbone.weights
        self._device = torch.device(device)
        self._sizes: list[tuple[int, int]] = []
        self._scale: list[tuple[Tensor, Tensor]] = []

    def prepare(self, images: Any, sizes: Sequence[tuple[int, int]]) -> None:
        """Take mean and deviation of every feature from the first views of some images.

        They depend on the images and their order alone, so that a run that is continued has the
        same.

        Args:
            images: Data set of items with ``image`` ``(channels, S, S)``, asked by (epoch, index).
            sizes: Height and width that the maps of each stage are brought to, by averaging.
        """
        self._sizes = list(sizes)
        step = max(1, len(images) // MEASURED)
        chosen = range(0, len(images), step)[:MEASURED]
        batch = torch.stack([torch.as_tensor(images[(0, index)]["image"]) for index in chosen])
        self._scale = [
            (one.mean(_but_channels(one), keepdim=True), _deviation(one))
            for one in self._features(batch.to(self._device))
        ]

    def __call__(self, images: Tensor) -> list[Tensor]:
        """Return the standardised maps of each stage, and the pooled features last.

        Args:
            images: ``(B, channels, S, S)``, standardised.

        Returns:
            ``(B, C, H, W)`` of the sizes that were given, and ``(B, F)``, float32.
        """
        found = zip(self._features(images), self._scale, strict=True)
        return [(one - mean) / deviation for one, (mean, deviation) in found]

    @torch.no_grad()
    def _features(self, images: Tensor) -> list[Tensor]:
        maps = self.maps(images)
        pairs = zip(maps, self._sizes, strict=True)
        sized = [adaptive_avg_pool2d(one, size) for one, size in pairs]
        return [*sized, pooled(maps)]


def _but_channels(values: Tensor) -> list[int]:
    return [axis for axis in range(values.dim()) if axis != 1]


def _deviation(values: Tensor) -> Tensor:
    # A channel that is the same everywhere teaches nothing; it must not divide by 0.
    return values.std(_but_channels(values), keepdim=True, correction=0).clamp(min=1e-3)
