"""Figure of a study's learning curves: means over runs with bands, a small plot for each arm."""

from __future__ import annotations

import math
from collections.abc import Sequence
from io import BytesIO
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from PIL import Image

from monai_covid.evaluation.bootstrap import LEVEL, RESAMPLES
from monai_covid.evaluation.outcomes import FloatArray
from monai_covid.evaluation.plots.style import (
    FAINT_INK,
    FOOTER_HEIGHT,
    INK,
    LABEL_SIZE,
    MARGIN,
    RULE,
    SMALL_SIZE,
    colour,
    new_figure,
    style_axes,
)
from monai_covid.evaluation.wording import counted
from monai_covid.lab.studies.pages.records import Arm, Study

SEED = 0

DPI = 110

COLOURS = 64
"""Of the palette: files of plots are a third as large as with all colours, and look the same."""

COLUMNS = 3

BASELINE_DASHES = (0, (4, 1.5))

HEAD_ROOM = 0.8
"""Inches for a title with a subtitle of two lines."""

LONG_NAME = 24
"""Characters from which the runs of an arm are written on a line of their own."""

LEGEND_TOP = 0.07
"""Inches between the upper edge of a figure and its legend."""


def draw_curves(study: Study) -> Figure:
    """Draw validation AUC over epochs: a small plot for each arm, with the one it is compared with.

    Arms that are the mean of others have no curve and no plot.
    The first epochs, over which arms are compared, are shaded. Bands are 95 % intervals of the mean
    by bootstrap over runs; an arm with a single run has none.
    """
    arms = {arm.name: arm for arm in study.arms}
    trained = tuple(arm for arm in study.arms if arm.epochs) or study.arms
    others = [arm for arm in trained if arm.name != study.settings["baseline"]] or trained
    # A mean or a probe has no curve to compare with.
    curved = {arm.name for arm in study.arms if arm.epochs}
    compared = {arm.baseline for arm in others if arm.baseline in curved - {arm.name}}
    columns = min(COLUMNS, len(others))
    rows = math.ceil(len(others) / columns)
    width, height = max(6.6, 2.75 * columns + 0.3), 2.0 * rows + 1.3
    first = int(study.settings["first_epochs"])
    subtitle = f"mean over runs; shaded: the first {counted(first, 'epoch')}\n{_band_words(study)}"
    figure = new_figure(width, height, "Validation AUC while training", subtitle)
    plots = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for axes, arm in zip(plots, others, strict=False):
        style_axes(axes)
        axes.axvspan(0.5, first + 0.5, color=RULE, alpha=0.6, linewidth=0)
        if arm.baseline in compared and arm.baseline != arm.name:
            _curve(axes, mean_curve(arms[arm.baseline]), FAINT_INK, dashed=True)
        _curve(axes, mean_curve(arm), colour(0), dashed=False)
        heading = _heading(arm, named=len(compared) > 1 and arm.baseline in compared)
        axes.set_title(heading, loc="left", size=LABEL_SIZE, color=INK)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.tick_params(labelbottom=True)
        axes.set_xlim(0.5, _last_epoch(study) + 0.5)
    for axes in plots[len(others) :]:
        axes.set_axis_off()
    figure.supxlabel("Epoch", size=LABEL_SIZE, color=INK)
    _legend(figure, compared)
    return figure


def _last_epoch(study: Study) -> float:
    return max((epoch for arm in study.arms for epoch in arm.epochs), default=1.0)


def _heading(arm: Arm, *, named: bool) -> str:
    """Return what stands above a plot; ``named`` tells which arm is the dashed one."""
    runs = counted(len(arm.curves), "run")
    if named and arm.baseline != arm.name:
        return f"{arm.name} ({runs})\ndashed: {arm.baseline}"
    between = "\n" if len(arm.name) > LONG_NAME else " "
    return f"{arm.name}{between}({runs})"


