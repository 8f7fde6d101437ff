"""All DICOM instances that say what was found in an image, or those of the chosen kinds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from pydicom.dataset import Dataset

from monai_covid.dicom.results.algorithm import Algorithm
from monai_covid.dicom.results.finding import ImageFinding
from monai_covid.dicom.results.presentation_state import annotation_state
from monai_covid.dicom.results.report import measurement_report
from monai_covid.dicom.results.secondary_capture import overlay_capture
from monai_covid.dicom.results.segmentation import heatmap_segmentation
from monai_covid.dicom.results.source import give_patient, without_patient
from monai_covid.errors import OptionError

RESULT_KINDS = ("report", "annotation", "overlay", "heatmap")
"""Structured report, presentation state, secondary capture and segmentation."""


def chosen_kinds(stated: str | Sequence[str] | None) -> tuple[str, ...]:
    """Return the kinds that are named, in the order of ``RESULT_KINDS``.

    Args:
        stated: Kinds, or one text with commas between them; None: all.

    Raises:
        OptionError: One is unknown, or there is none.
    """
    if stated is None:
        return RESULT_KINDS
    names = stated.split(",") if isinstance(stated, str) else list(stated)
    named = {name.strip() for name in names}
    unknown = sorted(named - set(RESULT_KINDS))
    if unknown or not named:
        raise OptionError(
            f"results is {','.join(names)!r}; it must be one or more of {','.join(RESULT_KINDS)}"
        )
    return tuple(kind for kind in RESULT_KINDS if kind in named)


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
