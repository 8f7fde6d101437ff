"""Where text was found, and what it says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

MARGIN = 0.25
"""Of the height of a text: what is added around it, for plates and soft edges."""


@dataclass(frozen=True, eq=False)
class TextBox:
    """One piece of text.

    Attributes:
        corners: ``(4, 2)`` float, x (column) and y (row) in pixels of the image, in order around
            the text; integers are the edges of pixels, so that 0 is the outer edge of the first.
        text: What was read; empty if it could not be read.
        score: How sure the reader is, in [0, 1].
    """

    corners: NDArray[np.float64]
    text: str
    score: float

    @property
    def centre(self) -> NDArray[np.float64]:
        """Centre ``(2,)``, x and y."""
        middle: NDArray[np.float64] = self.corners.mean(axis=0)
        return middle

    @property
    def sides(self) -> tuple[float, float]:
        """Short and long side in pixels."""
        lengths = np.linalg.norm(self.corners[:2] - self.corners[1:3], axis=1)
        return float(lengths.min()), float(lengths.max())

    def grown(self, margin: float) -> NDArray[np.float64]:
        """Return the corners moved outwards by ``margin`` times the short side, ``(4, 2)``."""
        after = np.roll(self.corners, -1, axis=0) - self.corners
        before = np.roll(self.corners, 1, axis=0) - self.corners
        outwards = -_unit(after) - _unit(before)
        moved: NDArray[np.float64] = self.corners + margin * self.sides[0] * outwards
        return moved


def text_mask(
    boxes: Iterable[TextBox], shape: tuple[int, int], margin: float = MARGIN
) -> NDArray[np.bool_]:
    """Return where text is.

    Args:
        boxes: What was found.
        shape: (H, W) of the image.
        margin: Added around each box, as a part of its short side.

    Returns:
        ``(H, W)``, True on text.
    """
    drawn = Image.new("1", (shape[1], shape[0]))
    draw = ImageDraw.Draw(drawn)
    for box in boxes:
        # Pillow counts centres of pixels, and draws the outline as well.
        draw.polygon([(float(x), float(y)) for x, y in box.grown(margin) - 0.5], fill=1)
    return np.array(drawn, dtype=np.bool_)


def _unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-9), dtype=np.float64)
