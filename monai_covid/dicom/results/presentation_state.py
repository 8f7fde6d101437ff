"""The finding as text on the original image, whose grey values are shown as they are read."""

from __future__ import annotations

import highdicom as hd
from pydicom.dataset import Dataset
from pydicom.valuerep import DS

from monai_covid import RESEARCH_USE_ONLY
from monai_covid.dicom.reading.lookup import first_number, window_of
from monai_covid.dicom.results.algorithm import Algorithm
from monai_covid.dicom.results.finding import ImageFinding
from monai_covid.dicom.results.placement import CREATOR, PRESENTATION_STATE, common_attributes

_TABLES = (
    "ModalityLUTSequence",
    "RescaleSlope",
    "RescaleIntercept",
    "RescaleType",
    "VOILUTSequence",
    "WindowCenter",
    "WindowWidth",
    "WindowCenterWidthExplanation",
    "VOILUTFunction",
)
_UNSPECIFIED = "US"


def without_grey_values(header: Dataset) -> Dataset:
    """Return ``header`` without tables and windows: highdicom refuses many that devices send."""
    plain = Dataset()
    for element in header:
        if element.keyword not in _TABLES:
            plain[element.tag] = element
    return plain


def add_grey_values(state: Dataset, header: Dataset) -> None:
    """Put into a presentation state what `read_radiograph` applies to the image.

    That is the first modality LUT, else the rescale; then the first VOI LUT, else the first window.

    Args:
        state: A presentation state without them.
        header: Header of the image, as `source_header` makes it.

    Note:
        DICOM PS3.3 C.11.1 (modality LUT), C.11.8 (softcopy VOI LUT).
    """
    if header.get("ModalityLUTSequence"):
        state.ModalityLUTSequence = header.ModalityLUTSequence
    else:
        _add_rescale(state, header)
    voi = _voi(header)
    if voi is not None:
        state.SoftcopyVOILUTSequence = [voi]


def _add_rescale(state: Dataset, header: Dataset) -> None:
    slope, intercept = (first_number(header, f"Rescale{name}") for name in ("Slope", "Intercept"))
    if slope is None and intercept is None:
        return
    state.RescaleSlope = _decimal(1.0 if slope is None else slope)
    state.RescaleIntercept = _decimal(intercept or 0.0)
    state.RescaleType = header.get("RescaleType") or _UNSPECIFIED


def _voi(header: Dataset) -> Dataset | None:
    item = Dataset()
    if header.get("VOILUTSequence"):
        item.VOILUTSequence = header.VOILUTSequence
        return item
    window = window_of(header)
    if window is None:
        return None
    item.WindowCenter, item.WindowWidth = _decimal(window.centre), _decimal(window.width)
    if header.get("VOILUTFunction"):
        item.VOILUTFunction = window.function
    return item


def _decimal(value: float) -> DS:
    return DS(value, auto_format=True)


LAYER = "AI FINDING"

LONGEST_TEXT = 1024
"""Characters of Unformatted Text Value (0070,0006), whose representation is ST."""

TEXT_BOX = (0.02, 0.02, 0.5, 0.2)
"""Left, top, right, bottom, as a part of the displayed area."""


def annotation_state(
    finding: ImageFinding, algorithm: Algorithm
) -> hd.pr.GrayscaleSoftcopyPresentationState:
    """Return a Grayscale Softcopy Presentation State with the finding as a text annotation.

    Args:
        finding: What was found.
        algorithm: Who found it.

    Note:
        DICOM PS3.3 A.33.1. Windows and tables are those of the image; so is the polarity, which has
        to be said because a presentation state overrides that of its image (PS3.4 N.2.1.4).
    """
    header = finding.header
    layer = hd.pr.GraphicLayer(LAYER, order=1, description=f"Finding. {RESEARCH_USE_ONLY}")
    text = hd.pr.TextObject(
        text_value="\r\n".join([RESEARCH_USE_ONLY, *finding.lines])[:LONGEST_TEXT],
        units=hd.pr.AnnotationUnitsValues.DISPLAY,
        bounding_box=TEXT_BOX,
        text_justification=hd.pr.TextJustificationValues.LEFT,
    )
    annotation = hd.pr.GraphicAnnotation(
        referenced_images=[header], graphic_layer=layer, text_objects=[text]
    )
    state = hd.pr.GrayscaleSoftcopyPresentationState(
        referenced_images=[without_grey_values(header)],
        content_label="AI_FINDING",
        content_description=f"Finding. {RESEARCH_USE_ONLY}",
        content_creator_name=CREATOR,
        graphic_layers=[layer],
        graphic_annotations=[annotation],
        presentation_lut_transformation=_polarity(header),
        **common_attributes(PRESENTATION_STATE, header, algorithm),
    )
    add_grey_values(state, header)
    # Says that the body part is not one of a pair, for which Laterality would be needed.
    state.BodyPartExamined = "CHEST"
    return state


def _polarity(header: Dataset) -> hd.PresentationLUTTransformation:
    inverted = header.PhotometricInterpretation == "MONOCHROME1"
    shapes = hd.PresentationLUTShapeValues
    return hd.PresentationLUTTransformation(shapes.INVERSE if inverted else shapes.IDENTITY)
