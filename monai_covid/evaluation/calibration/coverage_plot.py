"""Accuracy against coverage."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.figure import Figure

from monai_covid.evaluation.calibration.selective import RiskCoverage
from monai_covid.evaluation.plots.style import FAINT_INK, SMALL_SIZE, colour, new_figure, style_axes

DASHES = ((0, ()), (0, (6, 2)), (0, (2, 1.5)), (0, (6, 2, 1.5, 2)), (0, (1, 1)), (0, (9, 3)))


def draw_risk_coverage(curves: Mapping[str, RiskCoverage], subtitle: str = "") -> Figure:
    """Draw accuracy against the share of images that is answered, one line a measure.

    Args:
        curves: Curve by name, up to six.
        subtitle: Sample size and which images.
    """
    figure = new_figure(6.4, 4.6, "Accuracy where the unsure images are left out", subtitle)
    axes = figure.add_subplot()
    style_axes(axes)
    for position, (name, curve) in enumerate(curves.items()):
        # Below a twentieth the curve hangs on a handful of images.
        shown = curve.coverage >= 0.05
        axes.plot(
            curve.coverage[shown],
            1 - curve.risk[shown],
            color=colour(position),
            linestyle=DASHES[position % len(DASHES)],
            linewidth=1.6,
            label=f"{name}: area {curve.area:.3f}",
        )
    axes.axhline(
        1 - next(iter(curves.values())).risk[-1], color=FAINT_INK, linewidth=0.8, linestyle=":"
    )
    axes.set(xlim=(0, 1.0), xlabel="Coverage: share of images answered", ylabel="Accuracy on them")
    legend = axes.legend(
        fontsize=SMALL_SIZE, frameon=True, title="Area under the risk (less: better)"
    )
    legend.get_title().set_fontsize(SMALL_SIZE)
    legend.get_frame().set(edgecolor="none", alpha=0.85)
    return figure
