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
_START_OF_DATA = b"\xff\x93"
_NOT_FRAME_MARKERS = frozenset({0xC4, 0xC8, 0xCC})
_JPEG_LS_FRAME_MARKER = 0xF7
_ENDED_FRAME_MARKERS = frozenset({0xC0, 0xC1, 0xC2, _JPEG_LS_FRAME_MARKER})
"""Of baseline, extended and progressive JPEG, and of JPEG-LS."""
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
    position = _jpeg_frame_header(frame)
    if position is None:
        return None
    bits, rows, columns, samples = struct.unpack_from(">BHHB", frame, position + 4)
    return FrameSize(rows, columns, samples, bits)


def _jpeg_frame_header(frame: bytes) -> int | None:
    """Return where the marker of the frame header stands; None if there is no single one."""
    position = 2
    while position + 4 <= len(frame) and frame[position] == 0xFF:
        marker = frame[position + 1]
        if marker == 0xFF:
            position += 1
            continue
        if marker == _HIERARCHICAL_MARKER:
            return None
        if _starts_frame(marker):
            return position
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


_CODINGS = {
    **dict.fromkeys((JPEGBaseline8Bit, JPEGExtended12Bit, JPEGLossless, JPEGLosslessSV1), "JPEG"),
    **dict.fromkeys((JPEGLSLossless, JPEGLSNearLossless), "JPEG-LS"),
    **dict.fromkeys(
        (JPEG2000Lossless, JPEG2000, HTJ2KLossless, HTJ2KLosslessRPCL, HTJ2K), "JPEG 2000"
    ),
}

DECODED_SYNTAXES = (RLELossless, *_CODINGS)
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
        problem = _coding_problem(frame, syntax) or _codestream_problem(frame, layout)
        problem = problem or end_problem(frame)
    if problem:
        yield f"{named('PixelData')} ({readable(syntax.name)}): {problem}"


def end_problem(frame: bytes) -> str | None:
    """Say that the end marker of a JPEG, JPEG-LS or JPEG 2000 frame is missing, or return None.

    What devices pad the frame with may follow it. Lossless JPEG is decoded without, if it is whole,
    and in a JP2 file the marker need not be the last one.
    """
    if frame.startswith(_JPEG_2000_START):
        # No marker occurs within the data that this one begins.
        is_whole = frame.find(_END_MARKER, max(frame.rfind(_START_OF_DATA), 0)) >= 0
    else:
        is_whole = _jpeg_marker(frame) not in _ENDED_FRAME_MARKERS or _END_MARKER in frame
    return None if is_whole else "the compressed frame is cut off: its end of codestream is missing"


def _coding_problem(frame: bytes, syntax: UID) -> str | None:
    coding = _coding_of(frame)
    if frame_size(frame) is None or coding == _CODINGS[syntax]:
        return None
    return f"the compressed frame is {coding}; {_CODINGS[syntax]} is what its transfer syntax says"


def _coding_of(frame: bytes) -> str:
    """Return the kind of a frame that states its size."""
    if not frame.startswith(_JPEG_START):
        return "JPEG 2000"
    return "JPEG-LS" if _jpeg_marker(frame) == _JPEG_LS_FRAME_MARKER else "JPEG"


def _jpeg_marker(frame: bytes) -> int | None:
    """Return which marker begins the frame header of JPEG and JPEG-LS."""
    position = _jpeg_frame_header(frame) if frame.startswith(_JPEG_START) else None
    return None if position is None else frame[position + 1]


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
