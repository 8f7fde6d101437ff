"""From the network's input back to the image."""

from __future__ import annotations

from functools import lru_cache

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
    """Return a map in the pixels of the image it belongs to, with the same sum.

    The network sees images squashed to a square. Each pixel of the square hands its relevance to
    the pixels of the image that it was made from, by their weights in the resize.

    Args:
        relevance: ``(C, S, S)`` or ``(S, S)``; channels are added.
        shape: Rows and columns of the image.

    Returns:
        ``(H, W)`` float32.
    """
    values = np.asarray(relevance, dtype=np.float32)
    if values.ndim == 3:
        values = values.sum(0)
    rows, columns = (_weights(side, made) for side, made in zip(shape, values.shape, strict=True))
    # NumPy's product has threads of its own, which would hold up the network's for the next image.
    placed: FloatMap = (rows.T @ torch.from_numpy(values) @ columns).numpy()
    return placed


@lru_cache(maxsize=8)
def _weights(side: int, made: int) -> torch.Tensor:
    """Return the weights ``(made, side)`` with which ``resize_to_square`` makes pixels."""
    # A resize is linear along each axis, so that unit vectors show its weights.
    unit = torch.eye(side)[None, None]
    resized = F.interpolate(
        unit, size=(made, side), mode="bilinear", antialias=True, align_corners=False
    )
    return resized[0, 0]
