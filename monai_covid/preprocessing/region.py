"""What of an image is shown to a network: all of it, the box around the lungs, or their hull."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy.spatial import ConvexHull

from monai_covid.preprocessing.grey_levels import grey_levels
from monai_covid.preprocessing.lungs.find import find_lungs
from monai_covid.preprocessing.resize import resize_to_square
from monai_covid.preprocessing.settings import Preprocessing
from monai_covid.preprocessing.text.shared_finder import find_text

BoolArray = NDArray[np.bool_]

Box = tuple[int, int, int, int]
"""Top and bottom row, first and last column of a rectangle; bottom and last are not in it."""

MARGIN = 0.06
"""Added on each side of the lungs, as a part of their height and width: what the finder of lungs
may miss of them, and the pleura."""

_CENTRE = 224 / 256
_ROUND = 64  # corners that stand for a circle


class Region(NamedTuple):
    """What of an image is shown to a network.

    Attributes:
        box: The rectangle of the image that is resized.
        visible: Within the box, (h, w), True where the image is shown; None: everywhere.
        text: (H, W), True on text that is painted over; None: no text.
        fallback: Why the whole image is shown although the network sees lungs alone; empty
            if it is not.
    """

    box: Box
    visible: BoolArray | None = None
    text: BoolArray | None = None
    fallback: str = ""


def find_region(pixels: NDArray[Any], preprocessing: Preprocessing) -> Region:
    """Return what of an image is shown to a network.

    Lungs and text are searched for in 256 grey levels, which are the same whatever the scale of
    the grey values, so that a DICOM file gives the same region as a picture of it.

    Args:
        pixels: Grey values (H, W), larger is brighter, any scale.
        preprocessing: What the network was trained with.

    Raises:
        OptionError: If text is to be found and the packages of the extra ``audit`` are missing.
    """
    region = viewed_region(pixels.shape, preprocessing.view)
    wants_text, wants_lungs = preprocessing.text == "inpaint", preprocessing.lungs != "whole"
    if not (wants_text or wants_lungs):
        return region
    levels = grey_levels(pixels)
    if wants_text:
        region = region._replace(text=find_text(levels))
    return _lung_region(levels, region, preprocessing) if wants_lungs else region


def whole_region(shape: tuple[int, ...]) -> Region:
    """Return the region that is all of an image (H, W)."""
    return Region((0, shape[0], 0, shape[1]))


def viewed_region(shape: tuple[int, ...], view: str) -> Region:
    """Return the part of an image (H, W) that a view shows, see `Preprocessing`."""
    if view == "whole":
        return whole_region(shape)
    side = min(shape[:2])
    part = side if view == "square" else round(side * _CENTRE)
    top, first = shape[0] // 2 - part // 2, shape[1] // 2 - part // 2
    return Region((top, top + part, first, first + part))


def _lung_region(levels: NDArray[Any], region: Region, preprocessing: Preprocessing) -> Region:
    lungs = find_lungs(levels)
    if not lungs.plausible or lungs.box is None:
        return region._replace(fallback=lungs.reason or "no lungs were found")
    box = with_margin(lungs.box, levels.shape) if preprocessing.crops else region.box
    if not preprocessing.masks:
        return region._replace(box=box)
    top, bottom, first, last = lungs.box
    hull = grown_hull(lungs.mask, MARGIN * min(bottom - top, last - first))
    return region._replace(box=box, visible=hull[box[0] : box[1], box[2] : box[3]])


def with_margin(box: Box, shape: tuple[int, ...]) -> Box:
    """Return ``box`` with the margin added, as far as the image (H, W) reaches."""
    top, bottom, first, last = box
    down, across = round(MARGIN * (bottom - top)), round(MARGIN * (last - first))
    return (
        max(0, top - down),
        min(shape[0], bottom + down),
        max(0, first - across),
        min(shape[1], last + across),
    )


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


def mask_in_input(mask: NDArray[np.bool_], size: int, box: Box | None = None) -> torch.Tensor:
    """Return a mask of an image as a network sees it, (size, size) bool.

    Args:
        mask: (H, W), in the pixels of the image.
        size: Side of the network's input in pixels.
        box: What of the image the network sees; None: all of it.
    """
    top, bottom, first, last = box or whole_region(mask.shape).box
    values = torch.from_numpy(mask[top:bottom, first:last].astype(np.float32))[None]
    return resize_to_square(values, size)[0] > 0.5
