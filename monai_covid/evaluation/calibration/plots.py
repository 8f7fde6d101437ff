"""Reliability diagrams, before and after calibration."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from monai_covid.evaluation.calibration.fitting import FittedTable
from monai_covid.evaluation.calibration.reliability import Reliability, reliability
from monai_covid.evaluation.calibration.scores import top_label
from monai_covid.evaluation.columns import PATIENT, class_names_in
from monai_covid.evaluation.outcomes import SingleLabelOutcomes, outcomes_of
from monai_covid.evaluation.plots.style import (
    FAINT_INK,
    LABEL_SIZE,
    SMALL_SIZE,
    colour,
    new_figure,
    style_axes,
)
from monai_covid.evaluation.wording import sample_size


def reliability_picture(fitted: FittedTable) -> Figure:
    """Draw reliability before and after calibration, on the images of the fit."""
    size = sample_size(len(fitted.before), fitted.before[PATIENT].nunique())
    panels = {
        "Before": table_reliability(fitted.before),
        f"After, temperature {fitted.fit.temperature:.2f}": table_reliability(fitted.after),
    }
    return draw_reliability(panels, f"{size}, used for the fit; bins of equal mass")


def table_reliability(table: pd.DataFrame) -> Reliability:
    """Return the reliability of the predicted class; of several labels all of them together."""
    outcomes = outcomes_of(table, class_names_in(table))
    if isinstance(outcomes, SingleLabelOutcomes):
        probabilities, positive = top_label(outcomes)
    else:
        probabilities, positive = outcomes.probabilities.ravel(), outcomes.positives.ravel()
    return reliability(probabilities, positive)


def draw_reliability(panels: Mapping[str, Reliability], subtitle: str = "") -> Figure:
    """Draw reliability diagrams beside each other.

    Args:
        panels: Diagram by heading, one to four.
        subtitle: Sample size and what is shown.
    """
    width = 0.7 + 3.1 * len(panels)
    figure = new_figure(max(width, 5.6), 4.5, "Reliability diagram", subtitle)
    every = figure.subplots(1, len(panels), sharex=True, sharey=True, squeeze=False)[0]
    for axes, (heading, points) in zip(every, panels.items(), strict=True):
        _reliability_panel(axes, points)
        axes.set_title(heading, loc="left", fontsize=LABEL_SIZE)
        axes.set_xlabel("Predicted probability")
    every[0].set_ylabel("Observed frequency")
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
        label="expected if calibrated (95 %)",
    )
    outside = (points.frequency < points.low) | (points.frequency > points.high)
    for mask, hue, marker, text in (
        (~outside, colour(0), "o", "within the bar"),
        (outside, colour(1), "D", "outside the bar"),
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
