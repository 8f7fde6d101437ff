"""Pairs side by side, and the scores with their threshold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from monai_covid.audits.leaks.likeness import THRESHOLD
from monai_covid.audits.leaks.pairs import Collection, Pair
from monai_covid.data.images import read_image
from monai_covid.evaluation.plots.style import (
    INK,
    PALETTE,
    SMALL_SIZE,
    new_figure,
    style_axes,
)

PAIRS_SHOWN = 12
COLUMNS = 3
CELL_WIDTH, CELL_HEIGHT = 3.0, 1.95
BIN = 0.05


def pair_sheet(own: Collection, pairs: Sequence[Pair], title: str) -> Figure:
    """Return the first 12 pairs, each image as its file shows it.

    Args:
        own: The audited collection.
        pairs: At least one.
        title: Title of the sheet.
    """
    shown = pairs[:PAIRS_SHOWN]
    columns = min(COLUMNS, len(shown))
    rows = -(-len(shown) // columns)
    width = max(CELL_WIDTH * columns, 5.5)
    subtitle = f"{len(shown)} of {len(pairs):,}; the second image as it lies in its file"
    figure = new_figure(width, CELL_HEIGHT * rows + 0.9, title, subtitle)
    # One more column keeps the pairs apart from each other.
    axes = figure.subplots(rows, 2 * columns, squeeze=False)
    for axis in axes.flat:
        axis.set_axis_off()
    for place, pair in enumerate(shown):
        row, column = divmod(place, columns)
        sides = ((own, pair.first), (pair.other, pair.second))
        for offset, (collection, index) in enumerate(sides):
            axis = axes[row, 2 * column + offset]
            axis.imshow(read_image(collection.records.paths[index]), cmap="gray", aspect="equal")
        text = f"{place + 1}: {pair.kind}, {pair.orientation}, score {pair.score:.2f}"
        axes[row, 2 * column].set_title(text, loc="left", size=SMALL_SIZE - 1, color=INK)
    return figure


def score_histogram(
    copies: Sequence[float], others: Sequence[float], candidates: Sequence[float]
) -> Figure:
    """Return the scores of copies made on purpose, of random pairs, and of the candidates.

    Args:
        copies: Scores of the copies.
        others: Scores of random pairs of different patients.
        candidates: Scores of the pairs that were looked at.
    """
    figure = new_figure(
        6.5, 4.2, "Scores of pairs", f"pairs at {THRESHOLD:.2f} and above count as duplicates"
    )
    axes = figure.subplots()
    groups = (
        (others, f"random pairs of different patients ({len(others):,})", PALETTE[5], "-"),
        (candidates, f"pairs alike at first sight ({len(candidates):,})", PALETTE[0], "-"),
        (copies, f"copies made on purpose ({len(copies):,})", PALETTE[1], "--"),
    )
    edges = np.arange(-0.2, 1.0 + 1.5 * BIN, BIN)
    for values, name, hue, line in groups:
        counts, _ = np.histogram(np.clip(values, -0.2, 1.0), bins=edges)
        axes.stairs(counts, edges, color=hue, label=name, linewidth=1.5, linestyle=line)
    axes.axvline(THRESHOLD, color=INK, linewidth=1, linestyle=":", label="threshold")
    axes.set_yscale("symlog", linthresh=1)
    axes.set(xlabel="correlation of fine structure after registration", ylabel="pairs", ylim=0)
    style_axes(axes, grid="y")
    # Above the bars, where a collection of any size leaves room.
    axes.legend(
        fontsize=SMALL_SIZE - 1, frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2
    )
    return figure
