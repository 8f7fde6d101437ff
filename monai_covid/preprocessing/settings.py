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
FULL_RANGE = "full"
VIEWS = ("whole", "square", "centre")
RESIZING = ("triangle", "gaussian")
SCALES = ("imagenet", "1024")

_CHOICES = {
    "lungs": LUNGS,
    "text": TEXT,
    "grey": (*GREY, FULL_RANGE),
    "view": VIEWS,
    "resizing": RESIZING,
    "scale": SCALES,
}
_OF_OTHERS = ("view", "resizing", "scale")
"""What only imported networks have otherwise; left out of stored fields where it is usual."""


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
            ``full``, of imported networks: as they are, 0 to 255, and deeper images linearly from
            their lowest to their highest value.
        view: ``whole``: all of the image. ``square``: the square in its middle. ``centre``: seven
            eighths of that, as of images that are resized to 256 pixels and cut to 224.
        resizing: ``triangle``: bilinear, over all pixels. ``gaussian``: a Gaussian filter, then
            bilinear, as scikit-image does it.
        scale: ``imagenet``: standardised by ImageNet's mean and deviation. ``1024``: from -1024
            to 1024, as TorchXRayVision does it.

    Raises:
        ValueError: If a value is none of these.
    """

    lungs: str = "whole"
    text: str = "keep"
    grey: str = "equalise"
    view: str = "whole"
    resizing: str = "triangle"
    scale: str = "imagenet"

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
        stored = asdict(self)
        usual = {field.name: field.default for field in fields(self)}
        return {
            name: value
            for name, value in stored.items()
            if name not in _OF_OTHERS or value != usual[name]
        }

    @classmethod
    def from_fields(cls, stored: Mapping[str, Any]) -> Preprocessing:
        """Return what ``stored`` wrote down.

        Raises:
            TypeError: If a name is unknown or a value is missing.
            ValueError: If a value is unknown.
        """
        needed = (field.name for field in fields(cls) if field.name not in _OF_OTHERS)
        missing = [name for name in needed if name not in stored]
        if missing:
            raise TypeError(f"preprocessing lacks {', '.join(missing)}")
        return cls(**stored)


PLAIN = Preprocessing()
"""Images as they are, equalised and resized."""
