"""The finding as a structured report that can be searched."""

from __future__ import annotations

from itertools import starmap

from highdicom import sr
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import SegmentationStorage

from monai_covid import RESEARCH_USE_ONLY
from monai_covid.dicom.results import algorithm as concepts
from monai_covid.dicom.results.algorithm import Algorithm, derived_uid
from monai_covid.dicom.results.finding import ImageFinding, caution_line
from monai_covid.dicom.results.placement import REPORT, REPORT_ALONE, common_attributes, image_key
from monai_covid.labels import Label

DECIMALS = 8
"""Of a probability; a decimal string holds 16 characters."""


def measurement_report(
    finding: ImageFinding, algorithm: Algorithm, heatmap: Dataset | None
) -> sr.Comprehensive3DSR:
    """Return a Comprehensive 3D SR after TID 1500 Measurement Report.

    Args:
        finding: What was found.
        algorithm: Who found it.
        heatmap: The Segmentation instance that the report refers to; None: none.

    Note:
        DICOM PS3.3 A.35.13, PS3.16 TID 1500, 1501, 1410, 4019. One group holds the most probable
        class (or all with a probability of 0.5 or more) and each probability, one links the
        heatmap. The concept Finding (121071) is left out: it stands for what a reader saw.
    """
    linked = [] if heatmap is None else [heatmap]
    content = sr.MeasurementReport(
        observation_context=sr.ObservationContext(
            observer_device_context=sr.ObserverContext(
                observer_type=codes.DCM.Device,
                observer_identifying_attributes=algorithm.observer(),
            )
        ),
        procedure_reported=concepts.CHEST_RADIOGRAPHY,
        imaging_measurements=[
            _classification(finding, algorithm),
            *(_heatmap(finding, algorithm, each) for each in linked),
        ],
        title=codes.cid7021.ImagingMeasurementReport,
        referenced_images=[finding.header] if _can_be_described(finding.header) else None,
    )
    (root,) = content
    for words in (RESEARCH_USE_ONLY, *map(caution_line, finding.cautions)):
        root.ContentSequence.append(_comment(words))
    # highdicom copies and searches all content that it is given, for longer than it takes to build.
    contained = root.ContentSequence
    root.ContentSequence = []
    # Complete, but neither final nor verified: nobody has read it.
    report = sr.Comprehensive3DSR(
        evidence=[finding.header, *linked],
        content=root,
        is_complete=True,
        coding_schemes=[concepts.private_scheme()],
        **common_attributes(REPORT if linked else REPORT_ALONE, finding.header, algorithm),
    )
    report.ContentSequence = contained
    return report


def _can_be_described(header: Dataset) -> bool:
    """Tell whether the image library can describe an image: highdicom needs these two for it."""
    keywords = ("PatientOrientation", "ImagerPixelSpacing")
    return all(len(header.get(keyword) or ()) == 2 for keyword in keywords)


def _classification(
    finding: ImageFinding, algorithm: Algorithm
) -> sr.MeasurementsAndQualitativeEvaluations:
    header = finding.header
    exclusive = finding.classes.exclusive
    answer = concepts.MOST_PROBABLE_CLASS if exclusive else concepts.PRESENT_CLASS
    return sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=_tracking("classification", finding, algorithm),
        algorithm_id=algorithm.identification(),
        finding_sites=[sr.FindingSite(concepts.THORAX)],
        qualitative_evaluations=[
            sr.QualitativeEvaluation(answer, concepts.class_concept(finding.classes[name]))
            for name in finding.answered
        ],
        measurements=list(
            starmap(_probability, zip(finding.classes.labels, finding.probabilities, strict=True))
        ),
        source_images=[
            sr.SourceImageForMeasurementGroup(header.SOPClassUID, header.SOPInstanceUID)
        ],
    )


def _probability(label: Label, probability: float) -> sr.Measurement:
    return sr.Measurement(
        name=concepts.probability_concept(label),
        value=round(probability, DECIMALS),
        unit=concepts.NO_UNIT,
    )


def _heatmap(
    finding: ImageFinding, algorithm: Algorithm, heatmap: Dataset
) -> sr.PlanarROIMeasurementsAndQualitativeEvaluations:
    header = finding.header
    return sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=_tracking("heatmap", finding, algorithm),
        referenced_segment=_segmentation_frame(header, heatmap),
        algorithm_id=algorithm.identification(),
        qualitative_evaluations=[
            sr.QualitativeEvaluation(
                concepts.EXPLAINED_CLASS, concepts.class_concept(finding.classes[finding.explained])
            )
        ],
    )


def _segmentation_frame(header: Dataset, heatmap: Dataset) -> sr.ReferencedSegmentationFrame:
    frame = sr.ReferencedSegmentationFrame(
        sop_class_uid=SegmentationStorage,
        sop_instance_uid=heatmap.SOPInstanceUID,
        frame_number=1,
        segment_number=1,
        source_image=sr.SourceImageForSegmentation(header.SOPClassUID, header.SOPInstanceUID),
    )
    # A reference names a frame or a segment, not both (PS3.3 table 10-3).
    del frame[0].ReferencedSOPSequence[0].ReferencedSegmentNumber
    return frame


def _tracking(role: str, finding: ImageFinding, algorithm: Algorithm) -> sr.TrackingIdentifier:
    return sr.TrackingIdentifier(
        uid=derived_uid(f"tracking {role}", *image_key(finding.header), algorithm.key),
        identifier=role,
    )


def _comment(words: str) -> sr.TextContentItem:
    return sr.TextContentItem(
        name=concepts.COMMENT,
        value=words,
        relationship_type=sr.RelationshipTypeValues.CONTAINS,
    )
