"""The common style of all plots: colours, type sizes, title block and the notice at the foot."""

from __future__ import annotations

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from monai_covid import RESEARCH_USE_ONLY
from monai_covid.data.files import atomic_path

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Colours of Okabe & Ito (2008), distinguishable on white with colour-blindness."""

INK = "#222222"
FAINT_INK = "#666666"
RULE = "#DDDDDD"
RIGHT, WRONG = PALETTE[2], PALETTE[1]

TITLE_SIZE = 11.0
LABEL_SIZE = 9.0
SMALL_SIZE = 8.0
DPI = 200

MARGIN = 0.12
TITLE_HEIGHT = 0.58
FOOTER_HEIGHT = 0.27


def new_figure(width: float, height: float, title: str, subtitle: str = "") -> Figure:
    """Return an empty figure with its title block and the research-use notice.

    Args:
        width: In inches.
        height: Of the whole figure, in inches.
        title: First line.
        subtitle: Second line: sample size and how to read the plot.

    Returns:
        Figure whose axes keep clear of title and notice.
    """
    figure = Figure(figsize=(width, height), facecolor="white")
    FigureCanvasAgg(figure)
    left = MARGIN / width
    rectangle = (left, FOOTER_HEIGHT / height, 1 - 2 * left, 1 - _heads(height))
    figure.set_layout_engine(ConstrainedLayoutEngine(rect=rectangle, wspace=0.04))
    top = 1 - 0.1 / height
    figure.text(left, top, title, size=TITLE_SIZE, weight="bold", color=INK, va="top")
    figure.text(left, top - 0.24 / height, subtitle, size=SMALL_SIZE, color=FAINT_INK, va="top")
    figure.text(
        left, 0.08 / height, RESEARCH_USE_ONLY, size=SMALL_SIZE - 1, color=FAINT_INK, va="bottom"
    )
    return figure


def style_axes(axes: Axes, *, grid: str = "both") -> None:
    """Give axes the common look.

    Args:
        axes: Axes to change.
        grid: ``x``, ``y``, ``both`` or an empty string for no grid lines.
    """
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(FAINT_INK)
        spine.set_linewidth(0.8)
    axes.tick_params(labelsize=SMALL_SIZE, color=FAINT_INK, labelcolor=INK, length=3)
    axes.xaxis.label.set(size=LABEL_SIZE, color=INK)
    axes.yaxis.label.set(size=LABEL_SIZE, color=INK)
    axes.title.set(size=LABEL_SIZE, color=INK)
    axes.set_axisbelow(True)
    if grid in ("x", "both"):
        axes.xaxis.grid(True, color=RULE, linewidth=0.6)
    if grid in ("y", "both"):
        axes.yaxis.grid(True, color=RULE, linewidth=0.6)


def colour(position: int) -> str:
    """Return the colour of the class or run at ``position``; they repeat after six."""
    return PALETTE[position % len(PALETTE)]


def save_png(figure: Figure, path: Path | str, dpi: int = DPI) -> None:
    """Write ``figure`` as PNG of its full size at ``dpi``, atomically."""
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=dpi, format="png", metadata={"Software": None})


def _heads(height: float) -> float:
    return (TITLE_HEIGHT + FOOTER_HEIGHT) / height
