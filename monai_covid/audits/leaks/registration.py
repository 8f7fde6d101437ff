"""Laying one image over another: shift, scale and small shear by Gauss-Newton, coarse to fine.

The efficient second-order variant, which follows the mean gradient of both images (Benhimane &
Malis, IROS 2004), on band-passed images, so that grey levels do not matter.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates

LEVELS = (4, 2, 1)
"""Reductions of the thumbnail, one after the other."""

STEPS = 8
LARGEST_CHANGE = 0.3
"""Of the matrix, from the identity; copies that are cropped by 20 % need 0.25."""

LARGEST_SHIFT = 0.4
"""In half image sides."""

FloatArray = NDArray[np.float32]


class Affine(NamedTuple):
    """Where to look in the second image, in coordinates from -1 to 1.

    Attributes:
        matrix: ``(2, 2)``, for (x, y).
        shift: ``(2,)``.
    """

    matrix: NDArray[np.float64]
    shift: NDArray[np.float64]


def pyramid(image: FloatArray) -> list[FloatArray]:
    """Return band-passed images ``(S / 4, S / 4)`` to ``(S, S)``, coarse to fine."""
    return [_band(_reduced(image, factor)) for factor in LEVELS]


def register(fixed: list[FloatArray], moving: list[FloatArray]) -> Affine | None:
    """Return how to lay ``moving`` over ``fixed`` (two pyramids); None if it runs away."""
    found = Affine(np.eye(2), np.zeros(2))
    for still, other in zip(fixed, moving, strict=True):
        for _ in range(STEPS):
            step = _step(still, other, found)
            found = Affine(
                found.matrix @ (np.eye(2) + step.matrix), found.matrix @ step.shift + found.shift
            )
            if _ran_away(found):
                return None
            if max(np.abs(step.matrix).max(), np.abs(step.shift).max()) < 1e-3:
                break
    return found


def warp(image: FloatArray, place: Affine) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Return ``image`` ``(S, S)`` as seen through ``place``, and which pixels lie inside it."""
    side = len(image)
    x, y = _coordinates(side)
    (a, b), (c, d) = place.matrix
    at_x, at_y = a * x + b * y + place.shift[0], c * x + d * y + place.shift[1]
    inside = (np.abs(at_x) <= 1) & (np.abs(at_y) <= 1)
    rows, columns = ((at + 1) * side / 2 - 0.5 for at in (at_y, at_x))
    return map_coordinates(image, [rows, columns], order=1, mode="nearest"), inside


def _step(still: FloatArray, other: FloatArray, found: Affine) -> Affine:
    seen, inside = warp(other, found)
    x, y = _coordinates(len(still))
    down, across = (
        (one + two) * len(still) / 4
        for one, two in zip(np.gradient(still), np.gradient(seen), strict=True)
    )
    columns = (across * x, across * y, down * x, down * y, across, down)
    slopes = np.stack([column[inside] for column in columns], axis=1)
    normal = slopes.T @ slopes
    damping = 1e-3 * max(np.trace(normal), 1e-9) / 6 * np.eye(6)
    solved = np.linalg.solve(normal + damping, slopes.T @ (still - seen)[inside])
    return Affine(solved[:4].reshape(2, 2), solved[4:])


def _ran_away(place: Affine) -> bool:
    change = np.abs(place.matrix - np.eye(2)).max()
    return bool(change > LARGEST_CHANGE or np.abs(place.shift).max() > LARGEST_SHIFT)


def _coordinates(side: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    centres = (np.arange(side) + 0.5) * 2 / side - 1
    x, y = np.meshgrid(centres, centres)
    return x, y


def _reduced(image: FloatArray, factor: int) -> FloatArray:
    side = len(image) // factor
    reduced: FloatArray = image.reshape(side, factor, side, factor).mean(axis=(1, 3))
    return reduced


def _band(image: FloatArray) -> FloatArray:
    band = gaussian_filter(image, 0.7) - gaussian_filter(image, len(image) / 12)
    scaled: FloatArray = (band - band.mean()) / (band.std() + 1e-6)
    return scaled
