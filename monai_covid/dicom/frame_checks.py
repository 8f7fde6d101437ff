"""Checks of a compressed frame before it is decoded."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from pydicom.dataset import Dataset
from pydicom.encaps import get_frame
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    UID,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from monai_covid.dicom.codestream import frame_size
from monai_covid.dicom.layout import PixelLayout, named, quoted, readable
from monai_covid.dicom.run_length import rle_problem

DECODED_SYNTAXES = (
    RLELossless,
    *(JPEGBaseline8Bit, JPEGExtended12Bit, JPEGLossless, JPEGLosslessSV1),
    *(JPEGLSLossless, JPEGLSNearLossless),
    *(JPEG2000Lossless, JPEG2000, HTJ2KLossless, HTJ2KLosslessRPCL, HTJ2K),
)
"""Compressed transfer syntaxes that are read, besides all uncompressed ones and deflate."""


def compressed_problems(dataset: Dataset, layout: PixelLayout) -> Iterator[str]:
    """Say why the compressed frame of ``dataset`` is not the image that its header describes."""
    syntax = UID(dataset.file_meta.TransferSyntaxUID)
    if syntax not in DECODED_SYNTAXES:
        yield (
            f"{named('TransferSyntaxUID')} is {quoted(syntax.name)}; uncompressed, "
            "RLE, JPEG, JPEG-LS or JPEG 2000 pixels are read"
        )
        return
    try:
        frame = bytes(get_frame(dataset.PixelData, 0, number_of_frames=1))
    except (ValueError, EOFError, IndexError, struct.error) as error:
        yield f"{named('PixelData')} cannot be decoded ({readable(syntax.name)}): {error}"
        return
    if syntax == RLELossless:
        segments = layout.samples * layout.bits_allocated // 8
        problem = rle_problem(frame, segments, layout.rows * layout.columns)
    else:
        problem = _codestream_problem(frame, layout)
    if problem:
        yield f"{named('PixelData')} ({readable(syntax.name)}): {problem}"


def _codestream_problem(frame: bytes, layout: PixelLayout) -> str | None:
    stated = frame_size(frame)
    if stated is None:
        return "the compressed frame is damaged and states no size"
    if (stated.rows, stated.columns) != (layout.rows, layout.columns):
        return (
            f"the compressed frame is {stated.rows} rows x {stated.columns} columns, but "
            f"{named('Rows')} x {named('Columns')} is {layout.rows} x {layout.columns}"
        )
    if stated.samples != layout.samples or stated.bits > layout.bits_allocated:
        return (
            f"the compressed frame has {stated.samples} sample(s) of {stated.bits} bits, but "
            f"{named('SamplesPerPixel')} is {layout.samples} and {named('BitsAllocated')} is "
            f"{layout.bits_allocated}"
        )
    return None
