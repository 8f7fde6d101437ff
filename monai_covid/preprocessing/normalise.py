"""Standardising grey values by the statistics of ImageNet, on which networks are pretrained."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import torch
from monai.config import KeysCollection
from monai.transforms import MapTransform

GREY_MEAN = 0.449
"""Mean of the three channel means of ImageNet."""

GREY_DEVIATION = 0.226
"""Mean of the three channel standard deviations of ImageNet."""

COLOUR_MEAN = (0.485, 0.456, 0.406)
COLOUR_DEVIATION = (0.229, 0.224, 0.225)


def _statistics(
    channels: int, scale: str = "imagenet"
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return mean and standard deviation of each channel."""
    if channels not in (1, 3):
        raise ValueError(f"channels is {channels}; 1 (grey) or 3 (grey repeated) is possible")
    if scale == "1024":
        return (0.5,) * channels, (1 / 2048,) * channels
    return ((GREY_MEAN,), (GREY_DEVIATION,)) if channels == 1 else (COLOUR_MEAN, COLOUR_DEVIATION)


def standardized_range(
    channels: int = 1, scale: str = "imagenet"
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the lowest and the highest value of each channel after `StandardizeGreyd`.

    Raises:
        ValueError: ``channels`` is neither 1 nor 3.
    """
    statistics = tuple(zip(*_statistics(channels, scale), strict=True))
    low = tuple((0.0 - mean) / deviation for mean, deviation in statistics)
    return low, tuple((1.0 - mean) / deviation for mean, deviation in statistics)


def grey_values(images: torch.Tensor) -> torch.Tensor:
    """Return the grey values in [0, 1] that `StandardizeGreyd` standardised.

    Args:
        images: (B, C, H, W), C 1 or 3.

    Returns:
        (B, 1, H, W).

    Raises:
        ValueError: If there is another number of channels.
    """
    mean, deviation = _statistics(images.shape[1])
    # All channels hold the same grey.
    return images[:, :1] * deviation[0] + mean[0]


class StandardizeGreyd(MapTransform):
    """Subtract ImageNet's mean and divide by its standard deviation, or scale to -1024 to 1024.

    One channel: (1, H, W) in [0, 1] to (1, H, W). Three channels: the grey channel is repeated, and
    each is standardised by the values of its colour: (1, H, W) to (3, H, W).
    """

    def __init__(
        self,
        keys: KeysCollection,
        channels: int = 1,
        scale: str = "imagenet",
        allow_missing_keys: bool = False,
    ) -> None:
        """Take the number of channels that the network expects.

        Args:
            keys: Keys of images (1, H, W), float32 in [0, 1].
            channels: 1 or 3.
            scale: See `Preprocessing`.
            allow_missing_keys: Whether samples without a key pass unchanged.

        Raises:
            ValueError: ``channels`` is neither 1 nor 3.
        """
        super().__init__(keys, allow_missing_keys)
        mean, deviation = _statistics(channels, scale)
        self.mean = torch.tensor(mean).reshape(-1, 1, 1)
        self.deviation = torch.tensor(deviation).reshape(-1, 1, 1)

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Return ``data`` with standardised images."""
        sample = dict(data)
        for key in self.key_iterator(sample):
            sample[key] = (sample[key] - self.mean) / self.deviation
        return sample
