"""Random stretching, rotation, translation and flip in one interpolation."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from monai.config import KeysCollection
from monai.transforms import MapTransform, RandomizableTransform
from torch.nn import functional as F


class Placement(NamedTuple):
    """Where an image is put.

    Attributes:
        rotation: Radians; positive turns the picture counter-clockwise.
        down: Pixels by which the picture then moves down.
        right: Pixels by which the picture then moves to the right.
        flipped: Whether left and right are then exchanged.
        taller: Factor by which the picture is stretched along its columns, before all else.
        wider: Factor by which it is stretched along its rows.
    """

    rotation: float
    down: float
    right: float
    flipped: bool
    taller: float = 1.0
    wider: float = 1.0


FILLS = {"black": "zeros", "edge": "border"}
"""What comes to lie where a placed image does not reach, and what ``grid_sample`` calls it."""


def place(image: torch.Tensor, placement: Placement, fill: str = "black") -> torch.Tensor:
    """Return ``image`` stretched and rotated about its centre, moved and flipped.

    All by one bilinear interpolation.

    Args:
        image: (C, H, W) float32.
        placement: What to do.
        fill: What is put where nothing of ``image`` comes to lie: ``black`` (0), or ``edge``, the
            nearest pixel of its edge.

    Returns:
        (C, H, W) float32.
    """
    _, height, width = image.shape
    grid = _sampling_grid(height, width, placement)
    placed = F.grid_sample(
        image[None], grid[None], mode="bilinear", padding_mode=FILLS[fill], align_corners=False
    )
    return placed[0]


def _sampling_grid(height: int, width: int, placement: Placement) -> torch.Tensor:
    """Return, for each pixel of the result, where it is taken from: (H, W, 2), x then y.

    In the units of ``grid_sample``: -1 and 1 are the outer edges of the image. Row and column terms
    are added by broadcasting, which is several times faster than ``affine_grid``.
    """
    cosine, sine = math.cos(placement.rotation), math.sin(placement.rotation)
    row = torch.arange(height) - ((height - 1) / 2 + placement.down)
    column = torch.arange(width) - (width - 1) / 2
    column = (-column if placement.flipped else column) - placement.right
    grid = torch.empty(height, width, 2)
    torch.add((cosine * column)[None, :], (-sine * row)[:, None], out=grid[..., 0])
    torch.add((sine * column)[None, :], (cosine * row)[:, None], out=grid[..., 1])
    return grid.mul_(torch.tensor([2 / (width * placement.wider), 2 / (height * placement.taller)]))


class RandomPlacementd(RandomizableTransform, MapTransform):
    """Stretch, rotate, move and flip images at random, all keys of a sample alike.

    Same distribution as MONAI's ``RandAffined`` followed by ``RandFlipd``, several times faster:
    one plain-tensor interpolation without tracking of metadata.
    """

    def __init__(
        self,
        keys: KeysCollection,
        rotation_degrees: float = 40.0,
        translation_pixels: float = 28.0,
        flip_probability: float = 0.5,
        allow_missing_keys: bool = False,
        *,
        aspect_range: float = 0.0,
        fill: str = "black",
    ) -> None:
        """Take the ranges.

        Args:
            keys: Keys of images (C, H, W), float32.
            rotation_degrees: Largest rotation either way; uniformly drawn.
            translation_pixels: Largest shift along rows and columns either way; uniformly drawn.
            flip_probability: Probability that left and right are exchanged, 0 to 1.
            allow_missing_keys: Whether samples without a key pass unchanged.
            aspect_range: Rows and columns are each stretched by a factor between
                ``1 / (1 + aspect_range)`` and ``1 + aspect_range``, drawn uniformly by its
                logarithm; 0 for none.
            fill: ``black`` or ``edge``, see `place`.

        Raises:
            ValueError: A range is negative, the probability not in [0, 1], or the fill unknown.
        """
        MapTransform.__init__(self, keys, allow_missing_keys)
        RandomizableTransform.__init__(self, prob=1.0)
        if rotation_degrees < 0 or translation_pixels < 0 or not 0 <= flip_probability <= 1:
            raise ValueError(
                f"rotation_degrees {rotation_degrees} and translation_pixels {translation_pixels} "
                f"must not be negative, flip_probability {flip_probability} must be in [0, 1]"
            )
        if aspect_range < 0:
            raise ValueError(f"aspect_range is {aspect_range}; it must not be negative")
        if fill not in FILLS:
            raise ValueError(f"fill is {fill!r}; it must be one of {', '.join(FILLS)}")
        self.fill = fill
        self.rotation = math.radians(rotation_degrees)
        self.translation = translation_pixels
        self.flip_probability = flip_probability
        self.aspect_range = aspect_range
        self.placement = Placement(0.0, 0.0, 0.0, False)

    def randomize(self, data: Any = None) -> None:
        """Draw the next placement into ``self.placement``; ``data`` is not looked at."""
        super().randomize(data)
        rotation, down, right, flip = np.asarray(self.R.uniform(-1.0, 1.0, 4), dtype=float)
        taller, wider = self._stretching()
        self.placement = Placement(
            rotation=float(rotation * self.rotation),
            down=float(down * self.translation),
            right=float(right * self.translation),
            flipped=bool((flip + 1) / 2 < self.flip_probability),
            taller=taller,
            wider=wider,
        )

    def _stretching(self) -> tuple[float, float]:
        # Nothing is drawn where nothing is asked for: runs of earlier versions can be repeated.
        if not self.aspect_range:
            return 1.0, 1.0
        logarithms = math.log1p(self.aspect_range) * self.R.uniform(-1.0, 1.0, 2)
        return math.exp(logarithms[0]), math.exp(logarithms[1])

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Return ``data`` with all its images placed alike."""
        self.randomize()
        sample = dict(data)
        for key in self.key_iterator(sample):
            sample[key] = place(sample[key], self.placement, self.fill)
        return sample
