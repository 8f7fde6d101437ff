"""Where burnt-in text is, for preprocessing."""

from __future__ import annotations

from functools import cache
from importlib.metadata import version
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monai_covid.words.boxes import text_mask
from monai_covid.words.finder import TextFinder


class _SharedFinder:
    """One reader for all threads of a process: its networks take a second to load."""

    def __init__(self) -> None:
        self._finder = TextFinder()
        self._lock = Lock()

    def mask(self, pixels: NDArray[Any]) -> NDArray[np.bool_]:
        with self._lock:
            boxes = self._finder.find(pixels)
        return text_mask(boxes, (pixels.shape[0], pixels.shape[1]))


def find_text(pixels: NDArray[Any]) -> NDArray[np.bool_] | None:
    """Return where text is on grey values (H, W), True on text; None where there is none.

    Raises:
        OptionError: If the packages of the extra ``audit`` are missing.
    """
    mask = _shared_finder().mask(pixels)
    # Text all over is no text; nothing would be left to paint it over with.
    return mask if mask.any() and not mask.all() else None


def reader_version() -> str:
    """Return which reader finds the text: another one may find other text."""
    return version("rapidocr-onnxruntime")


@cache
def _shared_finder() -> _SharedFinder:
    return _SharedFinder()
