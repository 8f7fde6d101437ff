"""Where a result goes: the series it belongs to and its place in there."""

from __future__ import annotations

from typing import NamedTuple, TypedDict

import highdicom as hd
from pydicom.dataset import Dataset
from pydicom.uid import UID

from monai_covid import RESEARCH_USE_ONLY
from monai_covid.dicom.identity import MANUFACTURER
from monai_covid.dicom.results.algorithm import Algorithm, derived_uid


class Kind(NamedTuple):
    """A kind of result.

    Attributes:
        role: What distinguishes its UIDs.
        title: Start of its Series Description.
        offset: Added to the Series Number of the image's series.
    """

    role: str
    title: str
    offset: int


REPORT = Kind("report", "AI report", 9001)
REPORT_ALONE = Kind("report without heatmap", "AI report", 9001)
"""Says less than the report that links a heatmap, so it is another instance."""

PRESENTATION_STATE = Kind("presentation state", "AI annotation", 9002)
SECONDARY_CAPTURE = Kind("secondary capture", "AI heatmap overlay", 9003)
SEGMENTATION = Kind("segmentation", "AI heatmap", 9004)


CREATOR = f"{MANUFACTURER}^"
"""Content Creator's Name (0070,0084): a person name with a family name alone."""


class Common(TypedDict):
    """Arguments that every constructor of highdicom's instances takes."""

    series_instance_uid: str
    series_number: int
    sop_instance_uid: str
    instance_number: int
    manufacturer: str
    manufacturer_model_name: str
    software_versions: list[str]
    device_serial_number: str
    series_description: str
    contributing_equipment: list[hd.ContributingEquipment]


def instance_uid(kind: Kind, header: Dataset, algorithm: Algorithm) -> UID:
    """Return the SOP Instance UID of a result: the same whenever the image is processed."""
    return derived_uid(f"instance {kind.role}", *image_key(header), algorithm.key)


def image_key(header: Dataset) -> tuple[str, str, str]:
    """Return what identifies an image, also where a device gives a UID twice."""
    return header.StudyInstanceUID, header.SeriesInstanceUID, header.SOPInstanceUID


def common_attributes(kind: Kind, header: Dataset, algorithm: Algorithm) -> Common:
    """Return what all kinds of results say about themselves.

    Results of images of one series share a series of their kind, results of different series or
    studies never do.
    """
    series = (header.StudyInstanceUID, header.SeriesInstanceUID, algorithm.key)
    return Common(
        series_instance_uid=derived_uid(f"series {kind.role}", *series),
        series_number=_number(header, "SeriesNumber") % 100_000 + kind.offset,
        sop_instance_uid=instance_uid(kind, header, algorithm),
        instance_number=max(_number(header, "InstanceNumber"), 1),
        manufacturer=MANUFACTURER,
        manufacturer_model_name=algorithm.name,
        software_versions=algorithm.software_versions,
        device_serial_number=algorithm.serial_number,
        series_description=f"{kind.title}. {RESEARCH_USE_ONLY}",
        contributing_equipment=[algorithm.contribution()],
    )


def _number(header: Dataset, keyword: str) -> int:
    value = header.get(keyword)
    return int(value) if str(value or "").strip().lstrip("+-").isdigit() else 0
