"""Spreading the grey values of an image evenly between black and white."""

from __future__ import annotations

import numpy as np
import torch

DARKEST_PERCENT, BRIGHTEST_PERCENT = 1.0, 99.0
"""Percentiles that become black and white: a marker or a black frame should not set the range."""


def stretch_grey(image: torch.Tensor) -> torch.Tensor:
    """Return an image whose grey values go linearly from 0 to 1.

    The 1st percentile becomes 0 and the 99th 1; what lies beyond is cut off. Unlike equalisation it
    keeps the shape of the histogram: how much of an image is bright says something about lungs, and
    about devices.

    Args:
        image: Grey values of any shape, real type and scale, finite, at least one.

    Returns:
        Float32 in [0, 1], same shape; all 0 if the percentiles are the same. Any rescale of the
        image with a positive slope leaves it as it is, but for rounding.
    """
    values = image.detach().cpu().numpy().astype(np.float64)
    darkest, brightest = np.percentile(values, [DARKEST_PERCENT, BRIGHTEST_PERCENT])
    if brightest <= darkest:
        return torch.zeros(image.shape)
    stretched = np.clip((values - darkest) / (brightest - darkest), 0.0, 1.0)
    return torch.from_numpy(stretched.astype(np.float32))
