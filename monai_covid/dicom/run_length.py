"""How much run-length coded pixel data holds, without decoding it."""

from __future__ import annotations

import struct

MAXIMUM_SEGMENTS = 15

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
