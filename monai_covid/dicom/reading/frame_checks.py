"""Checks of a compressed frame before it is decoded.

A decoder allocates what the codestream asks for, not what the DICOM header says, so the two are
compared first: the size that a JPEG, JPEG-LS or JPEG 2000 frame states, and how much a run-length
coded one holds.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from pydicom.dataset import Dataset
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

from monai_covid.dicom.reading.encapsulation import only_frame
from monai_covid.dicom.reading.layout import PixelLayout, named, readable, uid_name

_JPEG_START = b"\xff\xd8"
_JPEG_2000_START = b"\xff\x4f\xff\x51"
_JP2_START = b"\0\0\0\x0cjP  \r\n\x87\n"
_JP2_CODESTREAM = b"jp2c"
_JP2_HEADER_BYTES = 8
_END_MARKER = b"\xff\xd9"
_NOT_FRAME_MARKERS = frozenset({0xC4, 0xC8, 0xCC})
_JPEG_LS_FRAME_MARKER = 0xF7
_HIERARCHICAL_MARKER = 0xDE


class FrameSize(NamedTuple):
    """Size of a compressed frame.

    Attributes:
        rows: Pixels downwards.
        columns: Pixels to the right.
        samples: Samples per pixel.
        bits: Bits per sample.
        signed: Whether samples have a sign; only JPEG 2000 knows it.
    """

    rows: int
    columns: int
    samples: int
    bits: int
    signed: bool = False


def frame_size(frame: bytes) -> FrameSize | None:
    """Return the size that a JPEG, JPEG-LS or JPEG 2000 codestream states.

    Args:
        frame: One compressed frame, from its first byte. JPEG 2000 may be wrapped as a JP2 file.

    Returns:
        The size; None when the codestream is of another kind (RLE states none), hierarchical JPEG,
        which states several, or damaged.

    Note:
        Frame headers: ITU-T T.81 B.2.2 (JPEG), T.87 C.2.2 (JPEG-LS), T.800 A.5.1 (JPEG 2000), I.4
        (JP2).
    """
    try:
        if frame.startswith(_JPEG_START):
            return _jpeg_size(frame)
        start = _jp2_codestream(frame) if frame.startswith(_JP2_START) else 0
        return _jpeg_2000_size(frame, start) if frame.startswith(_JPEG_2000_START, start) else None
    except (struct.error, IndexError):
        return None


def _jpeg_size(frame: bytes) -> FrameSize | None:
    position = 2
    while position + 4 <= len(frame) and frame[position] == 0xFF:
        marker = frame[position + 1]
        if marker == 0xFF:
            position += 1
            continue
        if marker == _HIERARCHICAL_MARKER:
            return None
        if _starts_frame(marker):
            bits, rows, columns, samples = struct.unpack_from(">BHHB", frame, position + 4)
            return FrameSize(rows, columns, samples, bits)
        position += 2 + struct.unpack_from(">H", frame, position + 2)[0]
    return None


def _starts_frame(marker: int) -> bool:
    if marker == _JPEG_LS_FRAME_MARKER:
        return True
    return 0xC0 <= marker <= 0xCF and marker not in _NOT_FRAME_MARKERS


def _jp2_codestream(frame: bytes) -> int:
    """Return where the codestream of a JP2 file begins; past the end if it has none."""
    position = 0
    while position < len(frame):
        length, kind = struct.unpack_from(">I4s", frame, position)
        if kind == _JP2_CODESTREAM:
            return position + (2 * _JP2_HEADER_BYTES if length == 1 else _JP2_HEADER_BYTES)
        if length < _JP2_HEADER_BYTES:
            break  # the last box, or one of 4 GB
        position += length
    return len(frame)


def _jpeg_2000_size(frame: bytes, start: int) -> FrameSize:
    right, bottom, left, top = struct.unpack_from(">IIII", frame, start + 8)
    (samples,) = struct.unpack_from(">H", frame, start + 40)
    depths = [frame[start + 42 + 3 * sample] for sample in range(max(samples, 1))]
    bits = max(depth & 0x7F for depth in depths) + 1
    return FrameSize(bottom - top, right - left, samples, bits, signed=depths[0] > 0x7F)


_HEADER_BYTES = 64
_NO_OPERATION = 128


def rle_problem(frame: bytes, expected_segments: int, segment_bytes: int) -> str | None:
    """Say why an RLE frame cannot be the image that the header describes.

    A run of 2 bytes stands for up to 128 bytes, so a decoder would need 64 times the memory of the
    file for a frame whose segments are too long.

    Args:
        frame: One frame.
        expected_segments: Bytes per pixel (DICOM PS3.5 G.2).
        segment_bytes: Pixels of the image.

    Returns:
        What is wrong, or None.
    """
    if len(frame) < _HEADER_BYTES:
        return f"the RLE frame has {len(frame)} bytes; its header alone has {_HEADER_BYTES}"
    count, *offsets = struct.unpack_from("<16I", frame)
    if count != expected_segments:
        return f"the RLE frame has {count} segments; {expected_segments} belong to the image"
    ends = [*offsets[1:count], len(frame)]
    for number, (start, end) in enumerate(zip(offsets, ends, strict=False), 1):
        if not _HEADER_BYTES <= start <= end <= len(frame):
            return f"segment {number} of the RLE frame lies outside the frame or is out of order"
        # One padding byte is allowed at the end of a segment and may decode to a few more.
        if _exceeds(frame, start, end, segment_bytes + _NO_OPERATION):
            return f"segment {number} of the RLE frame holds more than its {segment_bytes} pixels"
    return None


def _exceeds(frame: bytes, start: int, end: int, limit: int) -> bool:
    """Tell whether a segment decodes to more than ``limit`` bytes (PackBits, PS3.5 G.3)."""
    if (end - start) * 64 <= limit:
        return False
    decoded, position = 0, start
    while position < end and decoded <= limit:
        control = frame[position]
        if control < _NO_OPERATION:
            decoded += control + 1
            position += control + 2
        elif control > _NO_OPERATION:
            decoded += 257 - control
            position += 2
        else:
            position += 1
    return decoded > limit


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
    try:
        frame = only_frame(dataset.PixelData)
    except ValueError as error:
        yield f"{named('PixelData')} cannot be decoded ({uid_name(syntax)}): {error}"
        return
    if syntax == RLELossless:
        segments = layout.samples * layout.bits_allocated // 8
        problem = rle_problem(frame, segments, layout.rows * layout.columns)
    else:
        problem = _codestream_problem(frame, layout) or end_problem(frame, syntax)
    if problem:
        yield f"{named('PixelData')} ({readable(syntax.name)}): {problem}"


def end_problem(frame: bytes, syntax: UID) -> str | None:
    """Say that the end of a JPEG-LS or JPEG 2000 frame is missing, or return None.

    Decoders of the other kinds of JPEG do with what there is if only the marker is missing.
    """
    if syntax in (JPEGLSLossless, JPEGLSNearLossless):
        is_whole = _END_MARKER in frame
    elif syntax in (JPEG2000Lossless, JPEG2000) and frame.startswith(b"\xff"):
        is_whole = frame.rstrip(b"\0").endswith(_END_MARKER)
    else:
        is_whole = True
    return None if is_whole else "the compressed frame is cut off: its end of codestream is missing"


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
    if stated.bits < layout.bits_stored and stated.signed != layout.signed:
        signs = {True: "signed", False: "unsigned"}
        return (
            f"the compressed frame has {signs[stated.signed]} samples of {stated.bits} bits, but "
            f"{named('BitsStored')} is {layout.bits_stored} and {named('PixelRepresentation')} is "
            f"{int(layout.signed)} ({signs[layout.signed]}); where the sign is cannot be told"
        )
    return None
