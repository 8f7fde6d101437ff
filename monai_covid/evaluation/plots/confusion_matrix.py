"""Confusion matrix with counts and row percentages."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from monai_covid.evaluation.outcomes import FloatArray, IntArray
from monai_covid.evaluation.plots.style import FAINT_INK, INK, LABEL_SIZE, new_figure, style_axes
from monai_covid.evaluation.report import EvaluationReport
from monai_covid.evaluation.wording import sample_size
from monai_covid.labels import display_name

MANY_CLASSES = 6


def draw_confusion_matrix(report: EvaluationReport) -> Figure:
    """Draw how many images of each true class got each prediction.

    Colour and percentage are shares of the true class, so that rare classes are as visible as
    common ones.

    Args:
        report: Report of a single-label table.

    Returns:
        The figure.

    Raises:
        ValueError: If the report is multi-label, which has no confusion matrix.
    """
    if report.confusion is None:
        raise ValueError("a multi-label report has no confusion matrix")
    count = len(report.class_names)
    side = max(2.6, (0.95 if count <= MANY_CLASSES else 0.6) * count)
    subtitle = f"{sample_size(report.n_images, report.n_patients)}; percentages of the true class"
    figure = new_figure(side + 2.1, side + 1.7, "Confusion matrix", subtitle)
    axes = figure.add_subplot()
    shares = _row_shares(report.confusion)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    _write_cells(axes, report.confusion, shares)
    _name_axes(axes, report)
    return figure


def _row_shares(counts: IntArray) -> FloatArray:
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.zeros(counts.shape)
    np.divide(counts, totals, out=shares, where=totals > 0)
    return shares


def _write_cells(axes: Axes, counts: IntArray, shares: FloatArray) -> None:
    size = LABEL_SIZE if len(counts) <= MANY_CLASSES else LABEL_SIZE - 3
    for (row, column), count in np.ndenumerate(counts):
        share = shares[row, column]
        axes.text(
            column,
            row,
            f"{count:,}\n{100 * share:.1f} %" if count else "0",
            ha="center",
            va="center",
            size=size,
            linespacing=1.35,
            color="white" if share > 0.55 else INK if count else FAINT_INK,
        )


def _name_axes(axes: Axes, report: EvaluationReport) -> None:
    names = [display_name(name) for name in report.class_names]
    support = [] if report.confusion is None else report.confusion.sum(axis=1).tolist()
    places = range(len(names))
    style_axes(axes, grid="")
    axes.set_xticks(places, names)
    axes.set_yticks(places, [f"{name}\nn = {n:,}" for name, n in zip(names, support, strict=True)])
    if len(names) > MANY_CLASSES:
        axes.set_xticks(places, names, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_xlabel("Predicted class")
    axes.set_ylabel("True class")
    axes.tick_params(length=0)
    edges = np.arange(len(names) - 1) + 0.5
    axes.hlines(edges, -0.5, len(names) - 0.5, color="white", linewidth=1.5)
    axes.vlines(edges, -0.5, len(names) - 0.5, color="white", linewidth=1.5)
    for spine in axes.spines.values():
        spine.set_visible(False)
