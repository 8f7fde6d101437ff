"""The convex hull of a region, with a margin."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy.spatial import ConvexHull

BoolArray = NDArray[np.bool_]

_ROUND = 64  # corners that stand for a circle


def grown_hull(region: BoolArray, margin: float) -> BoolArray:
    """Return the convex hull of ``region`` and all within ``margin`` pixels of it.

    Growing a convex polygon by a disc is the hull of discs around its corners (the Minkowski sum),
    which costs nothing at any size of image, where a distance transform takes seconds.

    Args:
        region: (H, W), not empty.
        margin: In pixels, 0 or more.

    Returns:
        (H, W), True inside.
    """
    rows = np.flatnonzero(region.any(axis=1))
    first = region[rows].argmax(axis=1)
    last = region.shape[1] - region[rows, ::-1].argmax(axis=1)
    # Edges of pixels, not centres, so that a line of pixels has an area as well.
    corners = np.concatenate(
        [np.column_stack([x, rows + below]) for x in (first, last) for below in (0, 1)]
    )
    outline = corners[ConvexHull(corners).vertices].astype(float)
    angles = np.linspace(0, 2 * np.pi, _ROUND, endpoint=False)
    circle = margin * np.column_stack([np.cos(angles), np.sin(angles)])
    points = (outline[:, None] + circle[None]).reshape(-1, 2)
    grown = points[ConvexHull(points).vertices]
    drawn = Image.new("1", (region.shape[1], region.shape[0]))
    # Pillow counts centres of pixels.
    ImageDraw.Draw(drawn).polygon([(float(x), float(y)) for x, y in grown - 0.5], fill=1)
    return np.array(drawn, dtype=np.bool_)
