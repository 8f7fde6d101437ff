"""Figure of each metric inside and outside as a pair of points."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from monai_covid.audits.external.comparison import Compared, ExternalComparison
from monai_covid.audits.external.tables import name_of
from monai_covid.evaluation.pages.tables import Value
from monai_covid.evaluation.plots.style import (
    FAINT_INK,
    INK,
    SMALL_SIZE,
    colour,
    new_figure,
    style_axes,
)

HALF_GAP = 0.16
"""Of the height of a row: from its middle to either point."""

ABOVE_ONE = "log_loss"
"""The only metric beyond [0, 1], so it is in the table alone."""


def draw_pairs(comparison: ExternalComparison) -> Figure:
    """Draw each metric inside and outside with 95 % intervals; at the right the difference.

    Args:
        comparison: With at least one metric.
    """
    metrics = [metric for metric in comparison.metrics if metric.key.metric != ABOVE_ONE]
    note = "Lines: 95 % intervals over patients; right: outside minus inside, in points"
    height = 0.36 * len(metrics) + 1.75
    figure = new_figure(7.2, height, f"Inside and outside: {comparison.name}", note)
    axes = figure.add_subplot()
    style_axes(axes, grid="x")
    for place, metric in enumerate(metrics):
        _draw_pair(axes, place, metric, named=place == 0)
    axes.set_yticks(range(len(metrics)), [_label(metric) for metric in metrics])
    axes.set_ylim(len(metrics) - 0.4, -0.6)
    axes.set_xlim(0.0, 1.0)
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


def _draw_pair(axes: Axes, place: int, metric: Compared, *, named: bool) -> None:
    inside, outside = metric.inside.value, metric.outside.value
    if inside is not None and outside is not None:
        heights = [place - HALF_GAP, place + HALF_GAP]
        axes.plot([inside, outside], heights, color=FAINT_INK, linewidth=0.8)
    sides = ((metric.inside, "Inside", "o", -HALF_GAP), (metric.outside, "Outside", "D", HALF_GAP))
    for index, (value, name, marker, shift) in enumerate(sides):
        if value.value is None:
            continue
        hue, at = colour(index), place + shift
        if value.low is not None and value.high is not None:
            ends = [value.low, value.high]
            axes.plot(ends, [at, at], color=hue, linewidth=1.4, clip_on=False)
        (point,) = axes.plot(value.value, at, marker, color=hue, markersize=5, clip_on=False)
        if named:
            point.set_label(name)
    axes.annotate(
        _difference(metric.difference),
        (1.02, place),
        xycoords=("axes fraction", "data"),
        va="center",
        size=SMALL_SIZE,
        color=FAINT_INK if metric.is_small else INK,
    )


def _label(metric: Compared) -> str:
    return f"{name_of(metric.key)} *" if metric.is_small else name_of(metric.key)


def _difference(value: Value) -> str:
    if value.value is None:
        return "not defined"
    if value.low is None or value.high is None:
        return f"{100 * value.value:+.1f}"
    bounds: Sequence[float] = (value.low, value.high)
    low, high = (f"{100 * bound:+.1f}" for bound in bounds)
    return f"{100 * value.value:+.1f} ({low} to {high})"
