"""The picture of a radiograph that the reader gets."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

WORKING_SIDE = 1024
"""Short side in pixels: at 736 circled and faint side markers of NIH images are missed."""

LONGEST = 2.0
"""Longest side over the short one that the working picture may have; longer ones are shrunk."""

BORDER = 32
"""Pixels added on all sides, because text that touches an edge is not found."""


class WorkingPicture(NamedTuple):
    """A radiograph as the reader takes it.

    Attributes:
        pixels: ``(H', W', 3)`` uint8, all channels alike, border included.
        scale: Pixels of the picture per pixel of the radiograph, x and y.
    """

    pixels: NDArray[np.uint8]
    scale: tuple[float, float]

    def to_image(self, corners: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return points ``(..., 2)`` of the picture in pixels of the radiograph."""
        moved: NDArray[np.float64] = (corners - BORDER) / np.array(self.scale)
        return moved


def eight_bits(pixels: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Return grey values (H, W) of any scale as 0 to 255.

    Values are stretched between the smallest and the largest, because text is usually one of them.
    """
    low, high = float(pixels.min()), float(pixels.max())
    stretched = (pixels.astype(np.float64) - low) * (255.0 / max(high - low, 1e-12))
    return np.rint(stretched).astype(np.uint8)


def working_picture(pixels: NDArray[np.floating], side: int = WORKING_SIDE) -> WorkingPicture:
    """Return the picture to search: enlarged or shrunk until its short side is ``side``.

    Args:
        pixels: Grey values (H, W) of any scale, larger is brighter.
        side: In pixels.
    """
    height, width = pixels.shape
    scale = min(side / min(height, width), LONGEST * side / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    resized = Image.fromarray(eight_bits(pixels)).resize(size, Image.Resampling.BICUBIC)
    framed = np.pad(np.asarray(resized), BORDER, mode="edge")
    colours = np.repeat(framed[:, :, None], 3, axis=2)
    return WorkingPicture(colours, (size[0] / width, size[1] / height))
