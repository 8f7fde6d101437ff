"""The tables of modality and VOI LUT sequences: entries and first mapped value.

Both are unsigned or signed by rules of their own, whatever the value representation in the file.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import UID

from monai_covid.dicom.reading.layout import named, quoted, quoted_number, value_of

Values = NDArray[np.float64]

_WORDS = 1 << 16
_BYTES = ("OB", "OW", "UN")
_NUMBERS = ("US", "SS", "UL", "SL")
_BITS = range(8, 17)


class LookupTable(NamedTuple):
    """One table.

    Attributes:
        first: The input value of the first entry; what lies below gets that entry too.
        entries: The output values (n,), unsigned.
    """

    first: int
    entries: Values

    def item(self, full_scale: bool = False) -> Dataset:
        """Return the table as an item of a LUT sequence, valid whatever it was read from.

        Args:
            full_scale: Whether entries of 9 to 15 bits are multiplied to 16, as a softcopy VOI LUT
                needs (PS3.3 C.11.8); what it shows stays the same.
        """
        used = int(self.entries.max()).bit_length()
        bits = _BITS[0] if used <= _BITS[0] else _BITS[-1]
        factor = 1 << bits - used if full_scale else 1
        item = Dataset()
        descriptor = [len(self.entries) % _WORDS, self.first, bits]
        item.add_new("LUTDescriptor", "SS" if self.first < 0 else "US", descriptor)
        packed = (self.entries * factor).astype("<u2" if bits > 8 else np.uint8).tobytes()
        item.add_new("LUTData", "OW", packed + b"\0" * (len(packed) % 2))
        return item

    def of(self, values: Values) -> Values:
        """Return the entry of each of ``values``, rounded to whole numbers."""
        index = np.clip(np.rint(values) - self.first, 0, len(self.entries) - 1).astype(np.intp)
        looked_up: Values = self.entries[index]
        return looked_up


def first_table(dataset: Dataset, keyword: str, values: Values) -> LookupTable:
    """Return the first table of a LUT sequence.

    Not left to pydicom: it keeps the index in the type of the output, so a table from 12 to 8 bits
    wraps around, and takes entries for signed where their value representation is SS.

    Args:
        dataset: Instance with the sequence.
        keyword: ``ModalityLUTSequence`` or ``VOILUTSequence``.
        values: The values that are looked up, as far as they can occur.

    Raises:
        ValueError: The table is incomplete, contradicts its descriptor, or can be understood in
            two ways.

    Note:
        DICOM PS3.3 C.11.1.1.1 and C.11.2.1.1: entries are unsigned whatever the value
        representation; the first mapped value is signed if the input can be negative.
    """
    item = _tables(dataset, keyword)[0]
    try:
        count, first, bits = _descriptor(item)
        entries = _entries(item, count, bits, UID(dataset.file_meta.TransferSyntaxUID))
        return LookupTable(_first_mapped(first, count, values), entries)
    except ValueError as error:
        raise ValueError(f"{named(keyword)}: {error}") from error


def _descriptor(item: Dataset) -> tuple[int, int, int]:
    stated = value_of(item, "LUTDescriptor")
    if stated is None:
        raise ValueError(f"{named('LUTDescriptor')} is missing")
    values = list(stated) if hasattr(stated, "__len__") else [stated]
    if len(values) != 3 or not all(isinstance(value, int) for value in values):
        raise ValueError(
            f"{named('LUTDescriptor')} is {quoted_number(stated)}; 3 numbers are needed: entries, "
            "first mapped value and bits"
        )
    count, first, bits = values
    if bits not in _BITS:
        raise ValueError(
            f"{named('LUTDescriptor')} is {quoted_number(stated)}; its third value, the bits of an "
            f"entry, is {_BITS[0]} to {_BITS[-1]}"
        )
    return count % _WORDS or _WORDS, first, bits


def _entries(item: Dataset, count: int, bits: int, syntax: UID) -> Values:
    element = item.get_item("LUTData")
    value = value_of(item, "LUTData")
    if element is None or value is None:
        raise ValueError(f"{named('LUTData')} is missing; {count} entries are needed")
    representation = item["LUTData"].VR
    if representation in _BYTES and isinstance(value, bytes):
        entries = _unpacked(value, representation, count, bits, syntax)
    elif representation in _NUMBERS:
        entries = np.atleast_1d(np.asarray(value, dtype=np.int64))
        if representation in ("US", "SS"):
            entries %= _WORDS
            if bits == 8 and len(entries) == (count + 1) // 2 < count:  # two entries a word
                entries = entries.astype("<u2").view(np.uint8)[:count].astype(np.int64)
    else:
        raise ValueError(
            f"{named('LUTData')} has the VR {quoted(representation)}; US or OW is read"
        )
    if len(entries) != count:
        raise ValueError(
            f"{named('LUTData')} has {len(entries)} entries, {named('LUTDescriptor')} says {count}"
        )
    if entries.min() < 0 or entries.max() >= 1 << bits:
        raise ValueError(
            f"{named('LUTData')} has entries from {entries.min()} to {entries.max()}, "
            f"{named('LUTDescriptor')} says {bits} bits: 0 to {(1 << bits) - 1}"
        )
    return entries.astype(np.float64)


def _unpacked(
    data: bytes, representation: str, count: int, bits: int, syntax: UID
) -> NDArray[np.int64]:
    """Return packed entries: words, or bytes where 8 bits are enough and only these fit."""
    order = "<" if syntax.is_little_endian else ">"
    if bits == 8 and len(data) == count + count % 2:
        packed = np.frombuffer(data, np.uint8)
        if representation == "OW" and order == ">":  # two entries a word, the lower byte first
            packed = packed.reshape(-1, 2)[:, ::-1].ravel()
        return packed[:count].astype(np.int64)
    if bits == 8 and len(data) == count:  # an odd number without padding
        return np.frombuffer(data, np.uint8).astype(np.int64)
    return np.frombuffer(data[: len(data) // 2 * 2], f"{order}u2").astype(np.int64)


def _first_mapped(stated: int, count: int, values: Values) -> int:
    """Return the first mapped value, of which 16 bits are stored with or without sign.

    What the rule of the standard gives is taken. Where the file states the other sign, the table
    has to lie among the values one way only.
    """
    unsigned = stated % _WORDS
    if unsigned < _WORDS // 2:
        return unsigned
    signed = unsigned - _WORDS
    expected = signed if values.min() < 0 else unsigned
    lowest, highest = values.min(), values.max()
    both = (signed, unsigned)
    fitting = [first for first in both if lowest < first + count and first <= highest]
    if len(fitting) == 1:
        return fitting[0]
    if not fitting or stated != expected:
        raise ValueError(
            f"{named('LUTDescriptor')} has the first mapped value {stated}; as {signed} or "
            f"{unsigned} with {count} entries it does not fit the values it is applied to, "
            f"{lowest:g} to {highest:g}"
        )
    return expected


def is_present(dataset: Dataset, keyword: str) -> bool:
    """Say whether there is a sequence of tables with at least one that is not empty."""
    return bool(_tables(dataset, keyword))


def _tables(dataset: Dataset, keyword: str) -> list[Dataset]:
    """Return the items of a LUT sequence; devices without a table write one with nothing in it."""
    sequence: Any = value_of(dataset, keyword)
    return [item for item in sequence or () if "LUTDescriptor" in item or "LUTData" in item]
