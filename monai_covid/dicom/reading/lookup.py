"""From stored values to displayed grey values: modality LUT, VOI LUT or window, polarity.

The chain is worked out once for every value that can be stored (at most 65,536) and then looked up,
which is exact and independent of the image size.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.pixels.processing import apply_windowing

from monai_covid.dicom.reading.layout import (
    FINITE_NUMBER,
    PixelLayout,
    named,
    quoted,
    quoted_number,
    value_of,
)
from monai_covid.dicom.reading.luts import LookupTable, Values, first_table, is_present

WINDOW_FUNCTIONS = ("LINEAR", "LINEAR_EXACT", "SIGMOID")
"""Defined terms of VOI LUT Function (DICOM PS3.3 C.11.2.1.3)."""


class Window(NamedTuple):
    """A window and how it is applied.

    Attributes:
        centre: Of the values after the modality LUT.
        width: Of the same; at least 1 for LINEAR, else above 0.
        function: One of ``WINDOW_FUNCTIONS``.
    """

    centre: float
    width: float
    function: str


def lowest_stored_value(layout: PixelLayout) -> int:
    """Return the smallest value that ``layout`` can store."""
    return -(1 << (layout.bits_stored - 1)) if layout.signed else 0


def grey_of_stored_values(dataset: Dataset, layout: PixelLayout) -> NDArray[np.float32]:
    """Return the displayed grey value of each storable value.

    Args:
        dataset: Instance whose modality LUT, VOI LUT or window is applied. Of several windows or
            VOI LUTs the first counts, and a VOI LUT counts more than a window. A window that is
            incomplete or undefined is left out; `window_caution` says so.
        layout: Its pixel layout.

    Returns:
        Grey values (2 ** bits stored,), larger is brighter; entry i belongs to the stored value
        ``lowest_stored_value(layout) + i``. Without any of the tables entry i is that value itself.

    Raises:
        ValueError: A table or number is unusable, or all values become one; the message names the
            tag.

    Note:
        DICOM PS3.4 N.2 (order), PS3.3 C.11.1 (modality LUT), C.11.2 (VOI LUT), C.7.6.3.1.2
        (MONOCHROME1: the smallest value is white).
    """
    rescaled = _after_modality_lut(_stored_values(layout), dataset)
    values = _after_voi_lut(rescaled, dataset, layout)
    if values.min() == values.max():
        raise ValueError(one_grey_value(dataset))
    if layout.photometric == "MONOCHROME1":
        darkest, brightest = _output_range(values, dataset, layout)
        values = darkest + brightest - values
    grey = values.astype(np.float32)
    if values is rescaled:
        _check_precision(rescaled, grey)
    return grey


def tables_of(dataset: Dataset, layout: PixelLayout) -> dict[str, LookupTable]:
    """Return the modality and VOI LUT that `grey_of_stored_values` applies, by keyword.

    Raises:
        ValueError: A table is unusable; the message names the tag.
    """
    values = _stored_values(layout)
    tables: dict[str, LookupTable] = {}
    if is_present(dataset, "ModalityLUTSequence"):
        tables["ModalityLUTSequence"] = first_table(dataset, "ModalityLUTSequence", values)
    if is_present(dataset, "VOILUTSequence"):
        rescaled = _after_modality_lut(values, dataset)
        tables["VOILUTSequence"] = first_table(dataset, "VOILUTSequence", rescaled)
    return tables


def one_grey_value(dataset: Dataset) -> str:
    """Say which table of ``dataset`` is to blame where it leaves a single grey value."""
    if is_present(dataset, "VOILUTSequence"):
        cause = f"the table of {named('VOILUTSequence')}"
    elif window := window_of(dataset):
        cause = (
            f"the window, {named('WindowCenter')} {window.centre:g} and {named('WindowWidth')} "
            f"{window.width:g},"
        )
    elif is_present(dataset, "ModalityLUTSequence"):
        cause = f"the table of {named('ModalityLUTSequence')}"
    else:
        cause = f"the rescale, {named('RescaleSlope')} and {named('RescaleIntercept')},"
    return f"{cause} maps all pixels to one grey value; it does not belong to these pixels"


def window_of(dataset: Dataset) -> Window | None:
    """Return the first window, or None if it is absent, incomplete or undefined.

    Raises:
        ValueError: Center or width is not a finite number.
    """
    centre = first_number(dataset, "WindowCenter")
    width = first_number(dataset, "WindowWidth")
    function = _function(dataset)
    if centre is None or width is None or function not in WINDOW_FUNCTIONS:
        return None
    narrowest = width >= 1 if function == "LINEAR" else width > 0
    return Window(centre, width, function) if narrowest else None


def window_caution(dataset: Dataset) -> str | None:
    """Say that a complete window is left out because it is undefined; None if it is not."""
    width = first_number(dataset, "WindowWidth")
    if width is None or first_number(dataset, "WindowCenter") is None or window_of(dataset):
        return None
    function = _function(dataset)
    if function in WINDOW_FUNCTIONS:
        return f"{named('WindowWidth')} is {width:g}, which is no window; it was left out"
    return (
        f"{named('VOILUTFunction')} is {quoted(function)}, which is not defined; the window was "
        "left out"
    )


def _stored_values(layout: PixelLayout) -> Values:
    lowest = lowest_stored_value(layout)
    return np.arange(lowest, lowest + (1 << layout.bits_stored), dtype=np.float64)


def _function(dataset: Dataset) -> str:
    stated = value_of(dataset, "VOILUTFunction")
    if isinstance(stated, MultiValue):  # some devices write one for each window
        stated = stated[0]
    return str(stated or "LINEAR").strip().upper()


def _after_modality_lut(values: Values, dataset: Dataset) -> Values:
    if is_present(dataset, "ModalityLUTSequence"):
        return first_table(dataset, "ModalityLUTSequence", values).of(values)
    slope = first_number(dataset, "RescaleSlope")
    if slope == 0:
        raise ValueError(f"{named('RescaleSlope')} is 0, which leaves one grey value")
    intercept = first_number(dataset, "RescaleIntercept")
    return values * (1.0 if slope is None else slope) + (intercept or 0.0)


def _check_precision(rescaled: Values, grey: NDArray[np.float32]) -> None:
    """Make sure that grey values stay apart in single precision, in which they are passed on."""
    if not np.isfinite(grey).all() or len(np.unique(grey)) < len(np.unique(rescaled)):
        raise ValueError(
            f"{named('RescaleSlope')} and {named('RescaleIntercept')} give values from "
            f"{rescaled.min():g} to {rescaled.max():g}, which single precision does not tell apart"
        )


def _after_voi_lut(values: Values, dataset: Dataset, layout: PixelLayout) -> Values:
    if is_present(dataset, "VOILUTSequence"):
        return first_table(dataset, "VOILUTSequence", values).of(values)
    stated = window_of(dataset)
    if stated is None:
        return values
    # pydicom takes the output range from the rescale values, and a negative slope would turn it
    # over; a data set with nothing but the window gives 0 to 2 ** bits - 1, always ascending.
    window = Dataset()
    window.PhotometricInterpretation = "MONOCHROME2"
    window.PixelRepresentation = 0
    window.BitsStored = layout.bits_stored
    window.WindowCenter, window.WindowWidth = stated.centre, stated.width
    window.VOILUTFunction = stated.function
    with np.errstate(over="ignore"):  # a sigmoid far below its centre is 0, through exp = inf
        windowed: Values = apply_windowing(values, window)
    return windowed


def _output_range(values: Values, dataset: Dataset, layout: PixelLayout) -> tuple[float, float]:
    """Return the ends of the output, which a window has whether or not it reaches them."""
    if not is_present(dataset, "VOILUTSequence") and window_of(dataset):
        return 0.0, float((1 << layout.bits_stored) - 1)
    return float(values.min()), float(values.max())


def first_number(dataset: Dataset, keyword: str) -> float | None:
    """Return the first value of an element, or None if it is absent or empty.

    Raises:
        ValueError: It is not a finite number.
    """
    value = value_of(dataset, keyword)
    if isinstance(value, Sequence) and not isinstance(value, str):
        value = value[0] if value else None
    if value in (None, ""):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = np.nan
    if not np.isfinite(number):
        raise ValueError(f"{named(keyword)} is {quoted_number(value)}; {FINITE_NUMBER} is needed")
    return number
