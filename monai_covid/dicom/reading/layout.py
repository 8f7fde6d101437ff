"""How the pixels of an instance are stored, and what tags are called in messages."""

from __future__ import annotations

import re
from typing import NamedTuple

from pydicom import config
from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.uid import UID

SHOWN_CHARACTERS = 64
"""How much of a value is shown, as much as a UID has."""

_READABLE = re.compile(r"[^\x00-\x1f\x7f-\x9f]*")


class PixelLayout(NamedTuple):
    """How stored values are laid out (DICOM PS3.3 C.7.6.3).

    Attributes:
        rows: Number of rows.
        columns: Number of columns.
        samples: Samples per pixel: 1 grey, 3 colour.
        bits_allocated: 8 or 16.
        bits_stored: 6 to 16, at most ``bits_allocated``.
        signed: Whether stored values are two's complement.
        photometric: Photometric Interpretation.
    """

    rows: int
    columns: int
    samples: int
    bits_allocated: int
    bits_stored: int
    signed: bool
    photometric: str


def named(keyword: str) -> str:
    """Return ``keyword`` with its tag, for messages: ``Rows (0028,0010)``."""
    tag = tag_for_keyword(keyword) or 0
    return f"{keyword} ({tag >> 16:04X},{tag & 0xFFFF:04X})"


def readable(value: object) -> str:
    """Return ``value`` as messages show it, without what a damaged header lets follow it.

    An element whose length is damaged takes the next elements in, the patient's name among them;
    they come after the control characters of their tags.
    """
    text = "\\".join(map(str, value)) if isinstance(value, MultiValue) else str(value)
    match = _READABLE.match(text)
    start = match.group() if match else ""
    whole = len(start) == len(text) <= SHOWN_CHARACTERS
    return start[:SHOWN_CHARACTERS] + ("" if whole else "…")


def quoted(value: object) -> str:
    """Return the readable part of ``value`` in quotation marks."""
    return f"'{readable(value)}'"


def uid_name(value: object) -> str:
    """Return the name of a registered UID, and the readable part of any other value."""
    # Without validation, because its warning would show the whole value.
    return readable(UID(str(value), validation_mode=config.IGNORE).name)


def layout_of(dataset: Dataset) -> PixelLayout:
    """Return the pixel layout of ``dataset``; absent integers become 0 and fail the checks."""
    return PixelLayout(
        rows=integer(dataset, "Rows"),
        columns=integer(dataset, "Columns"),
        samples=integer(dataset, "SamplesPerPixel"),
        bits_allocated=integer(dataset, "BitsAllocated"),
        bits_stored=integer(dataset, "BitsStored"),
        signed=integer(dataset, "PixelRepresentation") == 1,
        photometric=str(dataset.get("PhotometricInterpretation") or "").strip().upper(),
    )


def integer(dataset: Dataset, keyword: str, absent: int = 0) -> int:
    """Return an integer element of ``dataset``, ``absent`` where it is missing or empty."""
    value = dataset.get(keyword)
    return absent if value in (None, "") else int(value)
