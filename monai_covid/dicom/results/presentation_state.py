"""The finding as text on the original image, which stays as it is."""

from __future__ import annotations

import highdicom as hd
from pydicom.dataset import Dataset

from monai_covid import RESEARCH_USE_ONLY
from monai_covid.dicom.results.algorithm import Algorithm
from monai_covid.dicom.results.finding import ImageFinding
from monai_covid.dicom.results.grey_values import add_grey_values, without_grey_values
from monai_covid.dicom.results.placement import CREATOR, PRESENTATION_STATE, common_attributes

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
