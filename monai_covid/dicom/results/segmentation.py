"""The heatmap as a fractional segmentation, pixel by pixel with its image."""

from __future__ import annotations

import highdicom as hd
import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from monai_covid import RESEARCH_USE_ONLY
from monai_covid.dicom.results.algorithm import (
    RELEVANCE,
    SPATIAL_CONCEPT,
    THORAX,
    Algorithm,
    derived_uid,
)
from monai_covid.dicom.results.finding import ImageFinding
from monai_covid.dicom.results.placement import CREATOR, SEGMENTATION, common_attributes, image_key

MAXIMUM_FRACTION = 255

_ROWS_AT_ONCE = 64
"""A strip whose intermediate arrays are small beside a large image."""


def heatmap_segmentation(finding: ImageFinding, algorithm: Algorithm) -> hd.seg.Segmentation:
    """Return the positive relevance as a Segmentation instance of one fractional segment.

    Args:
        finding: What was found.
        algorithm: Who found it.

    Returns:
        Instance with one frame of the image's size; ``MAXIMUM_FRACTION`` is full scale.

    Note:
        DICOM PS3.3 A.51. A parametric map would hold negative relevance too, but needs a geometry
        that a projection image does not have. The fraction is no probability of a disease; the
        standard knows only PROBABILITY and OCCUPANCY.
    """
    header = finding.header
    shown = finding.classes[finding.explained].display
    description = hd.seg.SegmentDescription(
        segment_number=1,
        segment_label=f"Relevance for {shown}"[:64],
        segmented_property_category=SPATIAL_CONCEPT,
        segmented_property_type=RELEVANCE,
        algorithm_type=hd.seg.SegmentAlgorithmTypeValues.AUTOMATIC,
        algorithm_identification=algorithm.identification_sequence(),
        anatomic_regions=[THORAX],
    )
    description.SegmentDescription = (
        f"{algorithm.method}: positive relevance for {shown}; full scale is the 99.9th percentile "
        "of the size of all relevance. "
        f"Not the outline of a lesion and not its probability. {RESEARCH_USE_ONLY}"
    )
    segmentation = hd.seg.Segmentation(
        source_images=[header],
        # highdicom sorts all fractions to check them: half a second for a large image.
        pixel_array=np.zeros(finding.relevance.shape, dtype=np.uint8),
        segmentation_type=hd.seg.SegmentationTypeValues.FRACTIONAL,
        segment_descriptions=[description],
        fractional_type=hd.seg.SegmentationFractionalTypeValues.PROBABILITY,
        max_fractional_value=MAXIMUM_FRACTION,
        content_label="RELEVANCE",
        content_description=f"Relevance. {RESEARCH_USE_ONLY}",
        content_creator_name=CREATOR,
        omit_empty_frames=False,
        transfer_syntax_uid=ExplicitVRLittleEndian,
        **common_attributes(SEGMENTATION, header, algorithm),
    )
    segmentation.PixelData = _fractions(finding.relevance)
    segmentation.PatientOrientation = header.get("PatientOrientation")
    shared = segmentation.SharedFunctionalGroupsSequence[0]
    shared.PlaneOrientationSequence = [_plane_orientation(header)]
    _name_dimensions(segmentation, derived_uid("dimensions", *image_key(header), algorithm.key))
    return segmentation


def _plane_orientation(header: Dataset) -> Dataset:
    """Return the item of Plane Orientation (Patient), DICOM PS3.3 C.7.6.16.2.4.

    It may be there for projection images too, and GDCM ends the whole process at a segmentation
    without it (Orthanc with its plugin for GDCM, when it renders one). Rows run to the left or the
    right of the patient, columns to the feet: no other images are processed.
    """
    orientation = header.get("PatientOrientation") or ["L", "F"]
    across = -1.0 if str(orientation[0]).startswith("R") else 1.0
    item = Dataset()
    item.ImageOrientationPatient = [across, 0.0, 0.0, 0.0, 0.0, -1.0]
    return item


def _fractions(relevance: NDArray[np.float32]) -> bytes:
    """Return relevance in [0, 1] as pixels of 8 bits, padded to an even number of bytes."""
    fractions = np.empty(relevance.shape, dtype=np.uint8)
    for start in range(0, len(relevance), _ROWS_AT_ONCE):
        strip = relevance[start : start + _ROWS_AT_ONCE]
        fractions[start : start + _ROWS_AT_ONCE] = np.rint(strip * MAXIMUM_FRACTION)
    pixels = fractions.tobytes()
    return pixels + b"\0" * (len(pixels) % 2)


def _name_dimensions(segmentation: Dataset, uid: UID) -> None:
    """Replace the random UID that highdicom gives to the organisation of the dimensions."""
    for sequence in (
        segmentation.DimensionOrganizationSequence,
        segmentation.DimensionIndexSequence,
    ):
        for item in sequence:
            item.DimensionOrganizationUID = uid
