"""Is it as large as a chest radiograph, in pixels and on the detector?"""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from monai_covid.dicom.layout import named

MINIMUM_SIDE = 256
"""Pixels; thumbnails and icons are smaller."""

MAXIMUM_ASPECT_RATIO = 2.5
"""Longer over shorter side; stitched spines and legs, strips and banners exceed it."""

FIELD_MILLIMETRES = (80.0, 600.0)
"""Shortest and longest side: a premature infant's thorax to a little more than a 43 cm detector."""

SPACINGS = ("ImagerPixelSpacing", "NominalScannedPixelSpacing", "PixelSpacing")
"""Row and column spacing in millimetres; the first that is given counts."""

_PLACEHOLDER = (1.0, 1.0)


def size_problems(dataset: Dataset) -> Iterator[str]:
    """Say why ``dataset`` is too small, too elongated or of an impossible physical size.

    A spacing of exactly 1 mm both ways is what converters write who know none; it is not used, and
    neither is anything but two positive numbers.
    """
    rows, columns = int(dataset.get("Rows") or 0), int(dataset.get("Columns") or 0)
    if not rows or not columns:
        return  # the checks of the reader say so
    stated = f"{named('Rows')} x {named('Columns')} is {rows} x {columns}"
    if min(rows, columns) < MINIMUM_SIDE:
        yield f"{stated}; each side needs {MINIMUM_SIDE} pixels or more"
    if max(rows, columns) > MAXIMUM_ASPECT_RATIO * min(rows, columns):
        yield (
            f"{stated}; the longer side of a chest radiograph is at most {MAXIMUM_ASPECT_RATIO} "
            "times the shorter"
        )
    yield from _field_problems(dataset, rows, columns)


def _field_problems(dataset: Dataset, rows: int, columns: int) -> Iterator[str]:
    for keyword in SPACINGS:
        spacing = _spacing(dataset, keyword)
        if spacing is None or spacing == _PLACEHOLDER:
            continue
        height, width = rows * spacing[0], columns * spacing[1]
        shortest, longest = FIELD_MILLIMETRES
        if not shortest <= min(height, width) <= max(height, width) <= longest:
            yield (
                f"{named(keyword)} is {spacing[0]:g} x {spacing[1]:g} mm, which makes a field of "
                f"{height / 10:.1f} x {width / 10:.1f} cm; {shortest / 10:.0f} to "
                f"{longest / 10:.0f} cm a side are possible"
            )
        return


def _spacing(dataset: Dataset, keyword: str) -> tuple[float, float] | None:
    """Return row and column spacing, or None if it is not stated as two positive numbers."""
    value = dataset.get(keyword)
    if not isinstance(value, MultiValue | list | tuple) or len(value) != 2:
        return None
    down, across = float(value[0]), float(value[1])
    return (down, across) if all(isfinite(side) and side > 0 for side in (down, across)) else None
