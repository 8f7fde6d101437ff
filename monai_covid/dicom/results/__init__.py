"""DICOM instances that say what was found in an image."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from pydicom.dataset import Dataset

from monai_covid.dicom.kinds import RESULT_KINDS
from monai_covid.dicom.results.algorithm import Algorithm
from monai_covid.dicom.results.finding import ImageFinding
from monai_covid.dicom.results.presentation_state import annotation_state
from monai_covid.dicom.results.report import measurement_report
from monai_covid.dicom.results.secondary_capture import overlay_capture
from monai_covid.dicom.results.segmentation import heatmap_segmentation
from monai_covid.dicom.results.source import give_patient, source_header, without_patient

__all__ = ["Algorithm", "ImageFinding", "result_instances", "source_header"]


def result_instances(
    finding: ImageFinding, algorithm: Algorithm, kinds: Sequence[str] = RESULT_KINDS
) -> tuple[Dataset, ...]:
    """Return the results of one image: report, annotation, overlay and heatmap.

    Args:
        finding: What was found.
        algorithm: Who found it.
        kinds: Which of ``RESULT_KINDS`` are made. A report without heatmap links none.

    Returns:
        A Comprehensive 3D SR, a Grayscale Softcopy Presentation State, a Secondary Capture and a
        fractional Segmentation in the study of the image. Their UIDs depend on the image, the
        algorithm, its version and its weights alone, so that processing an image again gives the
        same instances.
    """
    plain = replace(finding, header=without_patient(finding.header))
    heatmap = heatmap_segmentation(plain, algorithm) if "heatmap" in kinds else None
    makers: dict[str, Callable[[], Dataset | None]] = {
        "report": lambda: measurement_report(plain, algorithm, heatmap),
        "annotation": lambda: annotation_state(plain, algorithm),
        "overlay": lambda: overlay_capture(plain, algorithm),
        "heatmap": lambda: heatmap,
    }
    made = (make() for kind, make in makers.items() if kind in kinds)
    instances = tuple(instance for instance in made if instance is not None)
    for instance in instances:
        give_patient(instance, finding.header, *finding.labels)
    return instances
