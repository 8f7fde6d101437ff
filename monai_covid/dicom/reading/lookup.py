"""From stored values to displayed grey values: modality LUT, VOI LUT or window, polarity.

The chain is worked out once for every value that can be stored (at most 65,536) and then looked up,
which is exact and independent of the image size.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_windowing
from pydicom.uid import UID

from monai_covid.dicom.reading.pixel_checks import PixelLayout, named

Values = NDArray[np.float64]


def lowest_stored_value(layout: PixelLayout) -> int:
    """Return the smallest value that ``layout`` can store."""
    return -(1 << (layout.bits_stored - 1)) if layout.signed else 0


def grey_of_stored_values(dataset: Dataset, layout: PixelLayout) -> NDArray[np.float32]:
    """Return the displayed grey value of each storable value.

    Args:
        dataset: Instance whose modality LUT, VOI LUT or window is applied. Of several windows or
            VOI LUTs the first counts, and a VOI LUT counts more than a window.
        layout: Its pixel layout.

    Returns:
        Grey values (2 ** bits stored,), larger is brighter; entry i belongs to the stored value
        ``lowest_stored_value(layout) + i``. Without any of the tables entry i is that value itself.

    Raises:
        ValueError: A table or window is unusable; the message names the tag.

    Note:
        DICOM PS3.4 N.2 (order), PS3.3 C.11.1 (modality LUT), C.11.2 (VOI LUT), C.7.6.3.1.2
        (MONOCHROME1: the smallest value is white).
    """
    lowest = lowest_stored_value(layout)
    values: Values = np.arange(lowest, lowest + (1 << layout.bits_stored), dtype=np.float64)
    values = _after_modality_lut(values, dataset, layout)
    values = _after_voi_lut(values, dataset, layout)
    if layout.photometric == "MONOCHROME1":
        darkest, brightest = _output_range(values, dataset, layout)
        values = darkest + brightest - values
    return values.astype(np.float32)


def _after_modality_lut(values: Values, dataset: Dataset, layout: PixelLayout) -> Values:
    if dataset.get("ModalityLUTSequence"):
        return _looked_up(values, dataset, "ModalityLUTSequence", layout)
    slope = first_number(dataset, "RescaleSlope")
    if slope == 0:
        raise ValueError(f"{named('RescaleSlope')} is 0, which leaves one grey value")
    intercept = first_number(dataset, "RescaleIntercept")
    return values * (1.0 if slope is None else slope) + (intercept or 0.0)


def _after_voi_lut(values: Values, dataset: Dataset, layout: PixelLayout) -> Values:
    if dataset.get("VOILUTSequence"):
        return _looked_up(values, dataset, "VOILUTSequence", layout)
    centre_and_width = _window(dataset)
    if centre_and_width is None:
        return values
    # pydicom takes the output range from the rescale values, and a negative slope would turn it
    # over; a data set with nothing but the window gives 0 to 2 ** bits - 1, always ascending.
    window = Dataset()
    window.PhotometricInterpretation = "MONOCHROME2"
    window.PixelRepresentation = 0
    window.BitsStored = layout.bits_stored
    window.WindowCenter, window.WindowWidth = centre_and_width
    window.VOILUTFunction = str(dataset.get("VOILUTFunction") or "LINEAR")
    with np.errstate(over="ignore"):  # a sigmoid far below its centre is 0, through exp = inf
        windowed: Values = apply_windowing(values, window)
    return windowed


def _output_range(values: Values, dataset: Dataset, layout: PixelLayout) -> tuple[float, float]:
    """Return the ends of the output, which a window has whether or not it reaches them."""
    if not dataset.get("VOILUTSequence") and _window(dataset):
        return 0.0, float((1 << layout.bits_stored) - 1)
    return float(values.min()), float(values.max())


def _window(dataset: Dataset) -> tuple[float, float] | None:
    centre = first_number(dataset, "WindowCenter")
    width = first_number(dataset, "WindowWidth")
    return None if centre is None or width is None else (centre, width)


def _looked_up(values: Values, dataset: Dataset, keyword: str, layout: PixelLayout) -> Values:
    """Apply the first table of a LUT sequence.

    Not left to pydicom: it keeps the index in the type of the output, so a table from 12 to 8 bits
    wraps around.
    """
    item = dataset[keyword].value[0]
    descriptor = item.get("LUTDescriptor")
    if descriptor is None or len(descriptor) != 3 or item.get("LUTData") is None:
        raise ValueError(f"{named(keyword)} lacks a LUT Descriptor of 3 values or LUT Data")
    length = int(descriptor[0]) or 1 << 16
    first = int(descriptor[1])
    if layout.signed and first >= 1 << 15:
        first -= 1 << 16  # written as US where SS was meant
    entries = _lut_entries(item.LUTData, length, _is_little_endian(dataset))
    if len(entries) != length:
        raise ValueError(
            f"{named(keyword)}: LUT Data has {len(entries)} entries, LUT Descriptor says {length}"
        )
    index = np.clip(np.rint(values) - first, 0, length - 1).astype(np.intp)
    shown: Values = entries[index]
    return shown


def _lut_entries(data: bytes | int | list[int], length: int, little_endian: bool) -> Values:
    if isinstance(data, int):
        return np.array([data], dtype=np.float64)
    if not isinstance(data, bytes):
        return np.asarray(data, dtype=np.float64)
    if len(data) in (length, length + length % 2):
        return np.frombuffer(data, np.uint8)[:length].astype(np.float64)
    whole_words = data[: len(data) // 2 * 2]
    return np.frombuffer(whole_words, "<u2" if little_endian else ">u2").astype(np.float64)


def _is_little_endian(dataset: Dataset) -> bool:
    return bool(UID(dataset.file_meta.TransferSyntaxUID).is_little_endian)


def first_number(dataset: Dataset, keyword: str) -> float | None:
    """Return the first value of an element, or None if it is absent or empty.

    Raises:
        ValueError: It is not a finite number.
    """
    value = dataset.get(keyword)
    if isinstance(value, Sequence) and not isinstance(value, str):
        value = value[0] if value else None
    if value in (None, ""):
        return None
    number = float(value)
    if not np.isfinite(number):
        raise ValueError(f"{named(keyword)} is {number}; a finite number is needed")
    return number
