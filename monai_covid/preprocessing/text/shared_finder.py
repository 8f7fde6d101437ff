"""One text finder for all threads of a process, which remembers the text of each image."""

from __future__ import annotations

from collections import OrderedDict
from functools import cache
from hashlib import blake2b
from importlib.metadata import version
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monai_covid.preprocessing.text.boxes import TextBox, text_mask
from monai_covid.preprocessing.text.finder import TextFinder

REMEMBERED = 20_000
"""Images whose text a process remembers, less than 1 kB each: trainings and evaluations in turn
meet the same images, and looking at one takes a third of a second."""


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


class SharedFinder:
    """One finder for all threads of a process: its networks take a second to load.

    Args:
        finder: Asked for each image once.
    """

    def __init__(self, finder: TextFinder) -> None:
        """Begin without any image."""
        self._finder = finder
        self._lock = Lock()
        self._boxes_of: OrderedDict[bytes, list[TextBox]] = OrderedDict()

    def mask(self, pixels: NDArray[Any]) -> NDArray[np.bool_]:
        """Return where text is on grey values (H, W), True on text."""
        with self._lock:
            boxes = self._boxes(pixels)
        return text_mask(boxes, (pixels.shape[0], pixels.shape[1]))

    def _boxes(self, pixels: NDArray[Any]) -> list[TextBox]:
        key = _fingerprint(pixels)
        if key not in self._boxes_of:
            self._boxes_of[key] = self._finder.find(pixels)
        self._boxes_of.move_to_end(key)
        if len(self._boxes_of) > REMEMBERED:
            self._boxes_of.popitem(last=False)
        return self._boxes_of[key]


@cache
def _shared_finder() -> SharedFinder:
    return SharedFinder(TextFinder())


def _fingerprint(pixels: NDArray[Any]) -> bytes:
    """Return a hash of an image: two that differ in a pixel, shape or type differ here."""
    digest = blake2b(f"{pixels.shape} {pixels.dtype.str}".encode(), digest_size=16)
    digest.update(np.ascontiguousarray(pixels).data)
    return digest.digest()
