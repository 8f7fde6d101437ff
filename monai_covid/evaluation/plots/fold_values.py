"""Metrics of each cross-validation fold beside the pooled ones."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from monai_covid.evaluation.cross_validation import CrossValidationReport, FoldMetric
from monai_covid.evaluation.plots.style import (
    FAINT_INK,
    INK,
    SMALL_SIZE,
    colour,
    new_figure,
    style_axes,
)
from monai_covid.evaluation.wording import metric_name, sample_size

SHOWN = ("accuracy", "balanced_accuracy", "macro_f1", "macro_auc", "auc")


def draw_fold_values(report: CrossValidationReport) -> Figure:
    """Draw each fold's accuracy, F1 and AUCs, and the pooled values with their 95 % intervals."""
    metrics = [metric for metric in report.metrics if metric.metric in SHOWN]
    pooled = report.pooled
    subtitle = (
        f"{len(report.folds)} folds, {sample_size(pooled.n_images, pooled.n_patients)}; "
        "right: mean ± standard deviation over folds"
    )
    figure = new_figure(6.8, 0.36 * len(metrics) + 1.75, "Cross-validation", subtitle)
    axes = figure.add_subplot()
    style_axes(axes, grid="x")
    for place, metric in enumerate(metrics):
        _draw_metric(axes, place, metric, named=place == 0)
    axes.set_yticks(range(len(metrics)), [metric_name(m.metric, m.label) for m in metrics])
    axes.set_ylim(len(metrics) - 0.4, -0.6)
    axes.set_xlim(right=1.0)
    axes.set_xlabel("Value")
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(0, 1.0),
        ncols=2,
        fontsize=SMALL_SIZE,
        frameon=False,
        borderaxespad=0.2,
        handletextpad=0.4,
    )
    return figure


def _draw_metric(axes: Axes, place: int, metric: FoldMetric, *, named: bool) -> None:
    values = [value for value in metric.fold_values if value is not None]
    axes.plot(
        values,
        [place - 0.14] * len(values),
        "o",
        color=colour(0),
        alpha=0.6,
        markersize=5,
        markeredgewidth=0,
        clip_on=False,
        label="One fold" if named else None,
    )
    _draw_pooled(axes, place + 0.16, metric, named=named)
    text = "not defined" if metric.mean is None else f"{metric.mean:.3f}"
    text += "" if metric.standard_deviation is None else f" ± {metric.standard_deviation:.3f}"
    axes.annotate(
        text,
        (1.02, place),
        xycoords=("axes fraction", "data"),
        va="center",
        size=SMALL_SIZE,
        color=INK if metric.mean is not None else FAINT_INK,
    )


def _draw_pooled(axes: Axes, place: float, metric: FoldMetric, *, named: bool) -> None:
    row = metric.pooled
    if row.value is None:
        return
    if row.low is not None and row.high is not None:
        ends = [row.low, row.high]
        axes.plot(ends, [place, place], color=colour(1), linewidth=1.4, clip_on=False)
    axes.plot(
        [row.value],
        [place],
        "D",
        color=colour(1),
        markersize=4.5,
        clip_on=False,
        label="All folds pooled, 95 % interval" if named else None,
    )
