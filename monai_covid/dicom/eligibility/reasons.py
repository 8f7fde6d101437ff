"""All reasons why an instance is not processed.

Besides those of the other modules: whether results can refer to it, and whether it is as large as a
chest radiograph, in pixels and on the detector.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from math import isfinite

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from monai_covid.dicom.eligibility.body_part import body_part_problems
from monai_covid.dicom.eligibility.origin import origin_problems, sop_class_problems
from monai_covid.dicom.eligibility.view import view_problems
from monai_covid.dicom.reading.header import cut_off
from monai_covid.dicom.reading.layout import damaged_elements, integer, is_uid, named, value_of
from monai_covid.dicom.reading.pixel_checks import header_problems

_NEEDED = ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID")


def identifier_problems(dataset: Dataset) -> Iterator[str]:
    """Say which identifiers that results refer to are missing or unusable.

    The values are not shown, because they tell which patient it is to who can search the archive.
    """
    for keyword in _NEEDED:
        value = str(dataset.get(keyword) or "")
        if not value:
            yield f"{named(keyword)} is missing or empty; results refer to it"
        elif not is_uid(value):
            yield (
                f"{named(keyword)} is not a UID ({len(value)} characters); numbers with dots "
                "between them, 64 characters at most, are needed"
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
    rows, columns = integer(dataset, "Rows"), integer(dataset, "Columns")
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
    try:
        value = value_of(dataset, keyword)
        if not isinstance(value, MultiValue | list | tuple) or len(value) != 2:
            return None
        down, across = float(value[0]), float(value[1])
    except (TypeError, ValueError):
        return None
    return (down, across) if all(isfinite(side) and side > 0 for side in (down, across)) else None


_CHECKS = (
    identifier_problems,
    origin_problems,
    view_problems,
    body_part_problems,
    size_problems,
)


def ineligibility(dataset: Dataset, trust_photometric: bool = False) -> list[str]:
    """List every reason why ``dataset`` is not processed; an empty list means that it is.

    Processed are upright frontal chest radiographs with one frame: Computed Radiography, Digital
    X-Ray For Presentation and secondary captures of such. What a header does not say is no reason,
    except for a secondary capture, which has to name the chest. Whether the pixels are a picture at
    all is left to `monai_covid.dicom.reading.pixels.read_radiograph`.

    Args:
        dataset: Instance as `read_header` returns it; its pixels are not decoded.
        trust_photometric: As for `header_problems`.

    Returns:
        The reasons, each with tag, value and what would be right, and without patient data.
    """
    if cut_off(dataset) and "SOPClassUID" not in dataset:
        return header_problems(dataset)
    # One reason is enough where nothing else of a radiograph can be expected.
    checks = (*_CHECKS, partial(header_problems, trust_photometric=trust_photometric))
    return _reasons(sop_class_problems, dataset) or [
        reason for check in checks for reason in _reasons(check, dataset)
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
        tags = ", ".join(damaged_elements(dataset)) or f"an element ({type(error).__name__})"
        return [f"{tags} cannot be parsed; the file is damaged"]
