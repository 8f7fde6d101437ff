"""The character set of a result: that of its source image wherever it can hold the texts."""

from __future__ import annotations

from collections.abc import Iterator

from pydicom.charset import convert_encodings, python_encoding
from pydicom.dataset import Dataset

UTF_8 = "ISO_IR 192"

LATIN_9 = frozenset({"ISO_IR 203", "ISO 2022 IR 203"})
"""Defined terms that pydicom does not know: it takes each byte for a letter of Latin-1."""

_DEFAULT = frozenset({"", "ISO_IR 6", "ISO 2022 IR 6"})

_TEXT_VRS = frozenset({"LO", "LT", "PN", "SH", "ST", "UC", "UT"})


def fitting_character_set(header: Dataset, *texts: str) -> str | list[str] | None:
    """Return Specific Character Set (0008,0005) for a result.

    Args:
        header: Header of the source image; its texts go into the result.
        texts: Other texts that go in.

    Returns:
        The character set of ``header`` if it holds every text, else UTF-8: a header can name a
        wrong character set. Texts of a header in Latin-9, or without a character set although they
        have bytes beyond ASCII, are passed on byte for byte, so that whatever shows the image's
        name right shows the result's right.
    """
    stated = header.get("SpecificCharacterSet")
    names = [stated] if isinstance(stated, str) else list(stated or [])
    if LATIN_9 & set(names) and set(names) <= LATIN_9 | _DEFAULT and all(map(str.isascii, texts)):
        return names[0] if len(names) == 1 else names
    if all(name in python_encoding for name in names):
        encodings = convert_encodings(names)
        every = (*_texts_of(header), *texts)
        if all(_fits(letter, encodings) for text in every for letter in set(text)):
            return None if not names else names[0] if len(names) == 1 else names
    return UTF_8


def _texts_of(dataset: Dataset) -> Iterator[str]:
    for element in dataset.iterall():
        if element.VR in _TEXT_VRS and element.value:
            yield str(element.value)


def _fits(letter: str, encodings: list[str]) -> bool:
    return any(_encodes(letter, encoding) for encoding in encodings)


def _encodes(letter: str, encoding: str) -> bool:
    try:
        letter.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
