"""The heatmap over the radiograph as a picture that every viewer shows."""

from __future__ import annotations

import highdicom as hd
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from monai_covid import RESEARCH_USE_ONLY
from monai_covid.dicom.results.algorithm import Algorithm
from monai_covid.dicom.results.finding import ImageFinding
from monai_covid.dicom.results.placement import SECONDARY_CAPTURE, common_attributes

UPRIGHT_FRONTAL = ("L", "F")

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
        patient_orientation=UPRIGHT_FRONTAL,
        transfer_syntax_uid=ExplicitVRLittleEndian,
        **common_attributes(SECONDARY_CAPTURE, header, algorithm),
    )
    # highdicom wants an orientation, but only the image can tell.
    capture.PatientOrientation = header.get("PatientOrientation")
    capture.ConversionType = "SYN"
    capture.ImageType = ["DERIVED", "SECONDARY", "OTHER"]
    capture.BodyPartExamined = "CHEST"
    # Names burnt into the source image are in the overlay as well.
    if header.get("BurnedInAnnotation"):
        capture.BurnedInAnnotation = header.BurnedInAnnotation
    explained = finding.classes[finding.explained].display
    capture.DerivationDescription = (
        f"Relevance for {explained} over the radiograph. {RESEARCH_USE_ONLY}"
    )
    words = ". ".join(finding.lines)
    capture.ImageComments = f"{words}. {RESEARCH_USE_ONLY}"[:LONGEST_COMMENT]
    capture.SourceImageSequence = [_reference(header)]
    return capture


def _reference(header: Dataset) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = header.SOPClassUID
    item.ReferencedSOPInstanceUID = header.SOPInstanceUID
    return item
