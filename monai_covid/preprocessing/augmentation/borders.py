"""Random borders, so that what lies along the edges of an image tells nothing of its class.

In public COVID-19 collections, strips along the borders alone (bars, collimation, letters) tell the
class of three images in four. Own code, since MONAI's spatial transforms return tensors with
metadata and take several times as long.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from monai.config import KeysCollection
from monai.transforms import MapTransform, RandomizableTransform
from monai.utils import ensure_tuple
from torch.nn import functional as F

LARGEST_SHARE = 0.15
"""Of the height or width that a strip takes at most."""


class Border(NamedTuple):
    """Strips along the edges of an image, in pixels.

    Attributes:
        top: Height of the upper strip.
        bottom: Height of the lower strip.
        left: Width of the left strip.
        right: Width of the right strip.
    """

    top: int
    bottom: int
    left: int
    right: int


def cover_border(image: torch.Tensor, border: Border, grey: float = 0.0) -> torch.Tensor:
    """Return a copy of ``image`` ``(C, H, W)`` whose strips have the value ``grey``."""
    _, height, width = image.shape
    covered = torch.full_like(image, grey)
    rows = slice(border.top, height - border.bottom)
    columns = slice(border.left, width - border.right)
    covered[:, rows, columns] = image[:, rows, columns]
    return covered


def crop_border(image: torch.Tensor, border: Border) -> torch.Tensor:
    """Return ``image`` ``(C, H, W)`` without its strips, stretched to the same size (bilinear)."""
    _, height, width = image.shape
    inner = image[:, border.top : height - border.bottom, border.left : width - border.right]
    stretched = F.interpolate(
        inner[None], size=(height, width), mode="bilinear", align_corners=False
    )
    return stretched[0]


class RandomBorderd(RandomizableTransform, MapTransform):
    """Cover or cut away strips of random width on all sides, all keys of a sample alike.

    One time in three the strips are cut away, one in three they become black, and one in three a
    random grey. Widths are drawn uniformly up to ``largest_share`` for each side. Masks go with
    their images: strips are cut away, or 0.
    """

    def __init__(
        self,
        keys: KeysCollection,
        probability: float = 0.5,
        largest_share: float = LARGEST_SHARE,
        allow_missing_keys: bool = False,
        *,
        mask_keys: KeysCollection = (),
    ) -> None:
        """Take the probability.

        Args:
            keys: Keys of images ``(C, H, W)``, float32 in [0, 1].
            probability: That an image is changed at all, 0 to 1.
            largest_share: Of the height or width that a strip takes at most, 0 to below 0.5.
            allow_missing_keys: Whether samples without a key pass unchanged.
            mask_keys: Keys of masks ``(C, H, W)``, which a sample may lack.

        Raises:
            ValueError: An argument is out of range.
        """
        MapTransform.__init__(self, keys, allow_missing_keys)
        if not 0 <= probability <= 1 or not 0 <= largest_share < 0.5:
            raise ValueError(
                f"probability {probability} must be in [0, 1], largest_share {largest_share} in "
                "[0, 0.5)"
            )
        RandomizableTransform.__init__(self, prob=probability)
        self.largest_share = largest_share
        self.mask_keys = ensure_tuple(mask_keys)
        self.shares = np.zeros(4)
        self.cropped = False
        self.grey = 0.0

    def randomize(self, data: Any = None) -> None:
        """Draw the next border; ``data`` is not looked at."""
        super().randomize(data)
        if not self._do_transform:
            return
        self.shares = self.R.uniform(0.0, self.largest_share, 4)
        way = self.R.randint(3)
        self.cropped = way == 0
        self.grey = float(self.R.uniform()) if way == 1 else 0.0

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Return ``data`` with the borders of its images changed alike."""
        self.randomize()
        sample = dict(data)
        if not self._do_transform:
            return sample
        for key in self.key_iterator(sample):
            sample[key] = self._change(sample[key], self.grey)
        for key in self.mask_keys:
            if key in sample:
                sample[key] = self._change(sample[key], 0.0)
        return sample

    def _change(self, image: torch.Tensor, grey: float) -> torch.Tensor:
        border = self._border(image)
        return crop_border(image, border) if self.cropped else cover_border(image, border, grey)

    def _border(self, image: torch.Tensor) -> Border:
        _, height, width = image.shape
        sides = (height, height, width, width)
        return Border(
            *(round(share * side) for share, side in zip(self.shares, sides, strict=True))
        )
