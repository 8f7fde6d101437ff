"""What the questions are asked of: a sample of the pixels and small squashed copies."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from monai_covid.transforms.resize import resize_to_square

LARGEST_SAMPLE = 512
"""Pixels a side that are looked at; more cost time and change no answer."""


def sample_of(pixels: NDArray[Any]) -> NDArray[np.float32]:
    """Return every n-th pixel of every n-th row of ``pixels``, scaled to [0, 1].

    Args:
        pixels: (H, W), larger is brighter, any scale.

    Returns:
        (h, w) float32, darkest 0, brightest 1, all 0 if constant; h and w are below 1024 and, in
        images of 512 or more a side, at least 512.

    Raises:
        ValueError: ``pixels`` has not two axes, is empty, not real, or holds NaN or infinity.
    """
    values = np.asarray(pixels)
    if values.ndim != 2 or 0 in values.shape:
        raise ValueError(f"pixels have the shape {values.shape}; one grey image (H, W) is needed")
    if values.dtype.kind not in "buif":
        raise ValueError(f"pixels are of type {values.dtype}; real numbers are needed")
    steps = [max(1, length // LARGEST_SAMPLE) for length in values.shape]
    picked = values[:: steps[0], :: steps[1]].astype(np.float64)
    lowest, highest = picked.min(), picked.max()
    if not np.isfinite(highest - lowest):
        raise ValueError(f"pixels reach from {lowest} to {highest}; finite numbers are needed")
    picked -= lowest
    if highest > lowest:
        picked /= highest - lowest
    return picked.astype(np.float32)


def squashed(sample: NDArray[np.float32], side: int) -> torch.Tensor:
    """Return ``sample`` (h, w) squashed to (side, side), see `resize_to_square`."""
    return resize_to_square(torch.from_numpy(sample)[None], side)[0]
