"""Taking the shading out of an image."""

from __future__ import annotations

import numpy as np
import torch
from scipy.ndimage import gaussian_filter

NEIGHBOURHOOD = 1 / 12
"""Standard deviation of the neighbourhood, as a part of the image's side: about two ribs."""

LEAST_CONTRAST = 0.05
"""Added to the contrast, so that noise in even parts is not blown up."""

RANGE = 2.5
"""Contrasts from minus to plus this become 0 to 1; what lies beyond is cut off."""


def local_contrast(image: torch.Tensor) -> torch.Tensor:
    """Return an image with mean and contrast of each pixel's neighbourhood taken out.

    Local contrast normalisation as in Jarrett et al. (ICCV 2009): what one hospital's devices make
    brighter or softer on the whole is gone, edges and textures stay.

    Args:
        image: (1, H, W) in [0, 1].

    Returns:
        (1, H, W) float32 in [0, 1]; 0.5 is what the neighbourhood is on average.
    """
    grey = image[0].numpy().astype(np.float64)
    deviation = [NEIGHBOURHOOD * side for side in grey.shape]
    mean = gaussian_filter(grey, deviation, mode="nearest")
    variance = gaussian_filter(np.square(grey - mean), deviation, mode="nearest")
    changed = (grey - mean) / (np.sqrt(variance) + LEAST_CONTRAST)
    scaled = np.clip(0.5 + changed / (2 * RANGE), 0.0, 1.0)
    return torch.from_numpy(scaled.astype(np.float32))[None]
