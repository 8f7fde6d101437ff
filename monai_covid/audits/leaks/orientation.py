"""The eight ways in which a square image can be turned and mirrored."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

ORIENTATIONS = (
    "upright",
    "rotated by 90°",
    "rotated by 180°",
    "rotated by 270°",
    "mirrored",
    "mirrored, rotated by 90°",
    "upside down",
    "mirrored, rotated by 270°",
)
"""What ``oriented`` does, by number; rotations are counterclockwise and follow the mirroring."""

MIRRORED = 4


def oriented(images: NDArray[Any], number: int) -> NDArray[Any]:
    """Return ``(..., S, S)`` in the orientation ``number`` of ``ORIENTATIONS``."""
    mirrored = images[..., ::-1] if number >= MIRRORED else images
    return np.rot90(mirrored, number % MIRRORED, axes=(-2, -1))
