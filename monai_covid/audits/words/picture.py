"""The picture of the audit of words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from monai_covid.audits.words.removal import Removal
from monai_covid.evaluation.plots.style import (
    FAINT_INK,
    SMALL_SIZE,
    colour,
    new_figure,
    style_axes,
)
from monai_covid.evaluation.wording import sample_size
from monai_covid.labels import display_name


def draw_shifts(removal: Removal, labels: Sequence[str]) -> Figure:
    """Draw the probability of the true class with text against that without, and the control.

    Args:
        removal: Probabilities of N images with text.
        labels: Names of the C classes.
    """
    size = sample_size(len(removal.true), len(set(removal.patients.tolist())))
    subtitle = f"{size} with text; points below the line: less probable than before"
    figure = new_figure(7.4, 4.3, "Probability of the true class without text", subtitle)
    axes = figure.subplots(1, 2, sharex=True, sharey=True)
    titles = ("text inpainted", "inpainted beside the text (control)")
    for axis, title, scores in zip(axes, titles, (removal.after, removal.control), strict=True):
        _scatter(axis, removal, scores, labels)
        axis.set_title(title)
        axis.set_xlabel("as it is")
        style_axes(axis)
    axes[0].set_ylabel("inpainted")
    # Beside the axes: within them it would lie on points of either corner.
    handles, names = axes[0].get_legend_handles_labels()
    figure.legend(handles, names, frameon=False, fontsize=SMALL_SIZE, loc="outside right center")
    return figure


def _scatter(axis: Axes, removal: Removal, scores: np.ndarray, labels: Sequence[str]) -> None:
    axis.plot([0, 1], [0, 1], color=FAINT_INK, linewidth=0.8)
    for index, name in enumerate(labels):
        chosen = removal.true == index
        axis.scatter(
            removal.before[chosen, index],
            scores[chosen, index],
            s=14,
            alpha=0.75,
            color=colour(index),
            marker="o^sDv"[index % 5],
            linewidths=0,
            label=display_name(name),
        )
    axis.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
