"""Pictures made of chest radiographs that are no chest radiograph any more."""

from __future__ import annotations

import numpy as np

from monai_covid.data.phantom.arrays import FloatArray
from monai_covid.data.phantom.streams import between


def jigsaw(random: np.random.Generator, chest: FloatArray) -> FloatArray:
    """Return ``chest`` (S, S) cut into 2 x 2 to 4 x 4 tiles in another order.

    They have the grey values and the texture of chests, so that the network must look at the whole.
    """
    count = int(random.choice([2, 4]))
    size = len(chest) // count
    tiles = [
        chest[row * size : (row + 1) * size, column * size : (column + 1) * size]
        for row in range(count)
        for column in range(count)
    ]
    # A shift by at least one place leaves no tile where it was.
    shift = int(random.integers(1, count * count))
    order = np.roll(np.arange(count * count), shift) if count == 2 else random.permutation(16)
    rows = [
        np.concatenate([tiles[i] for i in order[row * count : (row + 1) * count]], axis=1)
        for row in range(count)
    ]
    return np.concatenate(rows)


def panels(random: np.random.Generator, first: FloatArray, second: FloatArray) -> FloatArray:
    """Return two pictures (S, S) beside or above each other, squeezed into one (S, S)."""
    side = len(first)
    cut = int(between(random, 0.4, 0.6) * side)
    sizes = (cut, side - cut)
    parts = [
        each[(np.arange(size) * side) // size]
        for each, size in zip((first, second), sizes, strict=True)
    ]
    stacked = np.concatenate(parts)
    if random.random() < 0.6:
        parts = [
            part.T
            for part in (
                first.T[(np.arange(cut) * side) // cut],
                second.T[(np.arange(side - cut) * side) // (side - cut)],
            )
        ]
        stacked = np.concatenate(parts, axis=1)
    return stacked


def fragment(random: np.random.Generator, chest: FloatArray) -> FloatArray:
    """Return a piece of ``chest`` (S, S) of a quarter of its side or less, enlarged to (S, S)."""
    side = len(chest)
    size = int(between(random, 0.12, 0.26) * side)
    top, left = random.integers(0, side - size, 2)
    index = (np.arange(side) * size) // side
    piece: FloatArray = chest[top + index][:, left + index]
    return piece
