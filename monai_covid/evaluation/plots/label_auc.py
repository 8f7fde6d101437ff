"""AUC of each label as a dot with its interval."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from monai_covid.evaluation.plots.style import (
    FAINT_INK,
    INK,
    SMALL_SIZE,
    colour,
    new_figure,
    style_axes,
)
from monai_covid.evaluation.report import EvaluationReport, MetricRow
from monai_covid.evaluation.wording import sample_size, value_with_interval
from monai_covid.labels import display_name


def draw_label_auc(report: EvaluationReport) -> Figure:
    """Draw the AUC of every label with its 95 % interval, best first, and the macro AUC.

    Labels whose AUC is not defined come last and say so.
    """
    macro = report.row("macro_auc")
    rows = sorted(
        (report.row("auc", name) for name in report.class_names),
        key=lambda row: -1.0 if row.value is None else row.value,
        reverse=True,
    )
    undefined = sum(row.value is None for row in rows)
    subtitle = f"{sample_size(report.n_images, report.n_patients)}; lines: 95 % intervals"
    subtitle += f"; {undefined} not defined" if undefined else ""
    height = 0.25 * (len(rows) + 1) + 1.5
    figure = new_figure(6.4, height, "AUC of each label", subtitle)
    axes = figure.add_subplot()
    style_axes(axes, grid="x")
    for place, row in enumerate(rows):
        _dot(axes, place, row, colour(0), "o")
    _dot(axes, len(rows), macro, colour(1), "D")
    names = [f"{display_name(row.label or '')} (n = {row.support:,})" for row in rows]
    axes.set_yticks(range(len(rows) + 1), [*names, "Mean over labels"])
    axes.set_ylim(len(rows) + 0.6, -0.6)
    axes.set_xlim(_lower_limit([*rows, macro]), 1.0)
    axes.axvline(0.5, color=FAINT_INK, linewidth=0.8, linestyle=(0, (2, 3)))
    axes.axhline(len(rows) - 0.5, color=FAINT_INK, linewidth=0.6)
    axes.set_xlabel("AUC, label against the rest (0.5: chance)")
    return figure


def _dot(axes: Axes, place: int, row: MetricRow, hue: str, marker: str) -> None:
    if row.value is not None:
        axes.plot(row.value, place, marker, color=hue, markersize=5, clip_on=False)
    if row.low is not None and row.high is not None:
        axes.plot([row.low, row.high], [place, place], color=hue, linewidth=1.4, clip_on=False)
    axes.annotate(
        value_with_interval(row),
        (1.02, place),
        xycoords=("axes fraction", "data"),
        va="center",
        size=SMALL_SIZE,
        color=INK if row.value is not None else FAINT_INK,
    )


def _lower_limit(rows: list[MetricRow]) -> float:
    lowest = [row.low if row.low is not None else row.value for row in rows]
    return min(0.45, *(value - 0.03 for value in lowest if value is not None), 1.0)
