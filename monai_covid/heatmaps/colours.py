"""From relevance to colour, and from colour back: orange speaks for a class, blue against it.

Orange and blue are told apart with every common colour-blindness, and both stand out from grey.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from numpy.typing import NDArray

FloatMap = NDArray[np.float32]
"""Relevance (H, W): positive for, negative against a class."""

AGAINST = "#0F6FC6"
FOR = "#E8590C"

DIVERGING = LinearSegmentedColormap.from_list(
    "relevance", ["#08306B", AGAINST, "#FFFFFF", FOR, "#7F2704"]
)
"""From -1 (against) through white to 1 (for)."""

CLIPPED = 0.001
"""Part of the pixels that may lie beyond the ends of the scale."""


def symmetric_limit(maps: Iterable[FloatMap]) -> float:
    """Return the relevance at the ends of a scale that fits all ``maps``.

    A few extreme pixels may lie beyond: with them as ends all others would be white.

    Args:
        maps: Maps of any shape.

    Returns:
        The 99.9th percentile of the size of the values, the largest where that is 0, and 1 for maps
        that are 0 everywhere.
    """
    sizes = np.concatenate([np.abs(each).ravel() for each in maps])
    return float(np.quantile(sizes, 1 - CLIPPED)) or float(sizes.max()) or 1.0
