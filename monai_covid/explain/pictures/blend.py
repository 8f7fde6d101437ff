"""A relevance map in colour, alone or laid over its radiograph.

Orange speaks for a class, blue against it: the two differ under every common colour-blindness, and
both stand out from grey.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from numpy.typing import NDArray

FloatMap = NDArray[np.float32]
"""Relevance (H, W): positive for, negative against a class."""

AGAINST = "#3D9BFF"
FOR = "#FF8420"
"""Light enough to be colours over the dark of a lung, too."""

DIVERGING = LinearSegmentedColormap.from_list(
    "relevance", ["#08306B", "#0F6FC6", "#FFFFFF", "#E8590C", "#7F2704"]
)
"""From -1 (against) through white to 1 (for)."""

CLIPPED = 0.001
"""Part of the pixels that may lie beyond the ends of the scale."""

STRONGEST = 0.85
"""Opacity at the ends of the scale; the anatomy stays visible below."""

GAMMA = 0.6
"""Below 1: what is weak shows earlier."""

DISPLAYED = (0.5, 99.5)
"""Percentiles of the grey values that are black and white."""

_ROWS_AT_ONCE = 64
"""A strip whose intermediate arrays are small beside a large image."""

LOOKED_AT = 512
"""Rows and columns that suffice to find them; sorting all pixels of a large image takes long."""


def symmetric_limit(maps: Iterable[FloatMap]) -> float:
    """Return the relevance at the ends of a scale that fits all ``maps``.

    A few extreme pixels may lie beyond: with them as ends all others would be white.

    Args:
        maps: Maps of any shape.

    Returns:
        The 99.9th percentile of the size of the values, the largest where that is 0, and 1 for maps
        that are 0 everywhere.
    """
    values = np.concatenate([relevance.ravel() for relevance in maps])
    sizes = np.abs(values, out=values)
    limit = float(np.quantile(sizes, 1 - CLIPPED, overwrite_input=True))
    return limit or float(sizes.max()) or 1.0


def display_grey(pixels: NDArray[Any]) -> FloatMap:
    """Return grey values of any scale (H, W) as (H, W) in [0, 1], with outliers cut off."""
    step = max(1, max(pixels.shape) // LOOKED_AT)
    low, high = np.percentile(pixels[::step, ::step], DISPLAYED)
    if high <= low:
        low, high = float(pixels.min()), float(pixels.max())
    span = (high - low) or 1.0
    grey = np.empty(pixels.shape, dtype=np.float32)
    for start in range(0, len(pixels), _ROWS_AT_ONCE):
        strip = pixels[start : start + _ROWS_AT_ONCE]
        grey[start : start + _ROWS_AT_ONCE] = np.clip((strip - low) / span, 0.0, 1.0)
    return grey


def blend(grey: FloatMap, relevance: FloatMap, limit: float) -> FloatMap:
    """Return a radiograph with its relevance in colour: orange for, blue against the class.

    Args:
        grey: ``(H, W)`` in [0, 1].
        relevance: ``(H, W)``.
        limit: Relevance at full colour; above 0.

    Returns:
        ``(H, W, 3)`` in [0, 1]; grey where the relevance is 0.

    Raises:
        ValueError: If the shapes differ or the limit is not positive.
    """
    if grey.shape != relevance.shape:
        raise ValueError(f"relevance {relevance.shape} does not fit the image {grey.shape}")
    strength = opacity(relevance, limit)[..., None]
    hue = np.where(relevance[..., None] > 0, to_rgb(FOR), to_rgb(AGAINST))
    blended: FloatMap = (grey[..., None] * (1 - strength) + hue * strength).astype(np.float32)
    return blended


def opacity(relevance: FloatMap, limit: float) -> FloatMap:
    """Return how much colour covers the radiograph: 0 for none, at most ``STRONGEST``.

    Args:
        relevance: ``(H, W)``.
        limit: Relevance at full colour; above 0.

    Raises:
        ValueError: If the limit is not positive.
    """
    if limit <= 0:
        raise ValueError(f"limit must be above 0, got {limit}")
    strength = np.clip(np.abs(relevance) / limit, 0.0, 1.0) ** GAMMA * STRONGEST
    covering: FloatMap = strength.astype(np.float32)
    return covering
