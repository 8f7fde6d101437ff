"""From the network's input back to the image."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import ArrayLike
from scipy.ndimage import gaussian_filter
from torch.nn import functional as F

from monai_covid.heatmaps.colours import FloatMap


def smoothed(relevance: ArrayLike, pixels: float) -> FloatMap:
    """Return a map smoothed for display.

    Strided convolutions and pooling leave a grid of a few pixels in most maps, which the eye takes
    for structure.

    Args:
        relevance: ``(C, S, S)`` or ``(S, S)``; channels are added.
        pixels: Standard deviation of the Gaussian; 0 for none.

    Returns:
        ``(S, S)`` float32 with the same sum.
    """
    values = np.asarray(relevance, dtype=np.float32)
    if values.ndim == 3:
        values = values.sum(0)
    if not pixels:
        return values
    smooth: FloatMap = gaussian_filter(values, pixels, mode="reflect")
    return smooth


def to_image_grid(relevance: ArrayLike, shape: tuple[int, int]) -> FloatMap:
    """Return a map in the pixels of the image it belongs to.

    The network sees images squashed to a square; this undoes it. The sum is kept: a pixel of the
    image gets as much less as the image has more pixels.

    Args:
        relevance: ``(C, S, S)`` or ``(S, S)``; channels are added.
        shape: Rows and columns of the image.

    Returns:
        ``(H, W)`` float32.
    """
    values = torch.as_tensor(np.asarray(relevance, dtype=np.float32))
    if values.ndim == 3:
        values = values.sum(0)
    shrinks = values.numel() > shape[0] * shape[1]
    placed = F.interpolate(
        values[None, None], size=shape, mode="bilinear", antialias=shrinks, align_corners=False
    )
    placed *= values.numel() / (shape[0] * shape[1])
    result: FloatMap = placed[0, 0].numpy()
    return result
