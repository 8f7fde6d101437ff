"""Figure of what each cue predicts, beside chance and the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from monai_covid.audits.shortcuts.results import Result
from monai_covid.evaluation.metrics import MetricKey
from monai_covid.evaluation.pages.tables import Value
from monai_covid.evaluation.plots.style import (
    FAINT_INK,
    INK,
    SMALL_SIZE,
    colour,
    new_figure,
    style_axes,
)
from monai_covid.evaluation.wording import sample_size
from monai_covid.labels import display_name

MARKERS = ("o", "s", "^", "D", "v", "P")


def draw_shortcuts(
    rows: Mapping[str, Result], labels: Sequence[str], title: str, *, model_from: int | None = None
) -> Figure:
    """Draw bars of balanced accuracy and points of each class's AUC, with 95 % intervals.

    Args:
        rows: Results by title; all of the same images.
        labels: The classes that occur.
        title: Of the figure.
        model_from: Row from which on the rows are the model's; None: there are none.
    """
    table = next(iter(rows.values())).table
    size = sample_size(len(table), table["patient_id"].nunique())
    subtitle = f"{size}; lines at the ends: 95 % intervals over patients; dashed: chance"
    figure = new_figure(9.4, 0.34 * len(rows) + 1.9, title, subtitle)
    left, right = figure.subplots(1, 2, sharey=True)
    for axes in (left, right):
        style_axes(axes, grid="x")
    _draw_bars(left, rows, labels, len(rows) if model_from is None else model_from)
    _draw_points(right, rows, labels)
    left.set_yticks(range(len(rows)), list(rows))
    left.set_ylim(len(rows) - 0.4, -0.6)
    return figure


def _draw_bars(
    axes: Axes, rows: Mapping[str, Result], labels: Sequence[str], model_from: int
) -> None:
    for place, result in enumerate(rows.values()):
        value = result.scores[MetricKey("balanced_accuracy")]
        shade = colour(1) if place >= model_from else colour(5)
        axes.barh(place, value.value or 0.0, height=0.62, color=shade)
        _draw_interval(axes, place, value, INK)
    axes.axvline(1 / len(labels), color=INK, linestyle="--", linewidth=1)
    axes.set_xlim(0, 1)
    axes.set_xlabel(f"Balanced accuracy, {len(labels)} classes")


def _draw_points(axes: Axes, rows: Mapping[str, Result], labels: Sequence[str]) -> None:
    step = 0.24
    for number, label in enumerate(labels):
        values = [result.scores[MetricKey("auc", label)] for result in rows.values()]
        shift = step * (number - (len(labels) - 1) / 2)
        for place, value in enumerate(values):
            _draw_interval(axes, place + shift, value, colour(number))
        axes.plot(
            [float("nan") if value.value is None else value.value for value in values],
            [place + shift for place in range(len(values))],
            MARKERS[number % len(MARKERS)],
            color=colour(number),
            markersize=4.5,
            label=display_name(label),
        )
    axes.axvline(0.5, color=INK, linestyle="--", linewidth=1)
    axes.set_xlabel("AUC, class against the rest")
    axes.set_xlim(right=1.01)
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(0, 1.0),
        ncols=len(labels),
        fontsize=SMALL_SIZE,
        frameon=False,
        labelcolor=FAINT_INK,
    )


def _draw_interval(axes: Axes, place: float, value: Value, shade: str) -> None:
    if value.low is not None and value.high is not None:
        axes.plot([value.low, value.high], [place, place], color=shade, linewidth=1.3)
