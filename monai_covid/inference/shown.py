"""What of an image a network saw, and what is said where its lungs were not found."""

from __future__ import annotations

import torch
from torch import Tensor

BOX = "box"
WHOLE = torch.zeros(4, dtype=torch.int64)
"""Stands for all of an image, whose size batches do not hold."""


def box_of(shown: Tensor) -> tuple[int, int, int, int] | None:
    """Return top and bottom row, first and last column that a network saw; None: all of the image.

    Args:
        shown: Four integers, as `ReadableOrNot` gives them.
    """
    if not shown.any():
        return None
    top, bottom, first, last = (int(edge) for edge in shown)
    return top, bottom, first, last


def fallback_caution(reason: str) -> str:
    """Return what a reader should know of an image that was to be cut to its lungs.

    Args:
        reason: Why they were not found.
    """
    return f"The lungs were not found ({reason}); the network saw the whole image."
