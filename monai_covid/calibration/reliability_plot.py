"""Reliability diagrams."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from monai_covid.calibration.reliability import Reliability
from monai_covid.evaluation.plots.style import (
    FAINT_INK,
    LABEL_SIZE,
    SMALL_SIZE,
    colour,
    new_figure,
    style_axes,
)


def draw_reliability(panels: Mapping[str, Reliability], subtitle: str = "") -> Figure:
    """Draw reliability diagrams beside each other.

    Args:
        panels: Diagram by heading, one to four.
        subtitle: Sample size and what is shown.
    """
    width = 0.7 + 3.1 * len(panels)
    figure = new_figure(max(width, 5.6), 4.5, "Is it right as often as it says?", subtitle)
    every = figure.subplots(1, len(panels), sharex=True, sharey=True, squeeze=False)[0]
    for axes, (heading, points) in zip(every, panels.items(), strict=True):
        _reliability_panel(axes, points)
        axes.set_title(heading, loc="left", fontsize=LABEL_SIZE)
        axes.set_xlabel("Probability")
    every[0].set_ylabel("Share that was right")
    return figure


def _reliability_panel(axes: Axes, points: Reliability) -> None:
    style_axes(axes)
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
    axes.plot([0, 1], [0, 1], color=FAINT_INK, linewidth=0.8, linestyle=(0, (2, 3)))
    axes.vlines(
        points.probability,
        points.low,
        points.high,
        color=FAINT_INK,
        alpha=0.35,
        linewidth=5,
        label="where a calibrated one lies (95 %)",
    )
    outside = (points.frequency < points.low) | (points.frequency > points.high)
    for mask, hue, marker, text in (
        (~outside, colour(0), "o", "within its bar"),
        (outside, colour(1), "D", "outside of it"),
    ):
        if np.any(mask):
            axes.plot(
                points.probability[mask],
                points.frequency[mask],
                linestyle="none",
                marker=marker,
                markersize=5,
                color=hue,
                label=text,
                clip_on=False,
            )
    axes.legend(loc="upper left", fontsize=SMALL_SIZE, frameon=False, handlelength=1)
