"""Words in the free text and the codes of a header."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from monai_covid.dicom.reading.layout import named, quoted, readable, value_of

NO_STATEMENT = frozenset(
    {
        *("", "UNKNOWN", "UNK", "NONE", "OTHER", "UNSPECIFIED", "UNDEFINED"),
        *("NA", "N/A", "N.A.", "XX", "ANY"),
    }
)
"""Values that say no more than an absent tag."""

DESCRIPTIONS = (
    "SeriesDescription",
    "ProtocolName",
    "AcquisitionDeviceProcessingDescription",
    "PerformedProcedureStepDescription",
    "RequestedProcedureDescription",
    "StudyDescription",
)
"""Free text from what is said of the image to what is said of the whole visit."""

_PROJECTIONS = (
    (re.compile(r"\bPOSTER\w*?[\W_]*(TO\W+)?ANTER\w*"), "PA"),
    (re.compile(r"\bANTER\w*?[\W_]*(TO\W+)?POSTER\w*"), "AP"),
    (re.compile(r"\b([AP])[.\-/ >]{1,4}([AP])\b\.?"), r"\1\2"),
    (re.compile(r"\b([LR])[.\-] ?L\b\.?"), r"\1L"),
)
"""Spellings of projections and the short form of each."""


def values_of(dataset: Dataset, keyword: str) -> list[str]:
    """Return the values of a text element in capitals and without spaces around them."""
    value = value_of(dataset, keyword)
    if value is None:
        return []
    several = value if isinstance(value, MultiValue | list | tuple) else [value]
    return [str(single).strip().upper() for single in several]


def text_of(dataset: Dataset, keyword: str) -> str:
    """Return the value of a text element in capitals; "" if it is absent or states nothing."""
    text = "\\".join(values_of(dataset, keyword))
    return "" if text in NO_STATEMENT else text


def words_of(text: str) -> list[str]:
    """Split ``text`` into words and numbers, in capitals and without accents.

    "P.A.", "P->A", "P/A" and "postero-anterior" count as "PA", AP likewise, and "L.L." as "LL".
    """
    text = _folded(text).replace("_", " ")
    for pattern, replacement in _PROJECTIONS:
        text = pattern.sub(replacement, text)
    return re.findall(r"[^\W\d_]+|\d+", text)


def _folded(text: str) -> str:
    """Return ``text`` in capitals, without accents and with full-width letters made usual ones."""
    letters = unicodedata.normalize("NFKD", text.upper())
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return unicodedata.normalize("NFC", bare)


def descriptions_of(dataset: Dataset) -> list[tuple[str, list[str]]]:
    """Return the descriptions that say anything, each as (keyword, words)."""
    stated = ((keyword, words_of(text_of(dataset, keyword))) for keyword in DESCRIPTIONS)
    return [(keyword, words) for keyword, words in stated if words]


def items_of(dataset: Dataset, keyword: str) -> list[Dataset]:
    """Return the items of a sequence that may be absent or empty."""
    return list(value_of(dataset, keyword) or [])


def code_of(item: Dataset) -> str:
    """Return code value and scheme of a coded entry, as in ``(399067008, SCT)``."""
    value, scheme = item.get("CodeValue") or "", item.get("CodingSchemeDesignator") or ""
    return f"({readable(value)}, {readable(scheme)})"


def first_in(words: Iterable[str], vocabulary: frozenset[str]) -> str | None:
    """Return the first of ``words`` that is in ``vocabulary``."""
    return next((word for word in words if word in vocabulary), None)


def word_found(keyword: str, word: str) -> str:
    """Say where ``word`` is, without the rest of the free text, which may name the patient."""
    return f"{named(keyword)} has the word {quoted(word)}"
