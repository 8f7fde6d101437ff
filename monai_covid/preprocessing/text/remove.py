"""Painting over burnt-in text.

`inpaint` continues the surroundings into the text as a membrane does (Laplace's equation): there is
no step at the edge of the mask in any direction, values stay within those around it, and it works
on any scale of grey values, where OpenCV's methods take eight bits and leave streaks. Its result
would be smoother than a radiograph, and so a cue of its own; so the grain of the surroundings is
laid over it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, gaussian_filter, label
from scipy.sparse import coo_array, csr_array
from scipy.sparse.linalg import spsolve

RING = 6
"""Width in pixels of the surroundings that a patch is made from."""

GRAIN = 1.5
"""Standard deviation in pixels of the filter that tells grain from what is shown."""

EIGHT = np.ones((3, 3), dtype=np.bool_)


def cover(pixels: NDArray[np.floating], mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the image with every part of the mask filled with the median around it.

    Simple and without any trace of the text, but its edges show.

    Args:
        pixels: Grey values (H, W).
        mask: (H, W), True on text.

    Raises:
        ValueError: If shapes differ, or nothing is left around the text.
    """
    _check(pixels, mask)
    filled = pixels.astype(np.float32)
    parts, count = label(mask, EIGHT)
    for number in range(1, count + 1):
        part = parts == number
        filled[part] = np.median(pixels[_ring(part, mask)])
    return filled


def inpaint(
    pixels: NDArray[np.floating], mask: NDArray[np.bool_], seed: int = 0
) -> NDArray[np.float32]:
    """Return the image with the surroundings continued into the mask.

    Args:
        pixels: Grey values (H, W) of any scale.
        mask: (H, W), True on text.
        seed: Of the grain.

    Raises:
        ValueError: If shapes differ, or nothing is left around the text.
    """
    _check(pixels, mask)
    filled = pixels.astype(np.float64)
    if not mask.any():
        return filled.astype(np.float32)
    filled[mask] = _membrane(filled, mask)
    # Only outside the mask, where the letters are gone already, the difference is grain.
    grain = filled - gaussian_filter(filled, GRAIN)
    random = np.random.default_rng(seed)
    parts, count = label(mask, EIGHT)
    for number in range(1, count + 1):
        part = parts == number
        nearby_grain = grain[_ring(part, mask)]
        filled[part] += random.choice(nearby_grain - nearby_grain.mean(), size=int(part.sum()))
    outside = pixels[~mask]
    filled[mask] = filled[mask].clip(outside.min(), outside.max())
    return filled.astype(np.float32)


def _check(pixels: NDArray[np.floating], mask: NDArray[np.bool_]) -> None:
    if pixels.ndim != 2 or pixels.shape != mask.shape:
        raise ValueError(f"image and mask must be (H, W), got {pixels.shape} and {mask.shape}")
    if mask.all():
        raise ValueError("the mask covers the whole image: there is nothing to fill it from")


def _ring(part: NDArray[np.bool_], mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the pixels around one part of a mask that are in no part of it."""
    width = RING
    while True:
        ring = binary_dilation(part, EIGHT, iterations=width) & ~mask
        if ring.any():
            return np.asarray(ring)
        width *= 2


def _membrane(pixels: NDArray[np.float64], mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the values inside a mask, each the mean of its neighbours, ``(masked pixels,)``.

    Where a neighbour would lie outside the image, the mean is of the others.
    """
    height, width = mask.shape
    rows, columns = np.nonzero(mask)
    unknown = np.full(mask.shape, -1)
    unknown[mask] = np.arange(len(rows))
    boundary_sum, degree = np.zeros(len(rows)), np.zeros(len(rows))
    entries: list[tuple[NDArray[np.intp], NDArray[np.intp]]] = []
    for down, right in ((-1, 0), (1, 0), (0, -1), (0, 1)):
        row, column = rows + down, columns + right
        inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
        degree += inside
        here, row, column = np.flatnonzero(inside), row[inside], column[inside]
        other = unknown[row, column]
        fixed = other < 0
        np.add.at(boundary_sum, here[fixed], pixels[row[fixed], column[fixed]])
        entries.append((here[~fixed], other[~fixed]))
    solved: NDArray[np.float64] = spsolve(_laplacian(entries, degree), boundary_sum)
    return solved


def _laplacian(
    entries: list[tuple[NDArray[np.intp], NDArray[np.intp]]], degree: NDArray[np.float64]
) -> csr_array:
    first = np.concatenate([here for here, _ in entries])
    second = np.concatenate([other for _, other in entries])
    diagonal = np.arange(len(degree))
    values = np.concatenate([np.full(len(first), -1.0), degree])
    at = (np.concatenate([first, diagonal]), np.concatenate([second, diagonal]))
    return coo_array((values, at), shape=(len(degree), len(degree))).tocsr()
