"""Random grey values, noise and blur, so that a scanner is not known by the look of its images.

Own code, since MONAI's noise and blur alone take eight times as long as a random placement, and
return tensors with metadata; here all five together take a third longer than a placement.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import Any, NamedTuple

import torch
from monai.config import KeysCollection
from monai.transforms import MapTransform, RandomizableTransform
from torch.nn import functional as F

NOISE = 0.1
"""Standard deviation of the noise at a strength of 1, as share of the grey range."""
BLUR = 4.0
"""Standard deviation of the blur at a strength of 1, in pixels."""


class GreyChange(NamedTuple):
    """What is done to grey values in [0, 1], in this order.

    Attributes:
        blur: Standard deviation of the Gaussian filter in pixels; 0 for none.
        gamma: Exponent.
        contrast: Factor about the middle grey 0.5.
        brightness: What is added.
        noise: Standard deviation of the white noise that is added; 0 for none.
        seed: Of the noise.
    """

    blur: float
    gamma: float
    contrast: float
    brightness: float
    noise: float
    seed: int


def change_grey(image: torch.Tensor, change: GreyChange) -> torch.Tensor:
    """Return ``image`` ``(C, H, W)`` in [0, 1] with changed grey values, cut to [0, 1]."""
    if change.blur > 0:
        image = blur(image, change.blur)
    offset = 0.5 * (1 - change.contrast) + change.brightness
    changed = image.pow(change.gamma).mul_(change.contrast).add_(offset)
    if change.noise > 0:
        generator = torch.Generator().manual_seed(change.seed)
        changed.add_(torch.randn(changed.shape, generator=generator), alpha=change.noise)
    return changed.clamp_(0.0, 1.0)


def blur(image: torch.Tensor, deviation: float) -> torch.Tensor:
    """Return ``image`` ``(C, H, W)`` after a Gaussian filter, with its edges repeated outwards.

    Args:
        image: float32.
        deviation: Standard deviation in pixels, above 0; the filter ends at three of them.
    """
    reach = max(1, math.ceil(3 * deviation))
    offsets = torch.arange(-reach, reach + 1, dtype=torch.float32)
    kernel = torch.exp(-0.5 * (offsets / deviation) ** 2)
    kernel /= kernel.sum()
    padded = F.pad(image[:, None], (reach,) * 4, mode="replicate")
    rows = F.conv2d(padded, kernel.reshape(1, 1, 1, -1))
    return F.conv2d(rows, kernel.reshape(1, 1, -1, 1))[:, 0]


class RandomGreyd(RandomizableTransform, MapTransform):
    """Change gamma, contrast, brightness, noise and sharpness a little, all keys of a sample alike.

    At a strength ``s``: gamma and contrast between ``1 / (1 + s)`` and ``1 + s``, brightness within
    ±``s / 4``, noise up to 0.1 ``s`` of the grey range and blur up to 4 ``s`` pixels; half of the
    images get noise, and half, independently, blur.
    """

    def __init__(
        self, keys: KeysCollection, strength: float = 0.2, allow_missing_keys: bool = False
    ) -> None:
        """Take the strength.

        Args:
            keys: Keys of images ``(C, H, W)``, float32 in [0, 1].
            strength: 0 (nothing) to 1; 0.2 is hardly seen, 0.5 is.
            allow_missing_keys: Whether samples without a key pass unchanged.

        Raises:
            ValueError: ``strength`` is out of range.
        """
        MapTransform.__init__(self, keys, allow_missing_keys)
        RandomizableTransform.__init__(self, prob=1.0)
        if not 0 <= strength <= 1:
            raise ValueError(f"strength is {strength}; it must be in [0, 1]")
        self.strength = strength
        self.change = GreyChange(0.0, 1.0, 1.0, 0.0, 0.0, 0)

    def randomize(self, data: Any = None) -> None:
        """Draw the next change; ``data`` is not looked at."""
        super().randomize(data)
        gamma, contrast, brightness = self.R.uniform(-1.0, 1.0, 3)
        # The lower half of a range from -1 to 1 stands for none.
        noise, sigma = self.R.uniform(-1.0, 1.0, 2).clip(min=0.0)
        logarithm = math.log1p(self.strength)
        self.change = GreyChange(
            blur=float(sigma * self.strength * BLUR),
            gamma=math.exp(gamma * logarithm),
            contrast=math.exp(contrast * logarithm),
            brightness=float(brightness * self.strength / 4),
            noise=float(noise * self.strength * NOISE),
            seed=int(self.R.randint(2**31 - 1)),
        )

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Return ``data`` with the grey values of its images changed alike."""
        self.randomize()
        sample = dict(data)
        for key in self.key_iterator(sample):
            sample[key] = change_grey(sample[key], self.change)
        return sample
