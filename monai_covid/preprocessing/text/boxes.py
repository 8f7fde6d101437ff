"""Where text was found and what it says, and which of the detector's boxes can be text.

The detector was made for documents and street signs. On radiographs it also takes ribbed lungs for
text: those boxes are far larger than any burnt-in text, and what is read in them makes no sense.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

MARGIN = 0.25
"""Of the height of a text: what is added around it, for plates and soft edges."""

THICKEST = 0.14
"""Largest short side of a box, as a part of the image's short side."""

THICKEST_UNREAD = 0.1

READ_SCORE = 0.5
"""From here on a text counts as read; the reader's own default."""

CORNER = (0.2, 0.4)
"""Parts of the width and of the height at each corner where a box need not be read to be taken for
text: side markers that are circled, tilted or mirrored cannot be read, and they stand there."""


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


def can_be_text(box: TextBox, shape: tuple[int, int]) -> bool:
    """Say whether a box has the size of text.

    Args:
        box: What the detector found; it need not have been read.
        shape: (H, W) of the image.
    """
    return box.sides[0] <= THICKEST * min(shape)


def is_text(box: TextBox, shape: tuple[int, int]) -> bool:
    """Say whether a box, once read, is taken for text.

    Args:
        box: What was found and read.
        shape: (H, W) of the image.
    """
    if not can_be_text(box, shape):
        return False
    if box.score >= READ_SCORE and any(letter.isalnum() for letter in box.text):
        return True
    (x, y), (height, width) = box.centre, shape
    across, down = min(x, width - x) / width, min(y, height - y) / height
    in_corner = across < CORNER[0] and down < CORNER[1]
    return bool(in_corner and box.sides[0] <= THICKEST_UNREAD * min(shape))
