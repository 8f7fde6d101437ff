"""All reasons against an instance together.

Can results refer to it?

Is it as large as a chest radiograph, in pixels and on the detector?
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from math import isfinite

from pydicom import config
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.uid import UID

from monai_covid.dicom.eligibility.body_part import body_part_problems
from monai_covid.dicom.eligibility.origin import origin_problems, sop_class_problems
from monai_covid.dicom.eligibility.view import view_problems
from monai_covid.dicom.reading.layout import named
from monai_covid.dicom.reading.pixel_checks import header_problems

_NEEDED = ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID")
_MAXIMUM_LENGTH = 64


def identifier_problems(dataset: Dataset) -> Iterator[str]:
    """Say which identifiers that results refer to are missing or unusable.

    The values are not shown, because they tell which patient it is to who can search the archive.
    """
    for keyword in _NEEDED:
        value = str(dataset.get(keyword) or "")
        if not value:
            yield f"{named(keyword)} is missing or empty; results refer to it"
        elif not UID(value, validation_mode=config.IGNORE).is_valid:
            yield (
                f"{named(keyword)} is not a UID ({len(value)} characters); numbers without "
                f"leading zeros and dots, {_MAXIMUM_LENGTH} characters at most, are needed"
            )


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


_CHECKS = (
    identifier_problems,
    origin_problems,
    view_problems,
    body_part_problems,
    size_problems,
    header_problems,
)


def ineligibility(dataset: Dataset) -> list[str]:
    """List every reason why ``dataset`` is not processed; an empty list means that it is.

    Processed are upright frontal chest radiographs with one frame: Computed Radiography, Digital
    X-Ray For Presentation and secondary captures of such. What a header does not say is no reason,
    except for a secondary capture, which has to name the chest. Whether the pixels are a picture at
    all is left to `monai_covid.dicom.reading.pixels.read_radiograph`.

    Args:
        dataset: Instance as `read_header` returns it; its pixels are not decoded.

    Returns:
        The reasons, each with tag, value and what would be right, and without patient data.
    """
    # One reason is enough where nothing else of a radiograph can be expected.
    return _reasons(sop_class_problems, dataset) or [
        reason for check in _CHECKS for reason in _reasons(check, dataset)
    ]


def stated_otherwise(dataset: Dataset) -> list[str]:
    """List what the header says against an upright frontal view of a chest.

    View and part of the body, as in `ineligibility`; what else is asked there is about results.
    """
    return [
        reason
        for check in (view_problems, body_part_problems)
        for reason in _reasons(check, dataset)
    ]


def _reasons(check: Callable[[Dataset], Iterable[str]], dataset: Dataset) -> list[str]:
    try:
        return list(check(dataset))
    # Elements are parsed when they are asked for, and damaged ones fail in any way.
    except Exception as error:
        return [f"a header element cannot be parsed ({type(error).__name__}); the file is damaged"]
