"""Which part each image belongs to, and when two images are in different parts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from monai_covid.data.records import Records

PART_COLUMNS = ("fold", "split")
"""Columns of a manifest that deal its images into parts."""


def parts_of(records: Records, column: str) -> NDArray[np.object_]:
    """Return the value of a part column for each image, ``(N,)`` str; empty where there is none."""
    if column not in records.frame:
        return np.full(len(records), "", dtype=object)
    values: NDArray[np.object_] = records.frame[column].to_numpy(dtype=object)
    return values


def part_names(records: Records, collection: str) -> list[str]:
    """Return what to call the part of each image, such as ``fold 2`` or the collection's name."""
    columns = {name: parts_of(records, name) for name in PART_COLUMNS}
    named = []
    for row in range(len(records)):
        own = [f"{name} {values[row]}" for name, values in columns.items() if values[row]]
        named.append(", ".join(own) or collection)
    return named


def crossing(records: Records, pairs: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Return for each pair of rows ``(P, 2)`` whether a part column puts the two apart, ``(P,)``.

    An image without a fold is in no fold: it is not apart from those that have one.
    """
    apart = np.zeros(len(pairs), dtype=bool)
    for name in PART_COLUMNS:
        first, second = parts_of(records, name)[pairs].T
        apart |= (first != second) & (first != "") & (second != "")
    return apart
