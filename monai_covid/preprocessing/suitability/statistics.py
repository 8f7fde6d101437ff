"""Image statistics that find blank images, noise, documents and unusable exposures.

All are taken from a sample of the pixels and are the same after any change of brightness or
contrast.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from monai_covid.preprocessing.resize import resize_to_square

Sample = NDArray[np.float32]
"""(h, w) in [0, 1] with both ends reached, as `sample_of` returns it."""

LARGEST_SAMPLE = 512
"""Pixels a side that are looked at; more cost time and change no answer."""

SPECTRUM_SIDE = 128

CLIPPED = 0.004
"""Distance to the darkest or brightest value, relative to the range: one level of eight bits."""

_BINS = 64
_FREQUENCIES = (4, 48)


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


def tone_share(sample: Sample) -> float:
    """Return the share of pixels in the fullest thirty-second of the grey range, in (0, 1]."""
    counts = _counts(sample)
    return float((counts[:-1] + counts[1:]).max() / sample.size)


def clipped_share(sample: Sample) -> float:
    """Return the share of pixels that are as dark or as bright as any, in (0, 1]."""
    return float(np.mean((sample <= CLIPPED) | (sample >= 1 - CLIPPED)))


def contrast(sample: Sample) -> float:
    """Return the distance of the 5th and 95th percentile relative to the grey range, in [0, 1]."""
    low, high = np.quantile(sample, (0.05, 0.95)).tolist()
    return float(high - low)


def spectrum_slope(sample: Sample) -> float:
    """Return the exponent by which power falls with spatial frequency; 0: white noise.

    Natural images have about -2 (Field, J. Opt. Soc. Am. A 4:2379, 1987), radiographs about -3.
    0 is also returned for a constant image.
    """
    image = squashed(sample, SPECTRUM_SIDE).numpy().astype(np.float64)
    window = np.hanning(SPECTRUM_SIDE + 2)[1:-1]
    windowed = (image - image.mean()) * window[:, None] * window[None]
    power = np.square(np.abs(np.fft.rfft2(windowed)))
    vertical = np.fft.fftfreq(SPECTRUM_SIDE, 1 / SPECTRUM_SIDE)
    radius = np.hypot(vertical[:, None], np.arange(SPECTRUM_SIDE // 2 + 1)[None])
    ring = np.rint(radius).astype(np.int64).ravel()
    mean = np.bincount(ring, power.ravel()) / np.bincount(ring)
    frequency = np.arange(_FREQUENCIES[0], _FREQUENCIES[1] + 1)
    if not mean[frequency].all():
        return 0.0
    return _slope(np.log(frequency), np.log(mean[frequency]))


def border_share(sample: Sample) -> float:
    """Return the share of the area in bars at the edges, lines of one grey, in [0, 1]."""
    height, width = sample.shape[:2]
    rows, columns = (_even_edge(np.ptp(sample, axis=axis)) for axis in (1, 0))
    left = float((height - rows) * (width - columns))
    return 1.0 - left / float(height * width)


def _even_edge(ranges: NDArray[np.float32]) -> int:
    """Return how many lines at both ends together have a range of less than 2 % of all grey."""
    uneven = np.flatnonzero(ranges > 0.02)
    return len(ranges) - int(uneven[-1] - uneven[0] + 1) if len(uneven) else len(ranges)


def _counts(sample: Sample) -> NDArray[np.int64]:
    levels = np.minimum(sample * _BINS, _BINS - 1).astype(np.uint8)
    counts: NDArray[np.int64] = np.bincount(levels.ravel(), minlength=_BINS)
    return counts


def _slope(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Return the least-squares slope; sums, because a matrix product may start threads."""
    across = x - x.mean()
    return float((across * (y - y.mean())).sum() / np.square(across).sum())
