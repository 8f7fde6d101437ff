"""Checks of a DICOM header before its pixels are decoded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.encaps import get_frame
from pydicom.uid import UID

from monai_covid.dicom.codestream import frame_size
from monai_covid.image_size import size_problem

RADIOGRAPH_MODALITIES = ("CR", "DX", "RG", "RF", "OT")
"""Projection X-ray, and OT for secondary captures of it."""

GREY_PHOTOMETRICS = ("MONOCHROME1", "MONOCHROME2")
COLOUR_PHOTOMETRICS = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")


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


def layout_of(dataset: Dataset) -> PixelLayout:
    """Return the pixel layout of ``dataset``; absent integers become 0 and fail the checks."""
    return PixelLayout(
        rows=_integer(dataset, "Rows"),
        columns=_integer(dataset, "Columns"),
        samples=_integer(dataset, "SamplesPerPixel"),
        bits_allocated=_integer(dataset, "BitsAllocated"),
        bits_stored=_integer(dataset, "BitsStored"),
        signed=_integer(dataset, "PixelRepresentation") == 1,
        photometric=str(dataset.get("PhotometricInterpretation") or "").strip().upper(),
    )


def header_problems(dataset: Dataset) -> list[str]:
    """List everything in the header that makes ``dataset`` unusable as a radiograph."""
    if not dataset.get("PixelData"):
        kind = UID(str(dataset.get("SOPClassUID") or "unknown")).name
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
        yield f"{named('Modality')} is {modality!r}; one of {expected} is read"
    if str(dataset.get("PresentationIntentType") or "") == "FOR PROCESSING":
        yield (
            f"{named('PresentationIntentType')} is 'FOR PROCESSING' (raw detector data); "
            "use the 'FOR PRESENTATION' instance of the same exposure"
        )
    frames = _integer(dataset, "NumberOfFrames", absent=1)
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
            f"{named('PhotometricInterpretation')} is {layout.photometric!r}; "
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
    high_bit = _integer(dataset, "HighBit", absent=expected)
    if high_bit != expected:
        yield f"{named('HighBit')} is {high_bit}; bits stored - 1 = {expected} is read"


def _length_problems(dataset: Dataset, layout: PixelLayout) -> Iterator[str]:
    if UID(dataset.file_meta.TransferSyntaxUID).is_encapsulated:
        # An unreadable frame is left to the decoder, whose message says more.
        stated = frame_size(_first_frame(dataset))
        if stated and stated != (layout.rows, layout.columns):
            yield (
                f"the compressed frame is {stated.rows} rows x {stated.columns} columns, but "
                f"{named('Rows')} x {named('Columns')} is {layout.rows} x {layout.columns}"
            )
        return
    actual = len(dataset.PixelData)
    expected = layout.rows * layout.columns * layout.samples * layout.bits_allocated // 8
    if layout.photometric != "YBR_FULL_422" and actual not in (expected, expected + expected % 2):
        yield (
            f"{named('PixelData')} has {actual} bytes; {layout.rows} rows x {layout.columns} "
            f"columns x {layout.bits_allocated} bits x {layout.samples} need {expected}"
        )


def _first_frame(dataset: Dataset) -> bytes:
    try:
        return bytes(get_frame(dataset.PixelData, 0, number_of_frames=1))
    except (ValueError, EOFError, IndexError):
        return b""


def _integer(dataset: Dataset, keyword: str, absent: int = 0) -> int:
    value = dataset.get(keyword)
    return absent if value in (None, "") else int(value)


def _either(values: tuple[object, ...]) -> str:
    return " / ".join(str(value) for value in values)
