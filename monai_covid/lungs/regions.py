"""From the network's probabilities to two clean regions."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import binary_fill_holes, binary_opening, label
from torch.nn import functional as F

BoolArray = NDArray[np.bool_]

SMOOTHING = 3
"""Radius in pixels of the disc that a region must hold: half a rib; spurs are thinner."""


def separate_fields(probabilities: NDArray[np.float32]) -> tuple[BoolArray, BoolArray]:
    """Return the fields on the left and on the right of the image, (N, N) each.

    A pixel belongs to the side that is more probable, if that is above one half. Spurs of each side
    are cut off (opening by a disc), then its largest connected region stays, its holes filled.

    Args:
        probabilities: (2, N, N) of the left and of the right field.
    """
    is_left = probabilities[0] >= probabilities[1]
    inside = probabilities.max(axis=0) > 0.5
    left, right = (without_spurs(inside & side) for side in (is_left, ~is_left))
    return largest_region(left), largest_region(right)


def without_spurs(mask: BoolArray) -> BoolArray:
    """Return the union of all discs of radius ``SMOOTHING`` that lie within ``mask``.

    The mask goes on beyond the edge of the image as it is there, so that lungs which the image
    cuts off keep their corners.
    """
    across = np.arange(-SMOOTHING, SMOOTHING + 1)
    disc = across[:, None] ** 2 + across[None] ** 2 <= SMOOTHING**2
    padded = np.pad(mask, 2 * SMOOTHING, mode="edge")
    inner = slice(2 * SMOOTHING, -2 * SMOOTHING)
    opened: BoolArray = binary_opening(padded, disc)[inner, inner]
    return opened


def largest_region(mask: BoolArray) -> BoolArray:
    """Return the largest connected region (by edges) of ``mask`` with its holes filled."""
    labels, count = label(mask)
    if count == 0:
        return np.zeros_like(mask)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    filled: BoolArray = binary_fill_holes(labels == sizes.argmax())
    return filled


def to_image(mask: BoolArray, shape: tuple[int, int]) -> BoolArray:
    """Return ``mask`` (N, N) stretched to ``shape`` (H, W), its outline interpolated."""
    field = torch.from_numpy(mask.astype(np.float32))[None, None]
    stretched = F.interpolate(field, size=shape, mode="bilinear", align_corners=False)
    result: BoolArray = stretched[0, 0].numpy() > 0.5
    return result
