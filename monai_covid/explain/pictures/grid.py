"""From the network's input back to the image."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from numpy.typing import ArrayLike
from scipy.ndimage import gaussian_filter
from torch.nn import functional as F

from monai_covid.explain.pictures.blend import FloatMap


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


def to_image_grid(
    relevance: ArrayLike, shape: tuple[int, int], box: tuple[int, int, int, int] | None = None
) -> FloatMap:
    """Return a map in the pixels of the image it belongs to, with the same sum.

    The network sees images, or a rectangle of them, squashed to a square. Each pixel of the square
    hands its relevance to the pixels of the image that it was made from, by their weights in the
    resize.

    Args:
        relevance: ``(C, S, S)`` or ``(S, S)``; channels are added.
        shape: Rows and columns of the image.
        box: Top and bottom row, first and last column (bottom and last not in it) of the rectangle
            that the network saw; None: all of the image.

    Returns:
        ``(H, W)`` float32; 0 outside the box.

    Raises:
        ValueError: If the box is empty or not within the image.
    """
    if box is not None and box != (0, shape[0], 0, shape[1]):
        return _in_box(relevance, shape, box)
    values = np.asarray(relevance, dtype=np.float32)
    if values.ndim == 3:
        values = values.sum(0)
    rows, columns = (_weights(*sides) for sides in zip(shape, values.shape, strict=True))
    # NumPy's product has threads of its own, which would hold up the network's for the next image.
    placed: FloatMap = (rows.T @ torch.from_numpy(values) @ columns).numpy()
    return placed


def scaled_box(
    box: tuple[int, int, int, int], shape: tuple[int, int], reduced: tuple[int, int]
) -> tuple[int, int, int, int]:
    """Return a box of an image of ``shape`` in the pixels of the same image in size ``reduced``.

    Edges are rounded to whole pixels; at least one pixel each way stays.
    """
    top, bottom = _scaled(box[0], box[1], reduced[0], reduced[0] / shape[0])
    first, last = _scaled(box[2], box[3], reduced[1], reduced[1] / shape[1])
    return top, bottom, first, last


def _scaled(start: int, end: int, side: int, scale: float) -> tuple[int, int]:
    first = min(round(start * scale), side - 1)
    return first, max(round(end * scale), first + 1)


def _in_box(
    relevance: ArrayLike, shape: tuple[int, int], box: tuple[int, int, int, int]
) -> FloatMap:
    top, bottom, first, last = box
    if not (0 <= top < bottom <= shape[0] and 0 <= first < last <= shape[1]):
        raise ValueError(f"rows {top} to {bottom}, columns {first} to {last} of an image {shape}")
    placed: FloatMap = np.zeros(shape, dtype=np.float32)
    placed[top:bottom, first:last] = to_image_grid(relevance, (bottom - top, last - first))
    return placed


@lru_cache(maxsize=8)
def _weights(side: int, square_side: int) -> torch.Tensor:
    """Return the weights ``(square_side, side)`` with which ``resize_to_square`` makes pixels."""
    # A resize is linear along each axis, so that unit vectors show its weights.
    unit = torch.eye(side)[None, None]
    resized = F.interpolate(
        unit, size=(square_side, side), mode="bilinear", antialias=True, align_corners=False
    )
    return resized[0, 0]
