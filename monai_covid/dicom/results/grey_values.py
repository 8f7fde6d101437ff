"""How a presentation state has the grey values of its image shown: as they are read."""

from __future__ import annotations

import copy

from pydicom.dataset import Dataset
from pydicom.valuerep import DS

from monai_covid.dicom.lookup import first_number

_TABLES = (
    "ModalityLUTSequence",
    "RescaleSlope",
    "RescaleIntercept",
    "RescaleType",
    "VOILUTSequence",
    "WindowCenter",
    "WindowWidth",
    "WindowCenterWidthExplanation",
    "VOILUTFunction",
)
_FUNCTIONS = ("LINEAR", "LINEAR_EXACT", "SIGMOID")
_UNSPECIFIED = "US"


def without_grey_values(header: Dataset) -> Dataset:
    """Return ``header`` without tables and windows: highdicom refuses many that devices send."""
    plain = Dataset()
    for element in header:
        if element.keyword not in _TABLES:
            plain[element.tag] = element
    return plain


def add_grey_values(state: Dataset, header: Dataset) -> None:
    """Put into a presentation state what `read_radiograph` applies to the image.

    That is the first modality LUT, else the rescale; then the first VOI LUT, else the first window.

    Args:
        state: A presentation state without them.
        header: Header of the image.

    Note:
        DICOM PS3.3 C.11.1 (modality LUT), C.11.8 (softcopy VOI LUT).
    """
    if header.get("ModalityLUTSequence"):
        item = _table(header.ModalityLUTSequence[0])
        item.ModalityLUTType = item.get("ModalityLUTType") or _UNSPECIFIED
        state.ModalityLUTSequence = [item]
    else:
        _add_rescale(state, header)
    voi = _voi(header)
    if voi is not None:
        state.SoftcopyVOILUTSequence = [voi]


def _add_rescale(state: Dataset, header: Dataset) -> None:
    slope, intercept = (first_number(header, f"Rescale{name}") for name in ("Slope", "Intercept"))
    if slope is None and intercept is None:
        return
    state.RescaleSlope = _decimal(1.0 if slope is None else slope)
    state.RescaleIntercept = _decimal(intercept or 0.0)
    state.RescaleType = header.get("RescaleType") or _UNSPECIFIED


def _voi(header: Dataset) -> Dataset | None:
    item = Dataset()
    if header.get("VOILUTSequence"):
        item.VOILUTSequence = [_table(header.VOILUTSequence[0])]
        return item
    centre, width = (first_number(header, f"Window{name}") for name in ("Center", "Width"))
    if centre is None or width is None:
        return None
    item.WindowCenter, item.WindowWidth = _decimal(centre), _decimal(width)
    function = str(header.get("VOILUTFunction") or "")
    if function in _FUNCTIONS:
        item.VOILUTFunction = function
    return item


def _table(item: Dataset) -> Dataset:
    """Return a copy of a LUT item without its explanation, which need not be valid."""
    table = copy.deepcopy(item)
    if "LUTExplanation" in table:
        del table.LUTExplanation
    return table


def _decimal(value: float) -> DS:
    return DS(value, auto_format=True)
