"""Checks of a DICOM header before its pixels are decoded."""

from __future__ import annotations

from collections.abc import Iterator

from pydicom.dataset import Dataset
from pydicom.uid import UID

from monai_covid.dicom.image_size import size_problem
from monai_covid.dicom.reading.frame_checks import compressed_problems
from monai_covid.dicom.reading.layout import (
    PixelLayout,
    integer,
    layout_of,
    named,
    quoted,
    uid_name,
)

__all__ = ["RADIOGRAPH_MODALITIES", "PixelLayout", "header_problems", "layout_of", "named"]

RADIOGRAPH_MODALITIES = ("CR", "DX", "RG", "RF", "OT")
"""Projection X-ray, and OT for secondary captures of it."""

GREY_PHOTOMETRICS = ("MONOCHROME1", "MONOCHROME2")
COLOUR_PHOTOMETRICS = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")


def header_problems(dataset: Dataset) -> list[str]:
    """List everything in the header that makes ``dataset`` unusable as a radiograph."""
    if not dataset.get("PixelData"):
        kind = uid_name(dataset.get("SOPClassUID") or "unknown")
        return [f"{named('PixelData')} is missing or empty (SOP class: {kind}); an image is needed"]
    if "TransferSyntaxUID" not in getattr(dataset, "file_meta", {}):
        return [f"{named('TransferSyntaxUID')} is missing, so the pixels cannot be decoded"]
    layout = layout_of(dataset)
    problems = [
        *_kind_problems(dataset),
        *_layout_problems(layout),
        *_depth_problems(dataset, layout),
    ]
    return problems or list(_length_problems(dataset, layout))


def _kind_problems(dataset: Dataset) -> Iterator[str]:
    modality = str(dataset.get("Modality") or "")
    if modality and modality not in RADIOGRAPH_MODALITIES:
        expected = _either(RADIOGRAPH_MODALITIES)
        yield f"{named('Modality')} is {quoted(modality)}; one of {expected} is read"
    if str(dataset.get("PresentationIntentType") or "") == "FOR PROCESSING":
        yield (
            f"{named('PresentationIntentType')} is 'FOR PROCESSING' (raw detector data); "
            "use the 'FOR PRESENTATION' instance of the same exposure"
        )
    frames = integer(dataset, "NumberOfFrames", absent=1)
    if frames != 1:
        yield f"{named('NumberOfFrames')} is {frames}; a radiograph has 1"
    shape = str(dataset.get("PresentationLUTShape") or "")
    if shape == "INVERSE" and dataset.get("PhotometricInterpretation") == "MONOCHROME2":
        yield (
            f"{named('PresentationLUTShape')} is 'INVERSE' but "
            f"{named('PhotometricInterpretation')} is 'MONOCHROME2'; "
            "they contradict each other: 'IDENTITY' belongs to it"
        )


def _layout_problems(layout: PixelLayout) -> Iterator[str]:
    size = size_problem(layout.rows, layout.columns)
    if size:
        yield f"{named('Rows')} x {named('Columns')}: {size}"
    expected = {1: GREY_PHOTOMETRICS, 3: COLOUR_PHOTOMETRICS}.get(layout.samples)
    if expected is None:
        yield f"{named('SamplesPerPixel')} is {layout.samples}; 1 (grey) or 3 (grey as RGB) is read"
    elif layout.photometric not in expected:
        yield (
            f"{named('PhotometricInterpretation')} is {quoted(layout.photometric)}; "
            f"one of {_either(expected)} goes with {layout.samples} sample(s) per pixel"
        )


def _depth_problems(dataset: Dataset, layout: PixelLayout) -> Iterator[str]:
    allowed = (8, 16) if layout.samples == 1 else (8,)
    if layout.bits_allocated not in allowed:
        yield (
            f"{named('BitsAllocated')} is {layout.bits_allocated}; "
            f"{_either(allowed)} is read with {layout.samples} sample(s) per pixel"
        )
    if not 6 <= layout.bits_stored <= max(layout.bits_allocated, 8):
        yield (
            f"{named('BitsStored')} is {layout.bits_stored}; "
            f"6 to {layout.bits_allocated} (bits allocated) is read"
        )
    expected = layout.bits_stored - 1
    high_bit = integer(dataset, "HighBit", absent=expected)
    if high_bit != expected:
        yield f"{named('HighBit')} is {high_bit}; bits stored - 1 = {expected} is read"


def _length_problems(dataset: Dataset, layout: PixelLayout) -> Iterator[str]:
    if UID(dataset.file_meta.TransferSyntaxUID).is_encapsulated:
        yield from compressed_problems(dataset, layout)
        return
    actual = len(dataset.PixelData)
    expected = layout.rows * layout.columns * layout.samples * layout.bits_allocated // 8
    if layout.photometric == "YBR_FULL_422":
        expected = expected * 2 // 3
    if actual not in (expected, expected + expected % 2):
        yield (
            f"{named('PixelData')} has {actual} bytes; {layout.rows} rows x {layout.columns} "
            f"columns x {layout.bits_allocated} bits x {layout.samples} need {expected}"
        )


def _either(values: tuple[object, ...]) -> str:
    return " / ".join(str(value) for value in values)
