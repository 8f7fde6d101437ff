"""A sheet of radiographs with their true and predicted classes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from monai_covid.evaluation.plots.style import (
    FAINT_INK,
    INK,
    PALETTE,
    RIGHT,
    RULE,
    SMALL_SIZE,
    WRONG,
    new_figure,
)
from monai_covid.evaluation.wording import counted
from monai_covid.labels import display_name

IMAGE_SIDE = 1.75
BAR_HEIGHT = 0.17


class Example(NamedTuple):
    """One radiograph of the sheet.

    Attributes:
        pixels: ``(H, W)``; shown from its lowest value (black) to its highest (white).
        true: Name of the true class, None when it is not known.
        probabilities: ``(C,)`` in [0, 1].
    """

    pixels: ArrayLike
    true: str | None
    probabilities: ArrayLike


def draw_example_sheet(
    examples: Sequence[Example],
    class_names: Sequence[str],
    columns: int = 4,
    title: str = "Examples",
) -> Figure:
    """Draw radiographs in a grid, each with its true class, its prediction and its probabilities.

    Args:
        examples: At least one.
        class_names: The C classes.
        columns: Radiographs per row.
        title: Title of the sheet.

    Returns:
        The figure.

    Raises:
        ValueError: If there is nothing to draw or a shape does not fit.
    """
    _check(examples, class_names)
    columns = min(columns, len(examples))
    rows = math.ceil(len(examples) / columns)
    bars = BAR_HEIGHT * len(class_names) + 0.1
    height = rows * (IMAGE_SIDE + bars + 0.55) + 1.0
    subtitle = f"{counted(len(examples), 'image')}; bars: predicted probability"
    width = max(columns * (IMAGE_SIDE + 0.25) + 0.4, 3.6)
    figure = new_figure(width, height, title, subtitle)
    grid = figure.add_gridspec(2 * rows, columns, height_ratios=[IMAGE_SIDE, bars] * rows)
    for position, example in enumerate(examples):
        row, column = divmod(position, columns)
        chosen = int(np.argmax(np.asarray(example.probabilities)))
        _image(figure.add_subplot(grid[2 * row, column]), example, class_names[chosen])
        _bars(figure.add_subplot(grid[2 * row + 1, column]), example, class_names)
    return figure


def _check(examples: Sequence[Example], class_names: Sequence[str]) -> None:
    if not examples:
        raise ValueError("there are no examples to draw")
    for position, example in enumerate(examples):
        if np.ndim(example.pixels) != 2:
            shape = np.shape(example.pixels)
            raise ValueError(f"example {position}: pixels must be (H, W), got shape {shape}")
        if np.shape(example.probabilities) != (len(class_names),):
            shape = np.shape(example.probabilities)
            raise ValueError(
                f"example {position}: probabilities must be ({len(class_names)},), got {shape}"
            )
        if example.true is not None and example.true not in class_names:
            raise ValueError(
                f"example {position}: true class {example.true!r} is not in {list(class_names)}"
            )


def _image(axes: Axes, example: Example, predicted: str) -> None:
    axes.imshow(np.asarray(example.pixels), cmap="gray", aspect="equal")
    axes.set_axis_off()
    known = "not known" if example.true is None else display_name(example.true)
    agrees = example.true == predicted
    sign = "" if example.true is None else " ✓" if agrees else " ✗"
    hue = INK if example.true is None else RIGHT if agrees else WRONG
    axes.text(0, 1.14, f"True: {known}", transform=axes.transAxes, size=SMALL_SIZE, color=INK)
    axes.text(
        0,
        1.03,
        f"Predicted: {display_name(predicted)}{sign}",
        transform=axes.transAxes,
        size=SMALL_SIZE,
        color=hue,
        weight="bold",
    )


def _bars(axes: Axes, example: Example, class_names: Sequence[str]) -> None:
    values = np.asarray(example.probabilities, dtype=np.float64)
    places = np.arange(len(values))
    hues = [PALETTE[0] if name == example.true else PALETTE[5] for name in class_names]
    axes.barh(places, np.ones(len(values)), color=RULE, height=0.62, alpha=0.6)
    axes.barh(places, values, color=hues, height=0.62)
    axes.set_yticks(places, [display_name(name) for name in class_names])
    axes.tick_params(labelsize=SMALL_SIZE - 1.5, length=0, labelcolor=INK, pad=2)
    axes.set_xticks([])
    axes.set_xlim(0, 1.28)
    axes.set_ylim(len(values) - 0.4, -0.6)
    for place, value in enumerate(values):
        axes.text(
            1.27, place, f"{value:.2f}", size=SMALL_SIZE - 1.5, va="center", ha="right", color=INK
        )
    for spine in axes.spines.values():
        spine.set_visible(False)
        spine.set_color(FAINT_INK)
