"""Random erasing: a rectangle of the image becomes a constant grey.

Zhong et al., Random erasing data augmentation, AAAI 2020. Own code, since MONAI's
``RandCoarseDropout`` returns tensors with metadata, which slow down all that follows.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import Any, NamedTuple

import torch
from monai.config import KeysCollection
from monai.transforms import MapTransform, RandomizableTransform

AREA = (0.02, 0.2)
"""Smallest and largest share of the image that is erased."""
ASPECT = 3.0
"""Largest ratio of the sides of the rectangle, either way."""


class Rectangle(NamedTuple):
    """A rectangle as shares of the image's height and width.

    Attributes:
        top: Of its upper edge, from the top.
        left: Of its left edge.
        height: Its height.
        width: Its width.
    """

    top: float
    left: float
    height: float
    width: float


def erase(image: torch.Tensor, rectangle: Rectangle, grey: float) -> torch.Tensor:
    """Return a copy of ``image`` ``(C, H, W)`` with ``grey`` in ``rectangle``."""
    _, height, width = image.shape
    top, left = round(rectangle.top * height), round(rectangle.left * width)
    bottom = round((rectangle.top + rectangle.height) * height)
    right = round((rectangle.left + rectangle.width) * width)
    erased = image.clone(memory_format=torch.contiguous_format)
    erased[:, top:bottom, left:right] = grey
    return erased


class RandomErasingd(RandomizableTransform, MapTransform):
    """Erase a rectangle of random place, size and grey, all keys of a sample alike.

    Area and ratio of the sides are drawn uniformly, the ratio by its logarithm.
    """

    def __init__(
        self, keys: KeysCollection, probability: float = 0.5, allow_missing_keys: bool = False
    ) -> None:
        """Take the probability.

        Args:
            keys: Keys of images ``(C, H, W)``, float32 in [0, 1].
            probability: That an image is changed at all, 0 to 1.
            allow_missing_keys: Whether samples without a key pass unchanged.

        Raises:
            ValueError: ``probability`` is out of range.
        """
        MapTransform.__init__(self, keys, allow_missing_keys)
        if not 0 <= probability <= 1:
            raise ValueError(f"probability is {probability}; it must be in [0, 1]")
        RandomizableTransform.__init__(self, prob=probability)
        self.rectangle = Rectangle(0.0, 0.0, 0.0, 0.0)
        self.grey = 0.0

    def randomize(self, data: Any = None) -> None:
        """Draw the next rectangle; ``data`` is not looked at."""
        super().randomize(data)
        if not self._do_transform:
            return
        area = self.R.uniform(*AREA)
        ratio = math.exp(self.R.uniform(-1.0, 1.0) * math.log(ASPECT))
        height, width = math.sqrt(area * ratio), math.sqrt(area / ratio)
        top, left = self.R.uniform(0.0, 1.0 - height), self.R.uniform(0.0, 1.0 - width)
        self.rectangle = Rectangle(top, left, height, width)
        self.grey = float(self.R.uniform())

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Return ``data`` with the same rectangle erased in all its images."""
        self.randomize()
        sample = dict(data)
        if self._do_transform:
            for key in self.key_iterator(sample):
                sample[key] = erase(sample[key], self.rectangle, self.grey)
        return sample
