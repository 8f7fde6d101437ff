"""All reasons against an instance together."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pydicom.dataset import Dataset

from monai_covid.dicom.eligibility.body_part import body_part_problems
from monai_covid.dicom.eligibility.identifiers import identifier_problems
from monai_covid.dicom.eligibility.origin import origin_problems, sop_class_problems
from monai_covid.dicom.eligibility.size import size_problems
from monai_covid.dicom.eligibility.view import view_problems
from monai_covid.dicom.pixel_checks import header_problems

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
    all is left to `monai_covid.dicom.pixels.read_radiograph`.

    Args:
        dataset: Instance as `read_header` returns it; its pixels are not decoded.

    Returns:
        The reasons, each with tag, value and what would be right, and without patient data.
    """
    # One reason is enough where nothing else of a radiograph can be expected.
    return _reasons(sop_class_problems, dataset) or [
        reason for check in _CHECKS for reason in _reasons(check, dataset)
    ]


def _reasons(check: Callable[[Dataset], Iterable[str]], dataset: Dataset) -> list[str]:
    try:
        return list(check(dataset))
    # Elements are parsed when they are asked for, and damaged ones fail in any way.
    except Exception as error:
        return [f"a header element cannot be parsed ({type(error).__name__}); the file is damaged"]
