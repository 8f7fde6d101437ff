"""One-vs-rest ROC curves with their bootstrap bands."""

from __future__ import annotations

import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from monai_covid.evaluation.plots.style import (
    FAINT_INK,
    SMALL_SIZE,
    colour,
    new_figure,
    style_axes,
)
from monai_covid.evaluation.report import EvaluationReport
from monai_covid.evaluation.roc_band import GRID, RocBand, roc_bands
from monai_covid.evaluation.wording import sample_size, value_with_interval
from monai_covid.labels import display_name

FALSE_POSITIVES = "1 \N{MINUS SIGN} specificity (false positive rate)"
TRUE_POSITIVES = "Sensitivity (true positive rate)"

DASHES = ((0, ()), (0, (6, 2)), (0, (2, 1.5)), (0, (6, 2, 1.5, 2)))
"""Line styles, so that equal curves do not hide each other and a grey print can be read."""

TOGETHER_AT_MOST = len(DASHES)
"""More curves than this hide each other, so each gets its own panel."""


def draw_roc_curves(report: EvaluationReport) -> Figure:
    """Draw the ROC curve of each class against the rest, with AUC and 95 % interval.

    Args:
        report: Single-label or multi-label report.

    Returns:
        One panel for up to four classes, else one panel per class. Classes whose curve is not
        defined are named as such.
    """
    bands = roc_bands(report)
    subtitle = (
        f"{sample_size(report.n_images, report.n_patients)}; AUC and band: 95 % intervals over "
        "patients"
    )
    if len(report.class_names) <= TOGETHER_AT_MOST:
        return _together(report, bands, subtitle)
    return _apart(report, bands, subtitle)


def _together(report: EvaluationReport, bands: dict[str, RocBand], subtitle: str) -> Figure:
    figure = new_figure(5.2, 5.7, "ROC curves, one class against the rest", subtitle)
    axes = figure.add_subplot()
    _frame(axes)
    for position, name in enumerate(report.class_names):
        row = report.row("auc", name)
        text = f"{display_name(name)}, n = {row.support:,}: {value_with_interval(row)}"
        _curve(axes, bands.get(name), position, text)
    if not bands:
        axes.text(0.5, 0.6, "no class has both outcomes", ha="center", color=FAINT_INK)
    legend = axes.legend(
        loc="lower right", fontsize=SMALL_SIZE, frameon=True, title="AUC (95 % interval)"
    )
    legend.get_title().set_fontsize(SMALL_SIZE)
    legend.get_frame().set(edgecolor="none", alpha=0.85)
    axes.set_xlabel(FALSE_POSITIVES)
    axes.set_ylabel(TRUE_POSITIVES)
    return figure


def _apart(report: EvaluationReport, bands: dict[str, RocBand], subtitle: str) -> Figure:
    columns = 5 if len(report.class_names) > 8 else 4
    rows = math.ceil(len(report.class_names) / columns)
    title = "ROC curves, one label against the rest"
    figure = new_figure(1.75 * columns + 0.7, 1.98 * rows + 1.2, title, subtitle)
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    for position, axes in enumerate(panels.flat):
        if position >= len(report.class_names):
            axes.set_visible(False)
            continue
        name = report.class_names[position]
        row = report.row("auc", name)
        _frame(axes)
        _curve(axes, bands.get(name), 0, "")
        heading = f"{display_name(name)}, n = {row.support:,}\n{value_with_interval(row)}"
        axes.set_title(heading, fontsize=SMALL_SIZE - 1, loc="left")
        lowest = position + columns >= len(report.class_names)
        axes.tick_params(labelbottom=lowest, labelsize=SMALL_SIZE - 1)
        if lowest:
            axes.set_xlabel(FALSE_POSITIVES.partition(" (")[0], fontsize=SMALL_SIZE - 1)
        if position % columns == 0:
            axes.set_ylabel(TRUE_POSITIVES.partition(" (")[0], fontsize=SMALL_SIZE - 1)
    return figure


def _frame(axes: Axes) -> None:
    style_axes(axes)
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "0.25", "0.5", "0.75", "1"])
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0", "0.25", "0.5", "0.75", "1"])
    axes.plot([0, 1], [0, 1], color=FAINT_INK, linewidth=0.8, linestyle=(0, (2, 3)))


def _curve(axes: Axes, band: RocBand | None, position: int, text: str) -> None:
    hue, dashes = colour(position), DASHES[position]
    if band is None:
        axes.plot([], [], color=hue, linewidth=1.6, linestyle=dashes, label=text)
        return
    axes.fill_between(GRID, band.low, band.high, color=hue, alpha=0.15, linewidth=0)
    axes.plot(
        band.false_positive_rate,
        band.true_positive_rate,
        color=hue,
        linewidth=1.6,
        linestyle=dashes,
        label=text,
        clip_on=False,
    )
