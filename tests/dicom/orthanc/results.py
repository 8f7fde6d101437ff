"""Results as the PACS has filed them."""

import io
from collections.abc import Sequence
from types import MappingProxyType
from typing import NamedTuple

from pydicom import dcmread
from pydicom.dataset import Dataset, FileDataset
from pydicom.uid import (
    Comprehensive3DSRStorage,
    GrayscaleSoftcopyPresentationStateStorage,
    SecondaryCaptureImageStorage,
    SegmentationStorage,
)

from tests.dicom.orthanc.server import Orthanc
from tests.dicom.orthanc.waiting import until

KINDS = MappingProxyType(
    {
        Comprehensive3DSRStorage: "report",
        GrayscaleSoftcopyPresentationStateStorage: "presentation state",
        SecondaryCaptureImageStorage: "secondary capture",
        SegmentationStorage: "segmentation",
    }
)
"""What is made of every image, by SOP class."""


class Filed(NamedTuple):
    """A result that the PACS has.

    Attributes:
        identifier: Orthanc's own identifier.
        content: The file as it was stored.
        dataset: What is in it.
    """

    identifier: str
    content: bytes
    dataset: FileDataset


def found(orthanc: Orthanc, study: str) -> list[str]:
    """SOP Instance UIDs of the results in a study, as QIDO-RS finds them."""
    matches = orthanc.web.search_for_instances(study_instance_uid=study)
    instances = [Dataset.from_json(match) for match in matches]
    return sorted(item.SOPInstanceUID for item in instances if item.SOPClassUID in KINDS)


def awaited(orthanc: Orthanc, study: str, images: int = 1, seconds: float = 60) -> list[Filed]:
    """Wait for the results of ``images`` images of a study and return them."""
    count = images * len(KINDS)
    until(lambda: len(found(orthanc, study)) >= count, f"{count} results", seconds)
    uids = found(orthanc, study)
    assert len(uids) == count, f"{len(uids)} results of {images} images"
    return [filed(orthanc, study, uid) for uid in uids]


def filed(orthanc: Orthanc, study: str, uid: str) -> Filed:
    """The one instance with this SOP Instance UID in a study."""
    (identifier,) = orthanc.find("Instance", StudyInstanceUID=study, SOPInstanceUID=uid)
    content = orthanc.get(f"/instances/{identifier}/file").content
    return Filed(identifier, content, dcmread(io.BytesIO(content)))


def by_kind(results: Sequence[Filed]) -> dict[str, Filed]:
    """The results of one image."""
    kinds = {KINDS[result.dataset.SOPClassUID]: result for result in results}
    assert len(kinds) == len(results) == len(KINDS), sorted(kinds)
    return kinds


def by_image(results: Sequence[Filed]) -> dict[str, dict[str, Filed]]:
    """The results of several images, by SOP Instance UID of the image and then by kind."""
    images = {source_of(result.dataset) for result in results}
    return {
        image: by_kind([result for result in results if source_of(result.dataset) == image])
        for image in images
    }


def source_of(result: Dataset) -> str:
    """SOP Instance UID of the one image that a result was made from."""
    kind = KINDS[result.SOPClassUID]
    if kind == "secondary capture":
        references = list(result.SourceImageSequence)
    elif kind == "report":
        (evidence,) = result.CurrentRequestedProcedureEvidenceSequence
        references = _in_series(evidence, "ReferencedSOPSequence")
    elif kind == "segmentation":
        references = _in_series(result, "ReferencedInstanceSequence")
    else:
        references = _in_series(result, "ReferencedImageSequence")
    images = [item for item in references if item.ReferencedSOPClassUID not in KINDS]
    (only,) = {item.ReferencedSOPInstanceUID for item in images}
    return str(only)


def _in_series(dataset: Dataset, keyword: str) -> list[Dataset]:
    return [item for series in dataset.ReferencedSeriesSequence for item in series[keyword]]
