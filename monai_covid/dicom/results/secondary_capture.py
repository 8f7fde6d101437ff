"""The heatmap over the radiograph as a picture that every viewer shows."""

from __future__ import annotations

import highdicom as hd
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from monai_covid import RESEARCH_USE_ONLY
from monai_covid.dicom.results.algorithm import Algorithm
from monai_covid.dicom.results.finding import ImageFinding
from monai_covid.dicom.results.placement import SECONDARY_CAPTURE, common_attributes
from monai_covid.labels import display_name

LONGEST_COMMENT = 10240


def overlay_capture(finding: ImageFinding, algorithm: Algorithm) -> hd.sc.SCImage:
    """Return the overlay as a Secondary Capture instance in colour.

    Args:
        finding: What was found, with its overlay.
        algorithm: Who found it.

    Note:
        DICOM PS3.3 A.8. Conversion Type is SYN: the picture is computed, not photographed.
    """
    header = finding.header
    capture = hd.sc.SCImage.from_ref_dataset(
        ref_dataset=header,
        pixel_array=finding.overlay,
        photometric_interpretation=hd.PhotometricInterpretationValues.RGB,
        bits_allocated=8,
        coordinate_system=hd.CoordinateSystemNames.PATIENT,
        patient_orientation=_orientation(header),
        transfer_syntax_uid=ExplicitVRLittleEndian,
        **common_attributes(SECONDARY_CAPTURE, header, algorithm),
    )
    capture.ConversionType = "SYN"
    capture.ImageType = ["DERIVED", "SECONDARY", "OTHER"]
    capture.BodyPartExamined = "CHEST"
    # Names burnt into the source image are in the overlay as well.
    capture.BurnedInAnnotation = header.get("BurnedInAnnotation") or "NO"
    capture.DerivationDescription = (
        f"Relevance for {display_name(finding.explained)} over the radiograph. {RESEARCH_USE_ONLY}"
    )
    words = ". ".join(finding.lines)
    capture.ImageComments = f"{words}. {RESEARCH_USE_ONLY}"[:LONGEST_COMMENT]
    capture.SourceImageSequence = [_reference(header)]
    return capture


def _orientation(header: Dataset) -> tuple[str, str]:
    stated = [str(each) for each in header.get("PatientOrientation") or ()]
    # A frontal radiograph is hung as if the patient faced the viewer.
    row, column = stated if len(stated) == 2 and all(stated) else ("L", "F")
    return row, column


def _reference(header: Dataset) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = header.SOPClassUID
    item.ReferencedSOPInstanceUID = header.SOPInstanceUID
    return item
