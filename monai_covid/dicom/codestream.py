"""The frame size that compressed pixel data states about itself.

A decoder allocates what the codestream asks for, not what the DICOM header says, so the two are
compared before anything is decoded.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

_JPEG_START = b"\xff\xd8"
_JPEG_2000_START = b"\xff\x4f\xff\x51"
_JP2_START = b"\0\0\0\x0cjP  \r\n\x87\n"
_JP2_CODESTREAM = b"jp2c"
_JP2_HEADER_BYTES = 8
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
    """

    rows: int
    columns: int
    samples: int
    bits: int


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
    bits = max(frame[start + 42 + 3 * sample] & 0x7F for sample in range(max(samples, 1))) + 1
    return FrameSize(bottom - top, right - left, samples, bits)
