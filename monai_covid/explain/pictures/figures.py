"""The three figures of relevance maps: a map, an overlay, and all classes side by side.

All are pictures in a row, on which the lungs are outlined, with headings above, bars of probability
and the scale of relevance below.
"""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from monai_covid.evaluation.plots.style import (
    FAINT_INK,
    FOOTER_HEIGHT,
    INK,
    LABEL_SIZE,
    MARGIN,
    PALETTE,
    RULE,
    SMALL_SIZE,
    TITLE_HEIGHT,
    new_figure,
)
from monai_covid.explain.pictures.blend import DIVERGING, FloatMap, blend, symmetric_limit

LONGER_SIDE = 3.0
NARROWEST_FIGURE = 4.2
GAP = 0.16
HEADING = 0.24
BAR = 0.3

SCALE = 0.46
"""Of the row below the pictures, in inches, like the sizes above."""

SHADES = 256
"""Of a scale."""

LINE = 0.15
"""Of each line below the title after the first."""

LETTERS = 15
"""Of a line below the title, an inch."""

OUTLINE = "#FFFFFF"
OUTLINE_ON_WHITE = "#444444"

Mask = NDArray[np.bool_]


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


def draw_map(
    class_map: ClassMap, title: str, subtitle: str = "", lungs: Mask | None = None
) -> Figure:
    """Draw relevance alone, on white, with the outline of ``lungs``, (H, W)."""
    limit = symmetric_limit([class_map.relevance])
    picture = DIVERGING(class_map.relevance / (2 * limit) + 0.5)[..., :3]
    cell = Cell(picture, class_map.name, class_map.probability, lungs, OUTLINE_ON_WHITE)
    colours = DIVERGING(np.linspace(0, 1, SHADES))[:, :3]
    return draw_cells([cell], Scale(limit, colours), title, subtitle)


def draw_overlay(
    grey: FloatMap,
    class_map: ClassMap,
    title: str,
    subtitle: str = "",
    lungs: Mask | None = None,
) -> Figure:
    """Draw relevance on the radiograph, whose grey values are (H, W) in [0, 1]."""
    limit = symmetric_limit([class_map.relevance])
    picture = blend(grey, class_map.relevance, limit)
    cell = Cell(picture, class_map.name, class_map.probability, lungs)
    return draw_cells([cell], _on_grey(limit), title, subtitle)


def draw_panel(
    grey: FloatMap,
    classes: Sequence[ClassMap],
    title: str,
    subtitle: str = "",
    lungs: Mask | None = None,
) -> Figure:
    """Draw the radiograph and every class beside it, on one scale; the most probable is bold.

    Args:
        grey: ``(H, W)`` in [0, 1].
        classes: At least one.
        title: First line.
        subtitle: Lines below it.
        lungs: Whose outline is drawn, ``(H, W)``.
    """
    limit = symmetric_limit([class_map.relevance for class_map in classes])
    highest = max(class_map.probability for class_map in classes)
    cells = [
        Cell(
            blend(grey, class_map.relevance, limit),
            class_map.name,
            class_map.probability,
            lungs,
            is_strong=class_map.probability == highest,
        )
        for class_map in classes
    ]
    return draw_cells([Cell(grey, "Radiograph"), *cells], _on_grey(limit), title, subtitle)


def _on_grey(limit: float) -> Scale:
    """Return the scale of relevance that is laid over a radiograph, as it shows on mid-grey."""
    relevance = np.linspace(-limit, limit, SHADES, dtype=np.float32)[None]
    return Scale(limit, blend(np.full_like(relevance, 0.5), relevance, limit)[0])


class Cell(NamedTuple):
    """One picture of the row.

    Attributes:
        picture: ``(H, W)`` grey or ``(H, W, 3)`` colour, in [0, 1].
        heading: What it shows.
        probability: Of the class it is about, in [0, 1]; None if it is about none.
        lungs: ``(H, W)``; their outline is drawn.
        outline: Its colour.
        is_strong: Whether the heading is bold.
    """

    picture: NDArray[Any]
    heading: str
    probability: float | None = None
    lungs: Mask | None = None
    outline: str = OUTLINE
    is_strong: bool = False


