"""What was found in one image, as the writers of results need it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from monai_covid.labels import display_name


@dataclass(frozen=True, eq=False)
class ImageFinding:
    """Probabilities and heatmap of one image.

    Attributes:
        header: Header of the image, as `source_header` makes it.
        labels: Classes of the network.
        probabilities: Of each class; they add up to 1.
        explained: The class that the heatmap is for.
        relevance: ``(H, W)`` float32 in [0, 1] in the pixels of the image: positive relevance,
            where 1 is the 99.9th percentile of the size of all relevance and everything above.
        overlay: ``(h, w, 3)`` uint8: the radiograph with its heatmap, for any viewer.
        cautions: What a reader should know of the image, in plain words.
    """

    header: Dataset
    labels: tuple[str, ...]
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
    def most_probable(self) -> str:
        """The class with the highest probability; of several the first."""
        return self.labels[int(np.argmax(self.probabilities))]

    @property
    def lines(self) -> list[str]:
        """The finding in words: the most probable class, each probability, each caution."""
        shown = [
            f"{display_name(label)} {probability:.1%}"
            for label, probability in zip(self.labels, self.probabilities, strict=True)
        ]
        most_probable = f"Most probable class: {display_name(self.most_probable)}"
        return [most_probable, *shown, *map(caution_line, self.cautions)]


def caution_line(caution: str) -> str:
    """Return a caution as it stands among other lines."""
    return f"Caution: {caution.rstrip('.')}"


def _check_range(name: str, values: NDArray[Any]) -> None:
    if not (np.isfinite(values).all() and values.min() >= 0 and values.max() <= 1):
        raise ValueError(f"{name} must lie in [0, 1], got {values.min()} to {values.max()}")
