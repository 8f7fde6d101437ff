"""What was found in one image, as the writers of results need it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from monai_covid.labels import LabelSet

PRESENT = 0.5
"""Probability from which a label counts as present where labels do not exclude each other."""


@dataclass(frozen=True, eq=False)
class ImageFinding:
    """Probabilities and heatmap of one image.

    Attributes:
        header: Header of the image, as `source_header` makes it.
        classes: Label set of the network.
        probabilities: Of each class; of mutually exclusive ones they add up to 1.
        explained: The class that the heatmap is for.
        relevance: ``(H, W)`` float32 in [0, 1] in the pixels of the image: positive relevance,
            where 1 is the 99.9th percentile of the size of all relevance and everything above.
        overlay: ``(h, w, 3)`` uint8: the radiograph with its heatmap, for any viewer.
        cautions: What a reader should know of the image, in plain words.
    """

    header: Dataset
    classes: LabelSet
    probabilities: tuple[float, ...]
    explained: str
    relevance: NDArray[np.float32]
    overlay: NDArray[np.uint8]
    cautions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Make sure that the parts belong together."""
        if len(self.labels) != len(self.probabilities):
            raise ValueError(
                f"{len(self.labels)} classes but {len(self.probabilities)} probabilities"
            )
        if self.explained not in self.labels:
            raise ValueError(f"explained class {self.explained!r} is none of {self.labels}")
        shape = (self.header.Rows, self.header.Columns)
        if self.relevance.shape != shape:
            raise ValueError(f"relevance {self.relevance.shape} does not fit the image {shape}")
        _check_range("probabilities", np.asarray(self.probabilities))
        _check_range("relevance", self.relevance)

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the classes."""
        return self.classes.names

    @property
    def answered(self) -> tuple[str, ...]:
        """The most probable class; of classes that can hold at once all with at least 0.5."""
        if self.classes.exclusive:
            return (self.most_probable,)
        pairs = zip(self.labels, self.probabilities, strict=True)
        return tuple(label for label, probability in pairs if probability >= PRESENT)

    @property
    def most_probable(self) -> str:
        """The class with the highest probability; of several the first."""
        return self.labels[int(np.argmax(self.probabilities))]

    @property
    def lines(self) -> list[str]:
        """The finding in words: the most probable class, each probability, each caution."""
        shown = [
            f"{label.display} {probability:.1%}"
            for label, probability in zip(self.classes.labels, self.probabilities, strict=True)
        ]
        answered = ", ".join(self.classes[name].display for name in self.answered)
        said = "Most probable class" if self.classes.exclusive else "Probability of 50% or more"
        return [f"{said}: {answered or 'none'}", *shown, *map(caution_line, self.cautions)]


def caution_line(caution: str) -> str:
    """Return a caution as it stands among other lines."""
    return f"Caution: {caution.rstrip('.')}"


def _check_range(name: str, values: NDArray[Any]) -> None:
    if not (np.isfinite(values).all() and values.min() >= 0 and values.max() <= 1):
        raise ValueError(f"{name} must lie in [0, 1], got {values.min()} to {values.max()}")
