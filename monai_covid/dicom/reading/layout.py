"""How the pixels of an instance are stored, and what tags are called in messages."""

from __future__ import annotations

import math
import re
from typing import Any, NamedTuple

from pydicom import config
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.uid import UID

SHOWN_CHARACTERS = 64
"""How much of a value is shown, as much as a UID has."""

FINITE_NUMBER = "a finite number (with a decimal point, no comma)"

_NEEDED = {"DS": FINITE_NUMBER, "IS": "a whole number"}

_NUMERIC = re.compile(r"[0-9.,+\-eE\\ ]*…?|-?inf|nan")
_UID = re.compile(r"[0-9]+(\.[0-9]+)*")
_LONGEST_UID = 64

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
    return f"{keyword} {tag_text(tag_for_keyword(keyword) or 0)}"


def tag_text(tag: int) -> str:
    """Return a tag as ``(0028,0010)``."""
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


def readable(value: object) -> str:
    """Return ``value`` as messages show it, without what a damaged header lets follow it.

    An element whose length is damaged takes the next elements in, the patient's name among them;
    they come after the control characters of their tags.
    """
    text = "\\".join(map(str, value)) if isinstance(value, MultiValue | list) else str(value)
    match = _READABLE.match(text)
    start = match.group() if match else ""
    whole = len(start) == len(text) <= SHOWN_CHARACTERS
    return start[:SHOWN_CHARACTERS] + ("" if whole else "…")


def quoted(value: object) -> str:
    """Return the readable part of ``value`` in quotation marks."""
    return f"'{readable(value)}'"


def quoted_number(value: object) -> str:
    """Return a value that should be a number in quotation marks, unless it holds other text."""
    text = readable(value)
    return f"'{text}'" if _NUMERIC.fullmatch(text) else "no number"


def is_uid(text: str) -> bool:
    """Say whether ``text`` can identify something: numbers with dots, 64 characters at most.

    Numbers that begin with 0 are allowed, although PS3.5 9.1 forbids them: whole devices write them
    and archives keep them.
    """
    return len(text) <= _LONGEST_UID and _UID.fullmatch(text) is not None


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
        photometric=str(value_of(dataset, "PhotometricInterpretation") or "").strip().upper(),
    )


def integer(dataset: Dataset, keyword: str, absent: int = 0) -> int:
    """Return an integer element of ``dataset``, ``absent`` where it is missing or empty.

    Raises:
        ValueError: It is not one whole number; the message names the tag.
    """
    value = value_of(dataset, keyword)
    if value in (None, ""):
        return absent
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not number.is_integer():
        raise ValueError(f"{named(keyword)} is {quoted_number(value)}; one whole number is needed")
    return int(number)


def value_of(dataset: Dataset, keyword: str) -> Any:
    """Return the value of an element, or None where it is absent.

    Raises:
        ValueError: It cannot be parsed; the message shows tag and stored value.
    """
    try:
        return dataset.get(keyword)
    # Elements are parsed when they are asked for, and damaged ones fail in any way.
    except Exception as error:
        raise ValueError(f"{named(keyword)} is {_stored(dataset, keyword)}") from error


def damaged_elements(dataset: Dataset) -> list[str]:
    """Return the tags of those elements that cannot be parsed."""
    tags: list[str] = []
    for tag in dataset.keys():  # noqa: SIM118 - a data set iterates over its elements
        try:
            dataset[tag]
        # Damaged elements fail in any way.
        except Exception:
            tags.append(tag_text(tag))
    return tags


def _stored(dataset: Dataset, keyword: str) -> str:
    """Return a value that cannot be parsed as it is stored, and what would be right."""
    raw = dataset.get_item(keyword)
    stored = getattr(raw, "value", None)
    representation = dictionary_VR(keyword)
    needed = _NEEDED.get(representation, f"a value of the VR {representation}")
    if getattr(raw, "VR", None) not in (None, representation):
        return f"stored with the VR {quoted(raw.VR)}; {needed} is needed (the file is damaged)"
    text = stored.decode("latin-1").strip() if isinstance(stored, bytes) else ""
    return f"{quoted_number(text)}; {needed} is needed"
