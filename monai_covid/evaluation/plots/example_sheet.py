"""A sheet of radiographs with their true and predicted classes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from monai_covid.evaluation.outcomes import FloatArray
from monai_covid.evaluation.plots.style import (
    FOOTER_HEIGHT,
    INK,
    MARGIN,
    PALETTE,
    RIGHT,
    RULE,
    SMALL_SIZE,
    TITLE_HEIGHT,
    WRONG,
    new_figure,
)
from monai_covid.evaluation.wording import counted
from monai_covid.labels import display_name

IMAGE_SIDE = 1.8
GAP = 0.3
HEADER = 0.4
BAR_HEIGHT = 0.16
BARS_AT_MOST = 6
CHARACTER_WIDTH = 0.055
"""Of the class names under an image, in inches, like the sizes above."""


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
    bars = BAR_HEIGHT * min(len(class_names), BARS_AT_MOST)
    cell = HEADER + IMAGE_SIDE + 0.06 + bars + 0.2
    width = max(columns * (IMAGE_SIDE + GAP) + 0.1, 3.8)
    height = rows * cell + TITLE_HEIGHT + FOOTER_HEIGHT
    subtitle = f"{counted(len(examples), 'image')}; bars: predicted probability, dark: true class"
    figure = new_figure(width, height, title, subtitle)
    figure.set_layout_engine("none")  # Every place is given in inches below.
    for position, example in enumerate(examples):
        row, column = divmod(position, columns)
        left = MARGIN + column * (IMAGE_SIDE + GAP)
        bottom = height - TITLE_HEIGHT - row * cell - HEADER - IMAGE_SIDE
        _image(_place(figure, left, bottom, IMAGE_SIDE), example, class_names)
        _bars(_place(figure, left, bottom - 0.06 - bars, bars), example, class_names)
    return figure


def _place(figure: Figure, left: float, bottom: float, height: float) -> Axes:
    """Return axes as wide as an image; sizes in inches."""
    width, total = figure.get_size_inches()
    return figure.add_axes((left / width, bottom / total, IMAGE_SIDE / width, height / total))


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


def _image(axes: Axes, example: Example, class_names: Sequence[str]) -> None:
    pixels = np.asarray(example.pixels)
    axes.imshow(pixels, cmap="gray", aspect="equal")
    # A square frame around every image keeps the sheet aligned.
    height, width = pixels.shape
    half = max(height, width) / 2
    axes.set_xlim(width / 2 - 0.5 - half, width / 2 - 0.5 + half)
    axes.set_ylim(height / 2 - 0.5 + half, height / 2 - 0.5 - half)
    axes.set_facecolor("black")
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    predicted = class_names[int(np.argmax(np.asarray(example.probabilities)))]
    true = "not known" if example.true is None else display_name(example.true)
    is_correct = example.true == predicted
    sign = "" if example.true is None else " ✓" if is_correct else " ✗"
    hue = INK if example.true is None else RIGHT if is_correct else WRONG
    _heading(axes, 15, f"True: {true}", INK, "normal")
    _heading(axes, 4, f"Predicted: {display_name(predicted)}{sign}", hue, "bold")


def _heading(axes: Axes, points: float, text: str, hue: str, weight: str) -> None:
    axes.annotate(
        text,
        (0, 1),
        xytext=(0, points),
        xycoords="axes fraction",
        textcoords="offset points",
        size=SMALL_SIZE - 0.5,
        color=hue,
        weight=weight,
    )


def _bars(axes: Axes, example: Example, class_names: Sequence[str]) -> None:
    values = np.asarray(example.probabilities, dtype=np.float64)
    classes = _drawn_classes(values, example.true, class_names)
    names = [display_name(class_names[index]) for index in classes]
    left = CHARACTER_WIDTH * max(map(len, names)) + 0.04
    span = IMAGE_SIDE - left - 0.28
    axes.set_axis_off()
    axes.set(xlim=(0, IMAGE_SIDE), ylim=(len(classes) - 0.5, -0.5))
    for place, (index, name) in enumerate(zip(classes, names, strict=True)):
        value = float(values[index])
        hue = PALETTE[0] if class_names[index] == example.true else PALETTE[5]
        axes.barh(place, span, left=left, color=RULE, height=0.62, alpha=0.6)
        axes.barh(place, value * span, left=left, color=hue, height=0.62)
        text: dict[str, Any] = {"size": SMALL_SIZE - 1.5, "va": "center", "color": INK}
        axes.text(left - 0.04, place, name, ha="right", **text)
        axes.text(IMAGE_SIDE, place, f"{value:.2f}", ha="right", **text)


def _drawn_classes(values: FloatArray, true: str | None, class_names: Sequence[str]) -> list[int]:
    """Return all classes, or of many the most probable ones and the true one."""
    if len(values) <= BARS_AT_MOST:
        return list(range(len(values)))
    order = np.argsort(-values, kind="stable")[:BARS_AT_MOST].tolist()
    if true is not None and class_names.index(true) not in order:
        order[-1] = class_names.index(true)
    return [int(index) for index in order]
