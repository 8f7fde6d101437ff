"""What is done to every image before a network sees it, chosen at training.

It is stored with the weights, so that a network gets images as it was trained on, wherever it is
used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

LUNGS = ("whole", "crop", "mask", "crop_mask")
TEXT = ("keep", "inpaint")
GREY = ("equalise", "local", "stretch")

_CHOICES = {"lungs": LUNGS, "text": TEXT, "grey": GREY}


@dataclass(frozen=True)
class Preprocessing:
    """What is done to every image, against cues that are not of the lungs.

    Where lungs are not found, or what is found cannot be lungs, the whole image is used.

    Attributes:
        lungs: ``whole``: the image as it is. ``crop``: the rectangle around both lungs, with a
            margin. ``mask``: the whole image, grey outside the convex hull of both lungs with a
            margin. ``crop_mask``: both.
        text: ``keep``, or ``inpaint``: burnt-in text is found and painted over, which takes about
            a second an image and the packages of the extra ``audit``.
        grey: ``equalise``: a flat histogram. ``local``: mean and contrast of the neighbourhood are
            taken out as well, which leaves little of exposure and display. ``stretch``: linear
            between two percentiles instead, so that the shape of the histogram is kept.

    Raises:
        ValueError: If a value is none of these.
    """

    lungs: str = "whole"
    text: str = "keep"
    grey: str = "equalise"

    def __post_init__(self) -> None:
        """Refuse what is not known."""
        for name, choices in _CHOICES.items():
            value = getattr(self, name)
            if value not in choices:
                valid = ", ".join(choices)
                raise ValueError(f"preprocessing {name} is {value!r}; it must be one of {valid}")

    @property
    def is_plain(self) -> bool:
        """Whether images are only equalised and resized."""
        return self == PLAIN

    @property
    def crops(self) -> bool:
        """Whether only the rectangle around the lungs is kept."""
        return self.lungs in ("crop", "crop_mask")

    @property
    def masks(self) -> bool:
        """Whether what lies outside the lungs becomes grey."""
        return self.lungs in ("mask", "crop_mask")

    def fields(self) -> dict[str, str]:
        """Return plain values, for model files and JSON."""
        return asdict(self)

    @classmethod
    def from_fields(cls, stored: Mapping[str, Any]) -> Preprocessing:
        """Return what ``stored`` wrote down.

        Raises:
            TypeError: If a name is unknown or a value is missing.
            ValueError: If a value is unknown.
        """
        missing = [field.name for field in fields(cls) if field.name not in stored]
        if missing:
            raise TypeError(f"preprocessing lacks {', '.join(missing)}")
        return cls(**stored)


PLAIN = Preprocessing()
"""Images as they are, equalised and resized."""
