"""Displayed grey values of CR, DX and secondary capture instances."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.encaps import get_frame
from pydicom.pixels import pixel_array
from pydicom.uid import (
    JPEG2000,
    UID,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
)

from monai_covid.dicom.reading.codecs import decode_jpeg
from monai_covid.dicom.reading.header import read_header, shown
from monai_covid.dicom.reading.layout import readable
from monai_covid.dicom.reading.lookup import grey_of_stored_values, lowest_stored_value
from monai_covid.dicom.reading.pixel_checks import PixelLayout, header_problems, layout_of, named
from monai_covid.errors import ImageReadError, TransientError

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
"""Other than pydicom's first choice GDCM, which ends the process at some damaged frames."""


def read_radiograph(source: Path | str | Dataset) -> NDArray[np.float32]:
    """Return the grey values that a viewer would show of a CR, DX or secondary capture instance.

    Applied in this order: modality LUT or rescale; the first VOI LUT or window, if any; inversion
    of MONOCHROME1, whether or not Presentation LUT Shape says so too. Pixel padding becomes as dark
    as the darkest other pixel. Colour instances are read only if they are grey in fact: all three
    samples within ``COLOUR_TOLERANCE`` everywhere. ITU-R 601 luma is taken and VOI is left out.

    Args:
        source: DICOM file, or data set with pixel data and file meta information.

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
        problems = header_problems(dataset)
        if problems:
            raise ImageReadError(f"{name}: {'; '.join(problems)}")
        layout = layout_of(dataset)
        decoded = _decode(dataset, layout, name)
        grey = _luma(decoded) if layout.samples == 3 else _displayed(decoded, dataset, layout)
        _check_not_blank(grey)
        return grey
    except (ImageReadError, TransientError, MemoryError):
        raise
    # Elements are parsed when they are asked for, and damaged ones fail in any way.
    except Exception as error:
        raise ImageReadError(f"{name}: {shown(error)}") from error


def _name_of(source: Path | str | Dataset, dataset: Dataset) -> str:
    if not isinstance(source, Dataset):
        return str(source)
    file = getattr(dataset, "filename", None)
    if isinstance(file, str | Path):
        return str(file)
    uid = dataset.get("SOPInstanceUID") or "without SOP Instance UID"
    return f"DICOM instance {readable(uid)}"


def _decode(dataset: Dataset, layout: PixelLayout, name: str) -> NDArray[np.generic]:
    syntax = UID(dataset.file_meta.TransferSyntaxUID)
    try:
        if _needs_own_process(syntax, layout):
            return decode_jpeg(get_frame(dataset.PixelData, 0, number_of_frames=1), syntax, layout)
        decoded: NDArray[np.generic] = pixel_array(
            dataset, decoding_plugin=_PLUGINS.get(syntax, "")
        )
    except (TransientError, MemoryError):
        raise
    # Decoder plugins raise whatever their C libraries make of damaged data.
    except Exception as error:
        raise ImageReadError(
            f"{name}: {named('PixelData')} cannot be decoded "
            f"({named('TransferSyntaxUID')} {readable(syntax.name)}): {shown(error)}"
        ) from error
    return decoded


def _needs_own_process(syntax: UID, layout: PixelLayout) -> bool:
    if syntax == JPEGExtended12Bit:
        return layout.bits_allocated > 8
    return syntax in (JPEGLossless, JPEGLosslessSV1)


def _check_not_blank(grey: NDArray[np.float32]) -> None:
    if grey.min() == grey.max():
        raise ValueError(f"all pixels have the grey value {grey.min():g}; a picture is needed")


def _displayed(
    decoded: NDArray[np.generic], dataset: Dataset, layout: PixelLayout
) -> NDArray[np.float32]:
    index = _stored_index(decoded.astype(np.int32), layout)
    table = grey_of_stored_values(dataset, layout)
    grey: NDArray[np.float32] = table[index]
    if grey.min() == grey.max() and index.min() != index.max():
        raise ValueError(
            f"the VOI LUT or window ({named('WindowCenter')}, {named('WindowWidth')}) maps all "
            "pixels to one grey value; it does not belong to these pixels"
        )
    return _with_dark_padding(grey, index, dataset, layout)


def _stored_index(stored: NDArray[np.int32], layout: PixelLayout) -> NDArray[np.int32]:
    """Count from the lowest storable value; bits above Bits Stored (old overlays) are dropped."""
    shifted = stored - np.int32(lowest_stored_value(layout))
    return shifted & np.int32((1 << layout.bits_stored) - 1)


def _with_dark_padding(
    grey: NDArray[np.float32], index: NDArray[np.int32], dataset: Dataset, layout: PixelLayout
) -> NDArray[np.float32]:
    value = dataset.get("PixelPaddingValue")
    if value is None:
        return grey
    limit = dataset.get("PixelPaddingRangeLimit")
    ends = np.array([value, value if limit is None else limit], dtype=np.int64).astype(np.int32)
    first, last = sorted(_stored_index(ends, layout))
    padding = (index >= first) & (index <= last)
    if padding.any() and not padding.all():
        grey[padding] = grey[~padding].min()
    return grey


def _luma(decoded: NDArray[np.generic]) -> NDArray[np.float32]:
    colours = decoded.astype(np.uint8)
    difference = int((colours.max(axis=2) - colours.min(axis=2)).max())
    if difference > COLOUR_TOLERANCE:
        raise ValueError(
            f"{named('SamplesPerPixel')} is 3 and red, green and blue differ by up to {difference} "
            f"of 255; only grey images stored as colour (at most {COLOUR_TOLERANCE}) are read"
        )
    return np.asarray(Image.fromarray(colours).convert("L"), dtype=np.float32)
