"""The frame size that compressed pixel data states about itself.

A decoder allocates what the codestream asks for, not what the DICOM header says, so the two are
compared before anything is decoded.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

_JPEG_START = b"\xff\xd8"
_JPEG_2000_START = b"\xff\x4f\xff\x51"
_JPEG_2000_SEARCHED_BYTES = 4096
_NOT_FRAME_MARKERS = frozenset({0xC4, 0xC8, 0xCC})
_JPEG_LS_FRAME_MARKER = 0xF7


class FrameSize(NamedTuple):
    """Size of a compressed frame in pixels."""

    rows: int
    columns: int


def frame_size(frame: bytes) -> FrameSize | None:
    """Return the size that a JPEG, JPEG-LS or JPEG 2000 codestream states.

    Args:
        frame: One compressed frame, from its first byte.

    Returns:
        The size; None when the codestream is of another kind (RLE states none) or damaged.

    Note:
        Frame headers: ITU-T T.81 B.2.2 (JPEG), T.87 C.2.2 (JPEG-LS), T.800 A.5.1 (JPEG 2000).
    """
    try:
        if frame.startswith(_JPEG_START):
            return _jpeg_size(frame)
        start = frame.find(_JPEG_2000_START, 0, _JPEG_2000_SEARCHED_BYTES)
        return _jpeg_2000_size(frame, start) if start >= 0 else None
    except struct.error:
        return None


def _jpeg_size(frame: bytes) -> FrameSize | None:
    position = 2
    while position + 4 <= len(frame) and frame[position] == 0xFF:
        marker = frame[position + 1]
        if marker == 0xFF:
            position += 1
            continue
        if _starts_frame(marker):
            return FrameSize(*struct.unpack_from(">HH", frame, position + 5))
        position += 2 + struct.unpack_from(">H", frame, position + 2)[0]
    return None


def _starts_frame(marker: int) -> bool:
    if marker == _JPEG_LS_FRAME_MARKER:
        return True
    return 0xC0 <= marker <= 0xCF and marker not in _NOT_FRAME_MARKERS


def _jpeg_2000_size(frame: bytes, start: int) -> FrameSize:
    right, bottom, left, top = struct.unpack_from(">IIII", frame, start + 8)
    return FrameSize(bottom - top, right - left)
