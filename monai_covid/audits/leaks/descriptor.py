"""A fixed descriptor of what an image shows at large: its low frequencies.

The first 12 x 12 coefficients of the discrete cosine transform of the 32 x 32 thumbnail, weighted
with their frequency. Chests look alike in the lowest frequencies; the weight
lets those decide that differ between persons. By Parseval's theorem the scalar product of two
descriptors is the correlation of the two thumbnails after such a filter. An inverted image has the
negative descriptor.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.fft import dctn

from monai_covid.audits.leaks.gallery import SIDE
from monai_covid.audits.leaks.orientation import MIRRORED, ORIENTATIONS, oriented
from monai_covid.transforms.resize import resize_to_square

DCT_SIDE = 32
COEFFICIENTS = 12


class Variant(NamedTuple):
    """A view of an image that is compared with whole images.

    Attributes:
        orientation: Number in ``ORIENTATIONS``.
        window: Top, left, and side of the square that is looked at, in pixels of a thumbnail.
    """

    orientation: int
    window: tuple[int, int, int] = (0, 0, SIDE)


WINDOWS = tuple(
    (top, left, side)
    for side in (round(0.95 * SIDE), round(0.9 * SIDE))
    for top in (0, (SIDE - side) // 2, SIDE - side)
    for left in (0, (SIDE - side) // 2, SIDE - side)
)
"""5 or 10 % less in height and width, at either edge or at both."""

VARIANTS = (
    *(Variant(number) for number in range(len(ORIENTATIONS))),
    *(Variant(number, window) for number in (0, MIRRORED) for window in WINDOWS),
)
"""All turns of the whole image, and crops of the upright and of the mirrored one."""


def describe(thumbnails: NDArray[Any], variant: Variant = VARIANTS[0]) -> NDArray[np.float32]:
    """Return unit descriptors ``(N, 144)`` of thumbnails ``(N, 96, 96)``; all 0 for a flat one."""
    top, left, side = variant.window
    seen = oriented(thumbnails, variant.orientation)
    seen = np.ascontiguousarray(seen[:, top : top + side, left : left + side], dtype=np.float32)
    small = resize_to_square(torch.from_numpy(seen), DCT_SIDE).numpy() / 255
    low = dctn(small, axes=(1, 2), norm="ortho")[:, :COEFFICIENTS, :COEFFICIENTS]
    frequency = np.hypot(*np.indices((COEFFICIENTS, COEFFICIENTS)))
    weighted = (low * frequency).reshape(len(low), -1)
    length = np.linalg.norm(weighted, axis=1, keepdims=True)
    # Rounding errors of a flat image are no pattern.
    flat = length < 1e-3
    units: NDArray[np.float32] = np.where(flat, 0, weighted / np.where(flat, 1, length))
    return units.astype(np.float32)
