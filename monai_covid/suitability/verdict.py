"""What speaks against an image, in codes, scores and plain words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

REASONS: Mapping[str, str] = MappingProxyType(
    {
        "too_small": "The image is smaller than 32 pixels.",
        "blank": "The image is blank: almost all of it has one grey value.",
        "noise": "The image is noise: it has no large structures.",
        "document": "The image looks like a document or a drawing: most of it has one grey value.",
        "other": "The image does not look like a chest radiograph.",
        "lateral": "The image looks like a lateral chest radiograph; a frontal one is needed.",
        "turned_90": "The image is turned by 90 degrees counter-clockwise.",
        "turned_180": "The image is upside-down: turned by 180 degrees.",
        "turned_270": "The image is turned by 90 degrees clockwise.",
        "inverted": "The grey values are inverted: bone must be bright and air dark.",
        "cropped": "The image shows only a part of the chest.",
        "exposure": "Most of the image is plain black or plain white: the exposure is not usable.",
    }
)
"""Why an image is refused."""

CAUTIONS: Mapping[str, str] = MappingProxyType(
    {
        "mirrored": (
            "The heart seems to lie on the right side of the patient: the image is mirrored, or "
            "the patient has dextrocardia. The image alone cannot tell which."
        ),
        "small": "The image is smaller than 128 pixels; details are missing.",
        "low_contrast": "The image has little contrast.",
        "bordered": "Even bars at the edges take up a tenth of the image or more.",
    }
)
"""What a reader should know of an image that is not refused for it."""


@dataclass(frozen=True)
class Suitability:
    """Whether an image is an upright frontal chest radiograph.

    Attributes:
        codes: Keys of `REASONS` that speak against the image; empty: nothing does.
        caution_codes: Keys of `CAUTIONS`.
        scores: Score in [0, 1] of every question that was asked, 1 speaks against the image.
    """

    codes: tuple[str, ...]
    caution_codes: tuple[str, ...]
    scores: Mapping[str, float]

    @property
    def suitable(self) -> bool:
        """Whether nothing speaks against the image."""
        return not self.codes

    @property
    def reasons(self) -> tuple[str, ...]:
        """What speaks against the image, in plain words; empty: nothing does."""
        return tuple(REASONS[code] for code in self.codes)

    @property
    def cautions(self) -> tuple[str, ...]:
        """What a reader should know besides, in plain words."""
        return tuple(CAUTIONS[code] for code in self.caution_codes)