def _band_words(study: Study) -> str:
    counts = [len(arm.curves) for arm in study.arms]
    if max(counts) < 2:
        return "a single run of each arm: no bands"
    some = "; no band where there is a single run" if min(counts) < 2 else ""
    return f"bands: 95 % intervals of the mean, bootstrap over runs{some}"


def _curve(axes: Axes, band: Band, hue: str, *, dashed: bool) -> None:
    marker = "o" if len(band.epochs) == 1 else ""
    style = BASELINE_DASHES if dashed else "-"
    width = 1.2 if dashed else 1.7
    axes.plot(
        band.epochs,
        band.mean,
        color=hue,
        linestyle=style,
        linewidth=width,
        marker=marker,
        markersize=4,
    )
    if band.low is not None and band.high is not None:
        axes.fill_between(band.epochs, band.low, band.high, color=hue, alpha=0.2, linewidth=0)


def _legend(figure: Figure, compared: set[str]) -> None:
    marks = [Line2D([], [], color=colour(0), linewidth=1.7, label="Arm of the plot")]
    if compared:
        is_same = len(compared) == 1
        label = f"Baseline: {min(compared)}" if is_same else "The arm it is compared with"
        marks.append(
            Line2D([], [], color=FAINT_INK, linewidth=1.2, linestyle=BASELINE_DASHES, label=label)
        )
    place_legend(figure, marks)


def place_legend(figure: Figure, marks: Sequence[Line2D], columns: int = 1) -> None:
    """Put a legend beside the title, at the right, and make room for a title of three lines."""
    width, height = figure.get_size_inches()
    left, rest = MARGIN / width, HEAD_ROOM + FOOTER_HEIGHT
    rectangle = (left, FOOTER_HEIGHT / height, 1 - 2 * left, 1 - rest / height)
    figure.set_layout_engine(ConstrainedLayoutEngine(rect=rectangle, wspace=0.04))
    figure.legend(
        handles=list(marks),
        loc="upper right",
        bbox_to_anchor=(1 - left, 1 - LEGEND_TOP / height),
        ncols=columns,
        borderaxespad=0,
        fontsize=SMALL_SIZE,
        frameon=False,
        labelcolor=INK,
    )


def png(figure: Figure) -> bytes:
    """Return a figure as PNG without date or program: the same figure, the same bytes."""
    drawn, small = BytesIO(), BytesIO()
    figure.savefig(drawn, dpi=DPI, format="png", metadata={"Software": None})
    with Image.open(drawn) as picture:
        few = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    few.save(small, format="png", optimize=True)
    return small.getvalue()


class Band(NamedTuple):
    """A mean curve.

    Attributes:
        epochs: ``(E,)`` epochs that every run has.
        mean: ``(E,)`` mean over runs.
        low: ``(E,)`` lower bound of the 95 % interval; None with a single run.
        high: ``(E,)`` upper bound.
    """

    epochs: FloatArray
    mean: FloatArray
    low: FloatArray | None
    high: FloatArray | None


def mean_curve(arm: Arm) -> Band:
    """Return the mean validation AUC of the runs and its percentile bootstrap over them.

    Only epochs that all runs have count: a mean over those that happened to go on would rise or
    fall because runs ended and not because they learned. Runs without any value are left out.
    """
    values = np.array(arm.curves, dtype=np.float64).reshape(len(arm.curves), len(arm.epochs))
    values = values[~np.isnan(values).all(axis=1)]
    shared = ~np.isnan(values).any(axis=0) if len(values) else np.zeros(len(arm.epochs), bool)
    epochs, values = np.array(arm.epochs, dtype=np.float64)[shared], values[:, shared]
    if len(values) == 0:
        return Band(epochs, epochs, None, None)
    if len(values) == 1:
        return Band(epochs, values[0], None, None)
    drawn = np.random.default_rng(SEED).integers(len(values), size=(RESAMPLES, len(values)))
    means = values[drawn].mean(axis=1)
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return Band(epochs, values.mean(axis=0), low, high)
