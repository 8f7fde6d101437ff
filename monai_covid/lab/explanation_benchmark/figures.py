"""Plots of the benchmark: measures of all methods, curves of pixel flipping, maps to look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from monai_covid.evaluation.plots.style import (
    FAINT_INK,
    INK,
    LABEL_SIZE,
    MARGIN,
    SMALL_SIZE,
    colour,
    new_figure,
    style_axes,
)
from monai_covid.explain.pictures.blend import FloatMap, blend, symmetric_limit
from monai_covid.lab.explanation_benchmark.measure import titles
from monai_covid.lab.explanation_benchmark.networks import network_title
from monai_covid.lab.explanation_benchmark.summary import MEASURES


def draw_measures(
    summary: pd.DataFrame,
    measures: Sequence[str],
    title: str,
    subtitle: str,
    chance: Mapping[str, float] | None = None,
) -> Figure:
    """Draw measures as dots with their intervals, a row for each method.

    Args:
        summary: Of ``summarise``.
        measures: Columns, side by side.
        title: First line.
        subtitle: Second line.
        chance: Value that maps get which do not look at the image, by measure.
    """
    methods = [name for name in titles() if name in set(summary["method"])]
    networks = list(dict.fromkeys(summary["network"]))
    height = 0.32 * len(methods) + 1.9
    figure = new_figure(2.0 + 2.9 * len(measures), height, title, subtitle)
    plots = figure.subplots(1, len(measures), sharey=True, squeeze=False)[0]
    for axes, measure in zip(plots, measures, strict=True):
        style_axes(axes, grid="x")
        for place, network in enumerate(networks):
            chosen = (summary["network"] == network) & (summary["measure"] == measure)
            shift = 0.24 * (place - (len(networks) - 1) / 2)
            _dots(axes, summary[chosen].set_index("method"), methods, shift, colour(place))
        if chance and measure in chance:
            axes.axvline(chance[measure], color=FAINT_INK, linewidth=0.9, linestyle=(0, (2, 3)))
        axes.set_xlabel(MEASURES[measure])
    plots[0].set_yticks(range(len(methods)), [titles()[name] for name in methods])
    plots[0].set_ylim(len(methods) - 0.5, -0.5)
    if len(networks) > 1:
        _legend(figure, {network_title(name): colour(i) for i, name in enumerate(networks)})
    return figure


def _dots(axes: Axes, rows: pd.DataFrame, methods: Sequence[str], shift: float, hue: str) -> None:
    for method, mean, low, high in rows[["mean", "low", "high"]].itertuples():
        # What is not defined is NaN, which is not drawn.
        place = methods.index(method) + shift
        axes.plot(mean, place, "o", color=hue, markersize=4.5)
        axes.plot([low, high], [place] * 2, color=hue, linewidth=1.4)


def _legend(figure: Figure, hues: Mapping[str, str]) -> None:
    """Name the networks beside the title."""
    width, height = figure.get_size_inches()
    marks = [Line2D([], [], marker="o", color=hue, label=name) for name, hue in hues.items()]
    figure.legend(
        handles=marks,
        loc="upper right",
        bbox_to_anchor=(1 - MARGIN / width, 1 - 0.06 / height),
        borderaxespad=0,
        fontsize=SMALL_SIZE,
        frameon=False,
        labelcolor=INK,
    )


def draw_flipping(table: pd.DataFrame, subtitle: str) -> Figure:
    """Draw the probability of the class while images are covered, a small plot for each method.

    Args:
        table: Of ``measure``, with ``network``.
        subtitle: Second line.
    """
    methods = [name for name in titles() if name in set(table["method"])]
    networks = list(dict.fromkeys(table["network"]))
    columns = min(4, len(methods))
    rows = -(-len(methods) // columns)
    figure = new_figure(2.2 * columns + 0.3, 1.9 * rows + 1.3, "Pixel flipping", subtitle)
    plots = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for axes, method in zip(plots, methods, strict=False):
        style_axes(axes)
        axes.set_title(titles()[method], loc="left", size=LABEL_SIZE, color=INK)
        for place, network in enumerate(networks):
            part = table[(table["method"] == method) & (table["network"] == network)]
            for kind, line in (("most", "-"), ("least", (0, (1, 1.5)))):
                curve = part.filter(regex=rf"^{kind}_\d+$").mean()
                part_covered = np.linspace(0, 100, len(curve))
                axes.plot(part_covered, curve, color=colour(place), linestyle=line, linewidth=1.5)
    for axes in plots[len(methods) :]:
        axes.set_axis_off()
    figure.supxlabel("Part of the image covered in %", size=LABEL_SIZE, color=INK)
    figure.supylabel("Probability of the class", size=LABEL_SIZE, color=INK)
    if len(networks) > 1:
        _legend(figure, {network_title(name): colour(i) for i, name in enumerate(networks)})
    return figure


class MapRow(NamedTuple):
    """One image with the maps of one network.

    Attributes:
        heading: At the left.
        grey: ``(S, S)`` in [0, 1].
        maps: Relevance ``(S, S)`` by method.
    """

    heading: str
    grey: FloatMap
    maps: Mapping[str, FloatMap]


def draw_maps(rows: Sequence[MapRow], title: str, subtitle: str) -> Figure:
    """Draw images with the maps of all methods, each on a scale of its own."""
    methods = list(rows[0].maps)
    side = 1.35
    width, height = side * (len(methods) + 1) + 0.5, (side + 0.08) * len(rows) + 1.25
    figure = new_figure(width, height, title, subtitle)
    plots = figure.subplots(len(rows), len(methods) + 1, squeeze=False)
    for line, row in zip(plots, rows, strict=True):
        _show(line[0], row.grey, "Radiograph" if row is rows[0] else "")
        line[0].set_ylabel(row.heading, size=SMALL_SIZE, color=INK)
        for axes, method in zip(line[1:], methods, strict=True):
            relevance = row.maps[method]
            overlay = blend(row.grey, relevance, symmetric_limit([relevance]))
            _show(axes, overlay, titles()[method] if row is rows[0] else "")
    return figure


def _show(axes: Axes, picture: FloatMap, heading: str) -> None:
    axes.imshow(picture, cmap="gray", vmin=0, vmax=1)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    axes.set_title(heading, size=SMALL_SIZE - 0.5, color=INK, loc="left", pad=3)
