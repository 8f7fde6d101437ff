"""The heatmap of one image: its values in the grid of the image, and its pictures."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from monai_covid import RESEARCH_USE_ONLY
from monai_covid.errors import OptionError
from monai_covid.evaluation.plots.style import save_png
from monai_covid.explain.methods import METHODS
from monai_covid.explain.pictures.blend import FloatMap, display_grey
from monai_covid.explain.pictures.figures import ClassMap, draw_map, draw_overlay, draw_panel
from monai_covid.explain.pictures.grid import scaled_box, smoothed, to_image_grid
from monai_covid.inference.explaining import Explanation, HeatmapRequest
from monai_covid.inference.image import PreparedImage, reduced
from monai_covid.inference.prediction import Prediction
from monai_covid.inference.sources import Pixels
from monai_covid.labels import display_name
from monai_covid.preprocessing.lungs.find import find_lungs

SMOOTHING = 2.0
"""Standard deviation in pixels of the network's input; of the pictures, not of the values."""

PICTURES = ("map", "overlay", "panel")
"""Relevance alone, on the radiograph, and the radiograph beside several classes."""

DPI = 160

LONGEST_NAME = 36
"""Letters of an image's name on its pictures."""


@dataclass(frozen=True, eq=False, repr=False)
class Heatmap:
    """Which pixels of an image speak for a class (positive) and against it (negative).

    Attributes:
        image: The image, with its grey values (of files in a folder: reduced).
        prediction: What the network says of it.
        explanation: The maps in the network's input.
        request: What was asked for, settled for the network.
        smoothing: Of the pictures, in pixels of the network's input; 0: none.
    """

    image: PreparedImage
    prediction: Prediction
    explanation: Explanation
    request: HeatmapRequest
    smoothing: float = SMOOTHING

    @property
    def label(self) -> str:
        """The class that is explained."""
        return list(self.prediction.probabilities)[self.explanation.target]

    @property
    def values(self) -> NDArray[np.float32]:
        """Relevance of the network's input, ``(C, S, S)`` float32."""
        return self.explanation.maps[self.explanation.target]

    @property
    def relevance(self) -> FloatMap:
        """Relevance in the pixels of the image, ``(H, W)`` float32, with the sum of ``values``."""
        return to_image_grid(self.values, self.image.radiograph.shape, self.image.visible_region)

    @property
    def caution(self) -> str:
        """That the heatmap speaks against the answer, in words; empty if it does not."""
        return self.explanation.contradiction(self.prediction)

    @property
    def notice(self) -> str:
        """What the heatmap is for: research, not diagnosis."""
        return RESEARCH_USE_ONLY

    def figures(self, *kinds: str) -> dict[str, Figure]:
        """Return some of ``PICTURES``, by default all."""
        grey = display_grey(self._displayed())
        maps = self._class_maps((grey.shape[0], grey.shape[1]))
        target, in_order = maps[self.explanation.target], [maps[index] for index in sorted(maps)]
        title, lungs = _shortened(Path(self.prediction.image).name), lungs_to_draw(grey)
        one, each = self._subtitle("class"), self._subtitle("each class")
        draw = {
            "map": lambda: draw_map(target, title, one, lungs),
            "overlay": lambda: draw_overlay(grey, target, title, one, lungs),
            "panel": lambda: draw_panel(grey, in_order, title, each, lungs),
        }
        return {kind: draw[kind]() for kind in kinds or PICTURES}

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the radiograph with its heatmap as a PNG; return its path.

        Raises:
            OptionError: If the name does not end in ``.png``.
        """
        path = Path(path)
        if path.suffix.lower() != ".png":
            raise OptionError(
                f"{path}: a heatmap is saved as .png; numpy.save writes its .relevance"
            )
        save_png(self.figures("overlay")["overlay"], path, dpi=DPI)
        return path

    def _repr_png_(self) -> bytes:
        """Return the picture that a notebook shows."""
        stream = io.BytesIO()
        self.figures("overlay")["overlay"].savefig(stream, dpi=DPI, format="png")
        return stream.getvalue()

    def __repr__(self) -> str:
        """Return image, class and method, in one line."""
        rows, columns = self.image.radiograph.shape
        against = " against the other classes" if self.request.contrast else ""
        return (
            f"<Heatmap {self.prediction.image} ({rows}x{columns}): {self.label}{against}, by "
            f"{self.request.method}. {self.notice}>"
        )

    def _displayed(self) -> FloatMap:
        pixels = self.image.radiograph.pixels
        if pixels is None:
            raise ValueError(f"{self.prediction.image}: its grey values were not kept")
        return reduced(pixels)

    def _class_maps(self, shape: tuple[int, int]) -> dict[int, ClassMap]:
        """Return the maps in an image of ``shape``, to be shown."""
        region = self.image.visible_region
        if region is not None:
            region = scaled_box(region, self.image.radiograph.shape, shape)
        names, probabilities = zip(*self.prediction.probabilities.items(), strict=True)
        return {
            index: ClassMap(
                display_name(names[index]),
                probabilities[index],
                to_image_grid(smoothed(values, self.smoothing), shape, region),
            )
            for index, values in self.explanation.maps.items()
        }

    def _subtitle(self, what: str) -> str:
        """Return the answer, how it is explained, and whether the two disagree."""
        said = self.prediction.probabilities
        names = [f"{display_name(name)} {said[name]:.1%}" for name in self.prediction.classes]
        side = self.values.shape[-1]
        method = METHODS[self.request.method].title
        explained = f"{what} against the others" if self.request.contrast else f"{what} alone"
        drawn = f"; smoothed by {self.smoothing:g} px of it" if self.smoothing else ""
        lines = [
            f"Answer: {', '.join(names) or 'none of the classes'}",
            f"{method}: {explained}; network input {side} x {side} px{drawn}",
            self.caution,
        ]
        return "\n".join(filter(None, lines))


def lungs_to_draw(grey: Pixels) -> NDArray[np.bool_] | None:
    """Return the lungs in grey values (H, W) in their size; None where they are not plausible."""
    lungs = find_lungs(grey)
    return lungs.mask if lungs.plausible else None


def _shortened(name: str) -> str:
    """Return a name of at most ``LONGEST_NAME`` letters, of longer ones the end."""
    return name if len(name) <= LONGEST_NAME else f"…{name[1 - LONGEST_NAME :]}"
