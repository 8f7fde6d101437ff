"""Cues from grey values: border strips, thumbnails, histogram."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from monai_covid.transforms.equalise import equalize_histogram
from monai_covid.transforms.resize import resize_to_square

FloatArray = NDArray[np.float64]

BORDER = 0.05
"""Width of a border strip, as a part of the shorter side."""

SEGMENTS = 8
BINS = 32


def border_strips(pixels: NDArray[Any]) -> FloatArray:
    """Return mean and standard deviation of 8 segments of each border strip, ``(64,)``.

    Args:
        pixels: Grey values (H, W), at least 32 x 32.
    """
    width = max(1, round(BORDER * min(pixels.shape)))
    strips = (pixels[:width], pixels[-width:], pixels[:, :width].T, pixels[:, -width:].T)
    parts = [part for strip in strips for part in np.array_split(strip, SEGMENTS, axis=1)]
    return np.array([[part.mean(), part.std()] for part in parts], dtype=np.float64).ravel()


def thumbnail(pixels: NDArray[Any], size: int, *, equalised: bool = False) -> FloatArray:
    """Return the image squashed to ``size`` x ``size``, ``(size * size,)``.

    Args:
        pixels: Grey values (H, W).
        size: Side of the thumbnail in pixels.
        equalised: Whether the histogram is equalised first, as for the network.
    """
    image = torch.from_numpy(np.ascontiguousarray(pixels, dtype=np.float32))[None]
    if equalised:
        image = equalize_histogram(image)
    return resize_to_square(image, size).double().numpy().ravel()


def grey_histogram(pixels: NDArray[Any]) -> FloatArray:
    """Return the part of the pixels in each of 32 equal ranges of grey, ``(32,)``.

    Args:
        pixels: Grey values (H, W). The ranges divide 0 to 255 where the values are those of an
            8-bit file, otherwise lowest to highest value.
    """
    low, high = float(pixels.min()), float(pixels.max())
    if low >= 0 and 1 < high <= 255:
        low, high = 0.0, 255.0
    counts, _ = np.histogram(pixels, BINS, (low, high) if high > low else (low, low + 1))
    return np.asarray(counts / pixels.size, dtype=np.float64)
