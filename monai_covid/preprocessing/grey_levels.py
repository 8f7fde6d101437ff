"""Three ways to even out grey values, none of which depends on their scale.

Histogram equalisation, linear stretching between two percentiles, and local contrast normalisation.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import torch
from monai.transforms import MapTransform
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

LEVELS = 256
"""Grey levels that are distinguished: what an 8-bit training image can hold."""

TIE_BREAK = 2.0**-14
"""Upward shift, in levels, of every rounding.

Values halfway between two levels would fall to either side with the rounding errors of a rescale.
In images of up to 12 bits any other value is further than this from halfway.
"""

_ROWS_AT_ONCE = 64  # a strip fits the processor's cache: twice as fast as whole images

DARKEST_PERCENT, BRIGHTEST_PERCENT = 1.0, 99.0
"""Percentiles that become black and white: a marker or a black frame should not set the range."""

NEIGHBOURHOOD = 1 / 12
"""Standard deviation of the neighbourhood, as a part of the image's side: about two ribs."""

LEAST_CONTRAST = 0.05
"""Added to the contrast, so that noise in even parts is not blown up."""

RANGE = 2.5
"""Contrasts from minus to plus this become 0 to 1; what lies beyond is cut off."""


_HIGHEST_BYTE = 255


def equalize_histogram(image: torch.Tensor) -> torch.Tensor:
    """Return ``image`` with a flat histogram between 0 and 1.

    The range of the image is divided into 256 levels; a pixel of level k becomes
    (C(k) - C(0)) / (N - C(0)), with C(k) the number of pixels at level k or below and N that of all
    pixels. On 8-bit images this is the usual equalisation (OpenCV ``equalizeHist``), not rounded.
    Quantising first gives images of 12 or 16 bits the granularity of 8-bit ones: noise in an
    almost black background is not spread over a range of grey that such images do not show.

    MONAI's ``HistogramNormalize`` is not used because values on the edge of its bins move with
    rounding errors (0.004 after multiplying 8-bit values by 0.1), and it takes 0.9 s for nine
    million pixels.

    Args:
        image: Grey values (1, H, W) or (H, W), any real type and scale, finite.

    Returns:
        Float32 in [0, 1], same shape: darkest 0, brightest 1; all 0 if the image is constant. For
        images of up to 12 bits it is the same after any rescale with a positive slope.
    """
    values = image.detach().cpu().numpy()
    levels, counts = _levels(values.reshape(-1, values.shape[-1]))
    cumulative = counts.cumsum()
    above_darkest = max(int(cumulative[-1] - cumulative[0]), 1)
    grey_of_level = ((cumulative - cumulative[0]) / above_darkest).astype(np.float32)
    return torch.from_numpy(grey_of_level[levels].reshape(values.shape))


def grey_levels(pixels: NDArray[Any]) -> NDArray[np.uint8]:
    """Return the level, 0 to 255, of each pixel (H, W), as `equalize_histogram` distinguishes them.

    For images of up to 12 bits they are the same after any rescale with a positive slope.
    """
    return _levels(pixels)[0]


def _levels(values: NDArray[Any]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return the level of each pixel, and how many pixels each level has."""
    lowest, highest = float(values.min()), float(values.max())
    scale = (LEVELS - 1) / (highest - lowest) if highest > lowest else 0.0
    levels = np.empty(values.shape, dtype=np.uint8)
    counts = np.zeros(LEVELS, dtype=np.int64)
    for start in range(0, len(values), _ROWS_AT_ONCE):
        strip = values[start : start + _ROWS_AT_ONCE].astype(np.float64)
        # In double precision, because single precision errors would exceed the tie break.
        strip -= lowest
        strip *= scale
        strip += 0.5 + TIE_BREAK
        levels[start : start + _ROWS_AT_ONCE] = strip
        counts += np.bincount(levels[start : start + _ROWS_AT_ONCE].ravel(), minlength=LEVELS)
    return levels, counts


class EqualizeHistogramd(MapTransform):
    """Apply `equalize_histogram` to each key: (1, H, W) of any scale to float32 in [0, 1]."""

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Return ``data`` with equalised images."""
        sample = dict(data)
        for key in self.key_iterator(sample):
            sample[key] = equalize_histogram(sample[key])
        return sample


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


def full_range(image: torch.Tensor) -> torch.Tensor:
    """Return an image whose grey values are in [0, 1] as they are.

    Args:
        image: (1, H, W); values of 8 bits, or of any scale, which is then stretched from the lowest
            to the highest.
    """
    low, high = float(image.min()), float(image.max())
    if low < 0 or high > _HIGHEST_BYTE or not torch.equal(image, image.round()):
        image, scale = image - low, max(high - low, 1e-6)
    else:
        scale = _HIGHEST_BYTE
    return (image / scale).float()


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
