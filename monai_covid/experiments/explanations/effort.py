"""How many images are explained, by which methods."""

from __future__ import annotations

from dataclasses import dataclass

from monai_covid.errors import OptionError
from monai_covid.evaluation.bootstrap import RESAMPLES
from monai_covid.experiments.explanations.measure import titles
from monai_covid.experiments.explanations.summary import FEWEST

FEWEST_RESAMPLES = 40


@dataclass(frozen=True)
class Effort:
    """How much is measured.

    Attributes:
        images_per_class: Synthetic images of each class with lesions; of a model's: all.
        randomised_images: Images of the randomisation check.
        resamples: Bootstrap resamples.
        methods: Of ``explain.METHODS``, and ``random`` as a control.

    Raises:
        OptionError: If a number is too small, or a method is unknown or named twice.
    """

    images_per_class: int = 20
    randomised_images: int = FEWEST
    resamples: int = RESAMPLES
    methods: tuple[str, ...] = tuple(titles())

    def __post_init__(self) -> None:
        """Check the values."""
        wrong = [
            f"{name} is {value}, must be at least {least}"
            for name, value, least in (
                ("images_per_class", self.images_per_class, FEWEST),
                ("randomised_images", self.randomised_images, 1),
                ("resamples", self.resamples, FEWEST_RESAMPLES),
            )
            if value < least
        ]
        unknown = [name for name in self.methods if name not in titles()]
        if unknown or not self.methods:
            wrong.append(f"methods {unknown} are unknown; some of {', '.join(titles())} are needed")
        if len(set(self.methods)) < len(self.methods):
            wrong.append(f"methods are named twice: {', '.join(self.methods)}")
        if wrong:
            raise OptionError("; ".join(wrong))
