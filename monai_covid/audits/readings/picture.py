"""Figure of the model's probabilities by label and by what readers saw."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from monai_covid.evaluation.columns import IMAGE, LABEL
from monai_covid.evaluation.outcomes import FloatArray
from monai_covid.evaluation.plots.style import INK, colour, new_figure, style_axes
from monai_covid.evaluation.reading_arrays import NORMAL, against_normal
from monai_covid.evaluation.readings import ReadingComparison
from monai_covid.labels import display_name

SPREAD = 0.3
"""Half the height over which the dots of a row are spread."""


def draw_readings(
    table: pd.DataFrame,
    seen: pd.Series[float],
    views: pd.Series[str] | None,
    comparison: ReadingComparison,
) -> Figure:
    """Draw a dot for each image that was read, and the median of each row.

    Args:
        table: Predictions table that was compared.
        seen: The readings that it was compared with.
        views: View of each image; rows are by label alone without.
        comparison: The result.
    """
    rows = _rows(table, seen.dropna(), views, comparison)
    name = display_name(comparison.label)
    note = "Vertical lines: medians. Farther right where it was seen: the model agrees with readers"
    figure = new_figure(7.2, 0.5 * len(rows) + 1.6, f"{name}: label, readers, model", note)
    axes = figure.add_subplot()
    style_axes(axes, grid="x")
    for place, row in enumerate(rows):
        _draw_row(axes, place, row)
    axes.set_yticks(range(len(rows)), [f"{row.name} (n = {len(row.values)})" for row in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlim(0.0, 1.0)
    against = "" if comparison.label == NORMAL else ", against normal"
    axes.set_xlabel(f"Probability of {name} by the model{against}")
    return figure


class _Row(NamedTuple):
    name: str
    seen: bool
    values: FloatArray


def _rows(
    table: pd.DataFrame,
    readings: pd.Series[float],
    views: pd.Series[str] | None,
    comparison: ReadingComparison,
) -> list[_Row]:
    """Return the probabilities of the images of each label and view, seen and not seen."""
    read = table[table[IMAGE].isin(readings.index)]
    images = read[IMAGE].tolist()
    was_seen = readings.loc[images].to_numpy() > 0
    view_of = np.full(len(read), "") if views is None else views.loc[images].to_numpy(str)
    values = against_normal(read, comparison.label)
    return [
        _Row(_row_name(label, view, seen=seen), seen, values[part & (was_seen == seen)])
        for label in (of_label.label for of_label in comparison.labels)
        for view in sorted(set(view_of))
        if (part := (read[LABEL] == label).to_numpy() & (view_of == view)).any()
        for seen in (True, False)
    ]


def _draw_row(axes: Axes, place: int, row: _Row) -> None:
    values = row.values
    if not len(values):
        return
    # Golden steps: even heights without chance, so that the same images give the same picture.
    steps = (np.arange(len(values)) * 0.618034) % 1
    heights = place + SPREAD * (2 * steps - 1)
    hue = colour(0 if row.seen else 1)
    axes.plot(values, heights, "o", color=hue, markersize=3, alpha=0.6, clip_on=False)
    median = float(np.median(values))
    axes.plot([median, median], [place - 0.42, place + 0.42], color=INK, linewidth=2, clip_on=False)


def _row_name(label: str, view: str, *, seen: bool) -> str:
    parts = [display_name(label), *([view] if view else []), "seen" if seen else "not seen"]
    return ", ".join(parts)
