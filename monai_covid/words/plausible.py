"""Which of the detector's boxes can be text.

The detector was made for documents and street signs. On radiographs it also takes ribbed lungs for
text: those boxes are far larger than any burnt-in text, and what is read in them makes no sense.
"""

from __future__ import annotations

from monai_covid.words.boxes import TextBox

THICKEST = 0.14
"""Largest short side of a box, as a part of the image's short side."""

READ_SCORE = 0.5
"""From here on a text counts as read; the reader's own default."""

CORNER = (0.2, 0.4)
"""Parts of the width and of the height at each corner where a box need not be read to be taken for
text: side markers that are circled, tilted or mirrored cannot be read, and they stand there."""

THICKEST_UNREAD = 0.1


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
