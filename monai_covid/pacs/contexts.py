"""What the service lets itself be sent (the SCP's part of the conformance statement)."""

from __future__ import annotations

from pydicom.uid import (
    JPEG2000,
    Comprehensive3DSRStorage,
    ComputedRadiographyImageStorage,
    DeflatedExplicitVRLittleEndian,
    DigitalXRayImageStorageForPresentation,
    DigitalXRayImageStorageForProcessing,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    GrayscaleSoftcopyPresentationStateStorage,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
    MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
    RLELossless,
    SecondaryCaptureImageStorage,
    SegmentationStorage,
)
from pynetdicom import build_context
from pynetdicom.presentation import PresentationContext
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined, unused-ignore]

IMAGES = (
    ComputedRadiographyImageStorage,
    DigitalXRayImageStorageForPresentation,
    DigitalXRayImageStorageForProcessing,
    SecondaryCaptureImageStorage,
    MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
    MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
)
"""Classes of images; whether one of them is processed is decided later, with a reason if not."""

OWN_RESULTS = (
    Comprehensive3DSRStorage,
    GrayscaleSoftcopyPresentationStateStorage,
    SegmentationStorage,
)
"""Accepted so that a PACS that routes everything here is not held up; they are not processed."""

PLAIN_SYNTAXES = (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
)
IMAGE_SYNTAXES = (
    *PLAIN_SYNTAXES,
    JPEGLosslessSV1,
    JPEGLossless,
    JPEGLSLossless,
    JPEGLSNearLossless,
    JPEG2000Lossless,
    JPEG2000,
    RLELossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
)
"""Of those that a sender proposes in one context, its first that is listed here is taken."""


def supported_contexts() -> list[PresentationContext]:
    """Return the presentation contexts of the SCP, C-ECHO included."""
    return [
        build_context(Verification, [ImplicitVRLittleEndian, ExplicitVRLittleEndian]),
        *(build_context(one, list(IMAGE_SYNTAXES)) for one in (*IMAGES, *OWN_RESULTS)),
    ]
