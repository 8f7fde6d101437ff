"""Displayed grey values of CR, DX and secondary capture instances."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.pixels import pixel_array
from pydicom.uid import (
    JPEG2000,
    UID,
    ExplicitVRBigEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
)

from monai_covid.dicom.reading.codecs import decode_grey, decode_jpeg
from monai_covid.dicom.reading.encapsulation import only_frame
from monai_covid.dicom.reading.header import cut_off, read_header, shown
from monai_covid.dicom.reading.layout import (
    PixelLayout,
    integer,
    layout_of,
    named,
    readable,
    value_of,
)
from monai_covid.dicom.reading.lookup import (
    grey_of_stored_values,
    lowest_stored_value,
    one_grey_value,
)
from monai_covid.dicom.reading.pixel_checks import UNCOMPRESSED_SYNTAXES, header_problems
from monai_covid.errors import ImageReadError, TransientError

_PIXEL_MODULE = (
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "PlanarConfiguration",
    "Rows",
    "Columns",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "PixelData",
)

COLOUR_TOLERANCE = 2
"""How far red, green and blue (0 to 255) may differ in what still counts as grey: JPEG rounding."""

_PLUGINS = {
    JPEGBaseline8Bit: "pillow",
    JPEGExtended12Bit: "pillow",
    JPEGLSLossless: "pyjpegls",
    JPEGLSNearLossless: "pyjpegls",
    JPEG2000Lossless: "pylibjpeg",
    JPEG2000: "pylibjpeg",
}
"""Of colour, other than pydicom's first choice GDCM, which ends the process at some damaged frames.
"""

_ROWS_AT_ONCE = 64
"""A strip whose intermediate arrays are small beside the image."""

Stored = NDArray[np.unsignedinteger]
Pixels = TypeVar("Pixels", bound=NDArray[np.generic])


def read_radiograph(
    source: Path | str | Dataset, trust_photometric: bool = False
) -> NDArray[np.float32]:
    """Return the grey values that a viewer would show of a CR, DX or secondary capture instance.

    Applied in this order: modality LUT or rescale; the first VOI LUT or window, if any; inversion
    of MONOCHROME1, whether or not Presentation LUT Shape says so too. Pixel padding becomes as dark
    as the darkest other pixel. Colour instances are read only if they are grey in fact: all three
    samples within ``COLOUR_TOLERANCE`` everywhere. ITU-R 601 luma is taken and VOI is left out.
    Beside the result no more memory is taken than the file and its decoded pixels need.

    Args:
        source: DICOM file, or data set with pixel data and file meta information.
        trust_photometric: As for `header_problems`.

    Returns:
        Grey values (H, W), larger is brighter, on the scale of the instance. An 8-bit MONOCHROME2
        instance without rescale, VOI and padding gives its stored values unchanged.

    Raises:
        ImageReadError: The file is not DICOM or not a single-frame radiograph, the header
            contradicts itself or the pixel data, the pixels cannot be decoded, or they are all
            equal. The message holds file name, tags and values, but no patient data.
        TransientError: The decoder was ended from outside or took too long.

    Note:
        DICOM PS3.3 C.7.6.3, C.11.1, C.11.2, C.7.5.1 (padding); PS3.4 N.2.
    """
    dataset = source if isinstance(source, Dataset) else read_header(source)
    name = _name_of(source, dataset)
    try:
        problems = header_problems(dataset, trust_photometric)
        if problems:
            raise ImageReadError(f"{name}: {'; '.join(problems)}")
        return _grey(dataset, layout_of(dataset))
    except (ImageReadError, TransientError, MemoryError):
        raise
    # What is damaged fails in any way, in the parser as in the libraries of the decoders.
    except Exception as error:
        cut = f"{cut_off(dataset)}; " if cut_off(dataset) else ""
        raise ImageReadError(f"{name}: {cut}{shown(error)}") from error


def _name_of(source: Path | str | Dataset, dataset: Dataset) -> str:
    if not isinstance(source, Dataset):
        return str(source)
    file = getattr(dataset, "filename", None)
    if isinstance(file, str | Path):
        return str(file)
    uid = dataset.get("SOPInstanceUID") or "without SOP Instance UID"
    return f"DICOM instance {readable(uid)}"


def _grey(dataset: Dataset, layout: PixelLayout) -> NDArray[np.float32]:
    if layout.samples == 3:
        return _luma(_decoded(_colours, dataset, layout))
    return _displayed(_decoded(_stored, dataset, layout), dataset, layout)


def _decoded(
    decode: Callable[[Dataset, PixelLayout], Pixels], dataset: Dataset, layout: PixelLayout
) -> Pixels:
    try:
        return decode(dataset, layout)
    except (TransientError, MemoryError):
        raise
    # The codecs' libraries raise whatever they make of damaged data.
    except Exception as error:
        name = readable(UID(dataset.file_meta.TransferSyntaxUID).name)
        raise ValueError(
            f"{named('PixelData')} cannot be decoded ({named('TransferSyntaxUID')} {name}): "
            f"{shown(error)}"
        ) from error


def _stored(dataset: Dataset, layout: PixelLayout) -> Stored:
    """Return the stored values (H, W) as unsigned numbers of 8 or 16 bits."""
    syntax = UID(dataset.file_meta.TransferSyntaxUID)
    if syntax not in UNCOMPRESSED_SYNTAXES:
        return decode_grey(only_frame(dataset.PixelData), syntax, layout)
    kind = np.dtype(f"<u{layout.bits_allocated // 8}")
    if syntax == ExplicitVRBigEndian and (
        layout.bits_allocated == 16 or dataset["PixelData"].VR == "OW"
    ):
        return _swapped(dataset.PixelData, kind, layout)
    count = layout.rows * layout.columns
    return np.frombuffer(dataset.PixelData, kind, count).reshape(layout.rows, layout.columns)


def _swapped(pixel_data: bytes, kind: np.dtype[np.unsignedinteger], layout: PixelLayout) -> Stored:
    """Return the values of big endian words; two values of 8 bits share one (PS3.5 8.1.1)."""
    words = np.frombuffer(pixel_data, ">u2", len(pixel_data) // 2).astype("<u2")
    count = layout.rows * layout.columns
    return words.view(kind)[:count].reshape(layout.rows, layout.columns)


def _colours(dataset: Dataset, layout: PixelLayout) -> NDArray[np.generic]:
    syntax = UID(dataset.file_meta.TransferSyntaxUID)
    image = Dataset()
    image.file_meta = dataset.file_meta
    for keyword in _PIXEL_MODULE:
        if keyword in dataset:
            image[keyword] = dataset[keyword]
    if syntax not in UNCOMPRESSED_SYNTAXES:
        frame = only_frame(dataset.PixelData)
        if syntax in (JPEGLossless, JPEGLosslessSV1):
            return decode_jpeg(frame, syntax, layout)
        image.PixelData = encapsulate([frame])
        image["PixelData"].is_undefined_length = True
    decoded: NDArray[np.generic] = pixel_array(image, decoding_plugin=_PLUGINS.get(syntax, ""))
    return decoded


def _displayed(stored: Stored, dataset: Dataset, layout: PixelLayout) -> NDArray[np.float32]:
    """Look the grey value of each pixel up, after checks on those values that occur."""
    occurs = np.zeros(1 << 8 * stored.itemsize, dtype=bool)
    for start in range(0, layout.rows, _ROWS_AT_ONCE):
        occurs[stored[start : start + _ROWS_AT_ONCE]] = True
    numbers = np.arange(len(occurs))
    # Bits above Bits Stored (old overlays) are dropped.
    index = _as_values(numbers, layout) - lowest_stored_value(layout)
    table = grey_of_stored_values(dataset, layout)[index]
    if table[occurs].min() == table[occurs].max():
        if len(np.unique(index[occurs])) == 1:
            raise ValueError(_blank(float(table[occurs][0])))
        raise ValueError(one_grey_value(dataset))
    padding = _padding(numbers, dataset, layout)
    if padding is not None and (occurs & padding).any() and (occurs & ~padding).any():
        table[padding] = table[occurs & ~padding].min()
        if table[occurs].min() == table[occurs].max():
            raise ValueError(_blank(float(table[occurs][0])))
    grey = np.empty(stored.shape, dtype=np.float32)
    for start in range(0, layout.rows, _ROWS_AT_ONCE):
        grey[start : start + _ROWS_AT_ONCE] = table[stored[start : start + _ROWS_AT_ONCE]]
    return grey


def _blank(value: float) -> str:
    return f"{named('PixelData')}: all pixels have the grey value {value:g}; a picture is needed"


def _padding(
    numbers: NDArray[np.int64], dataset: Dataset, layout: PixelLayout
) -> NDArray[np.bool_] | None:
    """Tell which stored ``numbers`` stand for no pixel, if any do (PS3.3 C.7.5.1.1.2)."""
    if value_of(dataset, "PixelPaddingValue") in (None, ""):
        return None
    first = integer(dataset, "PixelPaddingValue")
    ends = np.array([first, integer(dataset, "PixelPaddingRangeLimit", absent=first)])
    if _fits(ends, layout).all():
        numbers, ends = _as_values(numbers, layout), _as_values(ends, layout)
    else:  # only with the unused bits is it told from pixels
        ends = ends % len(numbers)
    padding: NDArray[np.bool_] = (numbers >= ends.min()) & (numbers <= ends.max())
    return padding


def _fits(numbers: NDArray[np.int64], layout: PixelLayout) -> NDArray[np.bool_]:
    """Tell which numbers of 16 bits, with or without sign, Bits Stored can hold."""
    unsigned = numbers % (1 << 16)
    values = _as_values(numbers, layout)
    fits: NDArray[np.bool_] = unsigned < 1 << layout.bits_stored
    return fits | (values % (1 << 16) == unsigned) if layout.signed else fits


def _as_values(numbers: NDArray[np.int64], layout: PixelLayout) -> NDArray[np.int64]:
    """Return the stored values that the lower bits of ``numbers`` are."""
    lowest = lowest_stored_value(layout)
    return ((numbers - lowest) & ((1 << layout.bits_stored) - 1)) + lowest


def _luma(decoded: NDArray[np.generic]) -> NDArray[np.float32]:
    grey = np.empty(decoded.shape[:2], dtype=np.float32)
    largest = 0
    for start in range(0, len(decoded), _ROWS_AT_ONCE):
        colours = decoded[start : start + _ROWS_AT_ONCE].astype(np.uint8)
        largest = max(largest, int((colours.max(axis=2) - colours.min(axis=2)).max()))
        grey[start : start + _ROWS_AT_ONCE] = np.asarray(Image.fromarray(colours).convert("L"))
    if largest > COLOUR_TOLERANCE:
        raise ValueError(
            f"{named('SamplesPerPixel')} is 3 and red, green and blue differ by up to {largest} "
            f"of 255; only grey images stored as colour (at most {COLOUR_TOLERANCE}) are read"
        )
    if grey.min() == grey.max():
        raise ValueError(_blank(float(grey[0, 0])))
    return grey
