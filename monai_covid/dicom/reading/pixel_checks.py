"""Checks of a DICOM header before its pixels are decoded."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pydicom.dataset import Dataset
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from monai_covid.dicom.image_size import size_problem
from monai_covid.dicom.reading.frame_checks import DECODED_SYNTAXES, compressed_problems
from monai_covid.dicom.reading.header import cut_off
from monai_covid.dicom.reading.layout import (
    integer,
    layout_of,
    named,
    quoted,
    readable,
    uid_name,
    value_of,
)
from monai_covid.dicom.reading.lookup import grey_of_stored_values, window_caution

RADIOGRAPH_MODALITIES = ("CR", "DX", "RG", "RF", "OT", "DR")
"""Projection X-ray, OT for secondary captures of it, and DR, which devices write for DX."""

UNCOMPRESSED_SYNTAXES = (
    ImplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
)

GREY_PHOTOMETRICS = ("MONOCHROME1", "MONOCHROME2")
COLOUR_PHOTOMETRICS = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")

MOST_SURPLUS = 16
"""Bytes of any content that may follow the pixels; more may be pixels of another size."""


def header_problems(dataset: Dataset, trust_photometric: bool = False) -> list[str]:
    """List everything in the header that makes ``dataset`` unusable as a radiograph.

    Args:
        dataset: Instance as `read_header` returns it; its pixels are not decoded.
        trust_photometric: Whether MONOCHROME2 with the Presentation LUT Shape INVERSE is taken for
            MONOCHROME2, for devices that always write both; else it is a problem.
    """
    problems = [*_unreadable(dataset)] or [
        problem
        for check in (_kind_problems, _layout_problems, _depth_problems)
        for problem in _listed(check, dataset)
    ]
    if not trust_photometric:
        problems += _listed(_polarity_problems, dataset)
    if not problems:
        problems = [*_listed(_length_problems, dataset), *_listed(_display_problems, dataset)]
    cut = cut_off(dataset)
    problems = list(dict.fromkeys(problems))
    return [cut, *problems] if cut and problems else problems


def kind_problems(dataset: Dataset) -> list[str]:
    """List those of `header_problems` that tell another kind of image, not a defect."""
    return _listed(_kind_problems, dataset)


def header_cautions(dataset: Dataset) -> list[str]:
    """List what a reader of the image should know of a header that has no problems."""
    caution = window_caution(dataset)
    return [caution] if caution else []


def _listed(check: Callable[[Dataset], Iterator[str]], dataset: Dataset) -> list[str]:
    """Return the problems that ``check`` finds, an element that cannot be parsed among them."""
    problems: list[str] = []
    try:
        problems.extend(check(dataset))
    except ValueError as error:
        problems.append(str(error))
    return problems


def _unreadable(dataset: Dataset) -> Iterator[str]:
    if not value_of(dataset, "PixelData"):
        kind = uid_name(value_of(dataset, "SOPClassUID") or "unknown")
        is_image = kind == "unknown" or "Image" in kind
        cut = " (the file may be cut off)" if is_image and not cut_off(dataset) else ""
        yield (
            f"{named('PixelData')} is missing or empty (SOP class: {kind}); an image is needed{cut}"
        )
        return
    syntax = getattr(dataset, "file_meta", {}).get("TransferSyntaxUID")
    if not syntax:
        yield f"{named('TransferSyntaxUID')} is missing, so the pixels cannot be decoded"
    elif syntax not in (*UNCOMPRESSED_SYNTAXES, *DECODED_SYNTAXES):
        uid, name = quoted(syntax), uid_name(syntax)
        yield (
            f"{named('TransferSyntaxUID')} is {uid}{f' ({name})' if name not in uid else ''}; "
            "uncompressed, RLE, JPEG, JPEG-LS or JPEG 2000 pixels are read"
        )


def _kind_problems(dataset: Dataset) -> Iterator[str]:
    modality = _term(dataset, "Modality")
    if modality and modality not in RADIOGRAPH_MODALITIES:
        expected = _either(RADIOGRAPH_MODALITIES)
        yield f"{named('Modality')} is {quoted(modality)}; one of {expected} is read"
    if _term(dataset, "PresentationIntentType") == "FOR PROCESSING":
        yield (
            f"{named('PresentationIntentType')} is 'FOR PROCESSING' (raw detector data); "
            "use the 'FOR PRESENTATION' instance of the same exposure"
        )
    frames = integer(dataset, "NumberOfFrames", absent=1)
    if frames not in (0, 1):  # 0 is what some devices write for one
        yield f"{named('NumberOfFrames')} is {frames}; a radiograph has 1"


def _term(dataset: Dataset, keyword: str) -> str:
    """Return a defined term in capitals, as some devices do not write it."""
    return readable(value_of(dataset, keyword) or "").strip().upper()


def _polarity_problems(dataset: Dataset) -> Iterator[str]:
    shape = _term(dataset, "PresentationLUTShape")
    if shape == "INVERSE" and layout_of(dataset).photometric == "MONOCHROME2":
        yield (
            f"{named('PresentationLUTShape')} is 'INVERSE' but "
            f"{named('PhotometricInterpretation')} is 'MONOCHROME2'; "
            "they contradict each other: 'IDENTITY' belongs to it"
        )


def _layout_problems(dataset: Dataset) -> Iterator[str]:
    layout = layout_of(dataset)
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


def _depth_problems(dataset: Dataset) -> Iterator[str]:
    layout = layout_of(dataset)
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


def _length_problems(dataset: Dataset) -> Iterator[str]:
    layout = layout_of(dataset)
    if UID(dataset.file_meta.TransferSyntaxUID) in DECODED_SYNTAXES:
        yield from compressed_problems(dataset, layout)
        return
    expected = layout.rows * layout.columns * layout.samples * layout.bits_allocated // 8
    if layout.photometric == "YBR_FULL_422":
        expected = expected * 2 // 3
    actual = len(dataset.PixelData)
    is_surplus = actual - expected <= MOST_SURPLUS or _is_padding(dataset.PixelData, expected)
    if actual < expected or not is_surplus:
        surplus = ", and what is too much is no padding" if actual > expected else ""
        yield (
            f"{named('PixelData')} has {actual} bytes; {layout.rows} rows x {layout.columns} "
            f"columns x {layout.bits_allocated} bits x {layout.samples} need {expected}{surplus}"
        )


def _is_padding(pixel_data: bytes, size: int) -> bool:
    """Tell whether what follows the pixels is one byte or word, repeated (PS3.5 8.1.1)."""
    surplus = memoryview(pixel_data)[size:]
    return surplus[2:] == surplus[:-2]


def _display_problems(dataset: Dataset) -> Iterator[str]:
    layout = layout_of(dataset)
    if layout.samples == 1:
        grey_of_stored_values(dataset, layout)
    yield from ()


def _either(values: tuple[object, ...]) -> str:
    return " / ".join(str(value) for value in values)
