"""Perceptual hashes (phash of the ImageHash library) as machine words."""

from __future__ import annotations

from typing import Any

import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image

SHORT, LONG = 8, 16
"""Sides of the hashes: 64 and 256 bits."""


def perceptual_hashes(thumbnails: NDArray[Any], side: int) -> NDArray[np.uint64]:
    """Return the hashes ``(N, side * side / 64)`` of uint8 thumbnails ``(N, S, S)``.

    Args:
        thumbnails: Equalised images.
        side: 8 for 64 bits, 16 for 256 bits.
    """
    bits = [
        imagehash.phash(Image.fromarray(np.ascontiguousarray(one)), hash_size=side).hash.ravel()
        for one in thumbnails
    ]
    packed = np.packbits(np.array(bits, dtype=bool).reshape(len(thumbnails), -1), axis=1)
    return packed.view(np.uint64)


def hamming(first: NDArray[np.uint64], second: NDArray[np.uint64]) -> NDArray[np.uint16]:
    """Return the number of bits ``(A, B)`` in which hashes ``(A, W)`` and ``(B, W)`` differ."""
    distance = np.zeros((len(first), len(second)), dtype=np.uint16)
    for word in range(first.shape[1]):
        distance += np.bitwise_count(first[:, word, None] ^ second[None, :, word])
    return distance
