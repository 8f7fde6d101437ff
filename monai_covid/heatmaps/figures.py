"""The three pictures of a relevance map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from monai_covid.heatmaps.blend import blend
from monai_covid.heatmaps.cells import Cell, Scale, draw_cells
from monai_covid.heatmaps.colours import DIVERGING, FloatMap, symmetric_limit

SHADES = 256
"""Of a scale."""


class ClassMap(NamedTuple):
    """What speaks for and against one class.

    Attributes:
        name: Of the class, for people.
        probability: In [0, 1].
        relevance: ``(H, W)``, in the pixels of the image.
    """

    name: str
    probability: float
    relevance: FloatMap


def draw_map(shown: ClassMap, title: str, subtitle: str = "") -> Figure:
    """Draw relevance alone, on white."""
    limit = symmetric_limit([shown.relevance])
    picture = DIVERGING(shown.relevance / (2 * limit) + 0.5)[..., :3]
    cell = Cell(picture, shown.name, shown.probability)
    colours = DIVERGING(np.linspace(0, 1, SHADES))[:, :3]
    return draw_cells([cell], Scale(limit, colours), title, subtitle)


def draw_overlay(grey: FloatMap, shown: ClassMap, title: str, subtitle: str = "") -> Figure:
    """Draw relevance on the radiograph, whose grey values are (H, W) in [0, 1]."""
    limit = symmetric_limit([shown.relevance])
    cell = Cell(blend(grey, shown.relevance, limit), shown.name, shown.probability)
    return draw_cells([cell], _on_grey(limit), title, subtitle)


def draw_panel(
    grey: FloatMap, classes: Sequence[ClassMap], title: str, subtitle: str = ""
) -> Figure:
    """Draw the radiograph and every class beside it, on one scale; the most probable is bold.

    Args:
        grey: ``(H, W)`` in [0, 1].
        classes: At least one.
        title: First line.
        subtitle: Second line.
    """
    limit = symmetric_limit([each.relevance for each in classes])
    highest = max(each.probability for each in classes)
    cells = [
        Cell(
            blend(grey, each.relevance, limit),
            each.name,
            each.probability,
            is_strong=each.probability == highest,
        )
        for each in classes
    ]
    return draw_cells([Cell(grey, "Radiograph"), *cells], _on_grey(limit), title, subtitle)


def _on_grey(limit: float) -> Scale:
    """Return the scale of relevance that is laid over a radiograph, as it shows on mid-grey."""
    relevance = np.linspace(-limit, limit, SHADES, dtype=np.float32)[None]
    return Scale(limit, blend(np.full_like(relevance, 0.5), relevance, limit)[0])