class Scale(NamedTuple):
    """How relevance is shown.

    Attributes:
        limit: Relevance at the ends.
        colours: From one end to the other, ``(N, 3)`` in [0, 1].
    """

    limit: float
    colours: NDArray[Any]


def draw_cells(cells: Sequence[Cell], scale: Scale, title: str, subtitle: str) -> Figure:
    """Draw pictures of one size in a row.

    Args:
        cells: At least one.
        scale: How they show relevance.
        title: First line.
        subtitle: Lines below it; long ones are broken.

    Returns:
        The figure, with the research-use notice.

    Raises:
        ValueError: If there is nothing to draw or the sizes differ.
    """
    sizes = {cell.picture.shape[:2] for cell in cells}
    if len(sizes) != 1:
        raise ValueError(f"pictures of one size are needed, got {sorted(sizes)}")
    rows, columns = sizes.pop()
    tall, wide = (LONGER_SIDE * side / max(rows, columns) for side in (rows, columns))
    bar = BAR if any(cell.probability is not None for cell in cells) else 0.0
    row = len(cells) * wide + (len(cells) - 1) * GAP
    width = max(row + 2 * MARGIN, NARROWEST_FIGURE)
    lines = _broken(subtitle, width)
    heads = TITLE_HEIGHT + LINE * (len(lines) - 1)
    height = heads + HEADING + tall + bar + SCALE + FOOTER_HEIGHT
    figure = new_figure(width, height, title, "\n".join(lines))
    figure.set_layout_engine("none")  # Every place is given in inches below.
    bottom = FOOTER_HEIGHT + SCALE + bar
    for position, cell in enumerate(cells):
        left = (width - row) / 2 + position * (wide + GAP)
        _picture(_place(figure, left, bottom, wide, tall), cell)
        if cell.probability is not None:
            _bar(_place(figure, left, bottom - BAR + 0.06, wide, 0.14), cell.probability)
    across = min(width - 2 * MARGIN, 3.4)
    _scale(_place(figure, (width - across) / 2, FOOTER_HEIGHT + 0.3, across, 0.1), scale)
    return figure


def _broken(text: str, width: float) -> list[str]:
    letters = round(LETTERS * (width - 2 * MARGIN))
    return [part for line in text.split("\n") for part in wrap(line, letters) or [""]]


def _place(figure: Figure, left: float, bottom: float, width: float, height: float) -> Axes:
    """Return axes at a place in inches."""
    across, up = figure.get_size_inches()
    return figure.add_axes((left / across, bottom / up, width / across, height / up))


def _picture(axes: Axes, cell: Cell) -> None:
    axes.imshow(cell.picture, cmap="gray", vmin=0, vmax=1, aspect="auto", interpolation="bilinear")
    if cell.lungs is not None and cell.lungs.any() and not cell.lungs.all():
        axes.contour(cell.lungs, levels=[0.5], colors=cell.outline, linewidths=0.6)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_color(RULE)
    axes.set_title(
        cell.heading,
        size=LABEL_SIZE,
        color=INK,
        loc="left",
        pad=4,
        weight="bold" if cell.is_strong else "normal",
    )


def _bar(axes: Axes, probability: float) -> None:
    axes.set_axis_off()
    axes.set(xlim=(0, 1.28), ylim=(-0.5, 0.5))
    axes.barh(0, 1.0, color=RULE, height=0.8)
    axes.barh(0, probability, color=PALETTE[0], height=0.8)
    axes.text(1.28, 0, f"{probability:.3f}", size=SMALL_SIZE, color=INK, ha="right", va="center")


def _scale(axes: Axes, scale: Scale) -> None:
    axes.imshow(scale.colours[None], aspect="auto", extent=(-1, 1, 0, 1))
    axes.set_yticks([])
    axes.set_xticks([-1, 0, 1], [f"{-scale.limit:.1e}", "0", f"{scale.limit:.1e}"])
    axes.tick_params(labelsize=SMALL_SIZE - 1, length=2, labelcolor=FAINT_INK, color=FAINT_INK)
    axes.spines[:].set_color(RULE)
    style: dict[str, Any] = {"size": SMALL_SIZE, "color": INK, "va": "top"}
    axes.text(-0.5, -0.7, "against", ha="center", **style)
    axes.text(0.5, -0.7, "for the class", ha="center", **style)
