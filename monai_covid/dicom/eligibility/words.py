"""Words in the free text and the codes of a header."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from monai_covid.dicom.layout import named, quoted, readable

NO_STATEMENT = frozenset({"", "UNKNOWN", "UNK", "NONE", "OTHER", "UNSPECIFIED", "UNDEFINED"})
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


def values_of(dataset: Dataset, keyword: str) -> list[str]:
    """Return the values of a text element in capitals and without spaces around them."""
    value = dataset.get(keyword)
    if value is None:
        return []
    several = value if isinstance(value, MultiValue | list | tuple) else [value]
    return [str(single).strip().upper() for single in several]


def text_of(dataset: Dataset, keyword: str) -> str:
    """Return the value of a text element in capitals; "" if it is absent or states nothing."""
    text = "\\".join(values_of(dataset, keyword))
    return "" if text in NO_STATEMENT else text


def words_of(text: str) -> list[str]:
    """Split ``text`` into words; "P.A.", "P-A" and "P/A" count as "PA", and AP likewise."""
    text = re.sub(r"\b([AP])[.\-/ ]([AP])\b\.?", r"\1\2", text.upper())
    return re.findall(r"[^\W\d_]+", text)


def descriptions_of(dataset: Dataset) -> list[tuple[str, list[str]]]:
    """Return the descriptions that say anything, each as (keyword, words)."""
    found = ((keyword, words_of(text_of(dataset, keyword))) for keyword in DESCRIPTIONS)
    return [(keyword, words) for keyword, words in found if words]


def items_of(dataset: Dataset, keyword: str) -> list[Dataset]:
    """Return the items of a sequence that may be absent or empty."""
    return list(dataset.get(keyword) or [])


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
