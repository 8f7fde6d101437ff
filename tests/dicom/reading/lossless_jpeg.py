"""A slow and simple lossless JPEG encoder (ITU-T T.81 process 14, predictor 1).

No Python package writes what many archives hold, so the tests write it themselves.
"""

from __future__ import annotations

import struct

import numpy as np

CODE_LENGTH = 5
CATEGORIES = 17


def encode_lossless(pixels: np.ndarray, bits: int) -> bytes:
    """Lossless JPEG of the lowest ``bits`` bits of ``pixels`` (H, W)."""
    pixels = pixels.astype(int) & ((1 << bits) - 1)
    rows, columns = pixels.shape
    frame = struct.pack(">BHHB3B", bits, rows, columns, 1, 1, 0x11, 0)
    # Seventeen codes of five bits each: category k has code k.
    counts = bytes(CATEGORIES if length == CODE_LENGTH else 0 for length in range(1, 17))
    table = b"\x00" + counts + bytes(range(CATEGORIES))
    scan = bytes([1, 1, 0x00, 1, 0, 0])
    segments = _segment(0xC3, frame) + _segment(0xC4, table) + _segment(0xDA, scan)
    return b"\xff\xd8" + segments + _entropy_coded(pixels, bits) + b"\xff\xd9"


def _segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def _entropy_coded(pixels: np.ndarray, bits: int) -> bytes:
    predicted = np.empty(pixels.shape, dtype=int)
    predicted[:, 1:] = pixels[:, :-1]
    predicted[1:, 0] = pixels[:-1, 0]
    predicted[0, 0] = 1 << (bits - 1)
    differences = (pixels - predicted + 32768) % 65536 - 32768
    code = "".join(_code(int(value)) for value in differences.ravel())
    code += "1" * (-len(code) % 8)
    data = int(code, 2).to_bytes(len(code) // 8, "big")
    return data.replace(b"\xff", b"\xff\x00")


def _code(difference: int) -> str:
    category = abs(difference).bit_length()
    if category in (0, 16):  # 16 is the difference 32768 modulo 65536 and has no further bits
        return f"{category:0{CODE_LENGTH}b}"
    offset = difference if difference > 0 else difference + (1 << category) - 1
    return f"{category:0{CODE_LENGTH}b}{offset:0{category}b}"
