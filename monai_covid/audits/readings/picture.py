"""Picture: the model's probability of images by their label and by what readers saw."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from monai_covid.evaluation.columns import IMAGE, LABEL, probability_column
from monai_covid.evaluation.outcomes import FloatArray
from monai_covid.evaluation.plots.style import INK, colour, new_figure, style_axes
from monai_covid.evaluation.readings import ReadingComparison
from monai_covid.labels import display_name

SPREAD = 0.3
"""Half the height over which the dots of a row are spread."""


def draw_readings(
    table: pd.DataFrame, seen: pd.Series[float], comparison: ReadingComparison
) -> Figure:
    """Draw a dot for each image that was read, and the median of each row.

    Args:
        table: Predictions table that was compared.
        seen: The readings that it was compared with.
        comparison: What came of it.
    """
    known = seen.dropna()
    read = table[table[IMAGE].isin(known.index)]
    saw = known.loc[read[IMAGE].tolist()].to_numpy() > 0
    rows = [
        (one.label, side, read[(read[LABEL] == one.label).to_numpy() & (saw == side)])
        for one in comparison.labels
        for side in (True, False)
    ]
    name = display_name(comparison.label)
    note = "Upright lines: medians. Higher within a label where it was seen: the model follows it"
    figure = new_figure(7.2, 0.55 * len(rows) + 1.6, f"{name}: label, readers, model", note)
    axes = figure.add_subplot()
    style_axes(axes, grid="x")
    for place, (_, side, images) in enumerate(rows):
        values = images[probability_column(comparison.label)].to_numpy(np.float64)
        _draw_row(axes, place, values, seen=side)
    axes.set_yticks(range(len(rows)), [_row_name(*row) for row in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlim(0.0, 1.0)
    axes.set_xlabel(f"Probability of {name} by the model")
    return figure


def _draw_row(axes: Axes, place: int, values: FloatArray, *, seen: bool) -> None:
    if not len(values):
        return
    # Golden steps: even heights without chance, so that the same images give the same picture.
    steps = (np.arange(len(values)) * 0.618034) % 1
    heights = place + SPREAD * (2 * steps - 1)
    axes.plot(
        values, heights, "o", color=colour(0 if seen else 1), markersize=3, alpha=0.6, clip_on=False
    )
    median = float(np.median(values))
    axes.plot([median, median], [place - 0.42, place + 0.42], color=INK, linewidth=2, clip_on=False)


def _row_name(label: str, seen: bool, images: pd.DataFrame) -> str:
    return f"{display_name(label)}, {'seen' if seen else 'not seen'} (n = {len(images)})"
