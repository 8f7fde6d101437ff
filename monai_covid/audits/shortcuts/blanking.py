"""Radiographs without their lungs, and lungs without the rest; from lung masks of any origin.

No hidden pixel leaves a trace: the fill is taken from the rest, so that changing a hidden pixel
changes nothing in the result.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt
from scipy.spatial import ConvexHull

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float32]

MARGIN = 0.03
"""How far beyond the lungs everything is hidden, as a part of the shorter side."""

RAMP = 0.05
"""Width of the soft edge beyond the margin, as a part of the shorter side."""


def without_hull(pixels: NDArray[Any], lungs: BoolArray) -> FloatArray:
    """Return the image with the convex hull of both lungs filled, softly at its edge.

    The hull contains heart and mediastinum too; no outline of lung, heart or diaphragm remains.
    Place and size of the lungs can still be guessed from the hull.

    Args:
        pixels: Grey values (H, W), any scale.
        lungs: (H, W), True in the lungs.

    Returns:
        (H, W); the median grey of what stays untouched fills the hull.

    Raises:
        ValueError: If the shapes differ or there is no lung.
    """
    _check(pixels, lungs)
    cover = soft_cover(convex_hull(lungs))
    return _filled(pixels, cover)


def without_rectangle(pixels: NDArray[Any], lungs: BoolArray) -> FloatArray:
    """Return the image with the bounding rectangle of both lungs filled, for control.

    Arguments, result and errors are those of `without_hull`.
    """
    _check(pixels, lungs)
    margin = round(MARGIN * min(lungs.shape))
    cover = np.zeros(lungs.shape)
    rows, columns = np.nonzero(lungs)
    cover[_extent(rows, margin), _extent(columns, margin)] = 1.0
    return _filled(pixels, cover)


def lungs_alone(pixels: NDArray[Any], lungs: BoolArray) -> FloatArray:
    """Return the lungs on the median grey of the lungs; everything else is gone.

    Arguments and errors are those of `without_hull`.
    """
    _check(pixels, lungs)
    return np.where(lungs, pixels, np.median(pixels[lungs])).astype(np.float32)


def convex_hull(region: BoolArray) -> BoolArray:
    """Return the pixels (H, W) whose centre lies in the convex hull of ``region``, (H, W).

    The hull is that of whole pixels, with their corners, so that a line has an area as well.
    """
    rows = np.flatnonzero(region.any(axis=1))
    first = region[rows].argmax(axis=1)
    last = region.shape[1] - 1 - region[rows, ::-1].argmax(axis=1)
    corners = [
        np.column_stack([rows + up, columns + side])
        for up in (-0.5, 0.5)
        for columns, side in ((first, -0.5), (last, 0.5))
    ]
    row, column = np.indices(region.shape)
    inside = np.ones(region.shape, dtype=bool)
    for down, right, offset in ConvexHull(np.concatenate(corners)).equations:
        inside &= down * row + right * column + offset <= 1e-9
    return inside


def soft_cover(region: BoolArray) -> NDArray[np.float64]:
    """Return how much is covered, (H, W) in [0, 1]: 1 within the margin, then falling to 0.

    Args:
        region: (H, W), what is to be covered entirely.
    """
    shorter = min(region.shape)
    beyond = distance_transform_edt(~region) - MARGIN * shorter
    part = np.clip(beyond / (RAMP * shorter), 0.0, 1.0)
    cover: NDArray[np.float64] = 1.0 - part * part * (3.0 - 2.0 * part)
    return cover


def _filled(pixels: NDArray[Any], cover: NDArray[np.float64]) -> FloatArray:
    untouched = pixels[cover == 0]
    grey = float(np.median(untouched)) if untouched.size else 0.0
    # Not by multiplication where all is covered: 0 times the pixel would let infinity through.
    mixed = grey * cover + np.where(cover < 1, pixels, 0) * (1.0 - cover)
    return mixed.astype(np.float32)


def _extent(places: NDArray[np.intp], margin: int) -> slice:
    return slice(max(0, int(places.min()) - margin), int(places.max()) + margin + 1)


def _check(pixels: NDArray[Any], lungs: BoolArray) -> None:
    if pixels.shape != lungs.shape or pixels.ndim != 2:
        raise ValueError(f"image of shape {pixels.shape}, lung mask of shape {lungs.shape}")
    if not lungs.any():
        raise ValueError("the lung mask is empty")
