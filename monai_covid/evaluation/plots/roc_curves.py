"""One-vs-rest ROC curves with pointwise bootstrap bands, and the AUC of each label."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.metrics import roc_curve

from monai_covid.evaluation.bootstrap import LEVEL, resample
from monai_covid.evaluation.outcomes import FloatArray
from monai_covid.evaluation.plots.style import (
    FAINT_INK,
    INK,
    SMALL_SIZE,
    colour,
    new_figure,
    style_axes,
)
from monai_covid.evaluation.ranked import Ranking, rank, weights_by_score
from monai_covid.evaluation.report import EvaluationReport, MetricRow
from monai_covid.evaluation.wording import sample_size, value_with_interval
from monai_covid.labels import display_name

GRID = np.linspace(0.0, 1.0, 201)

FALSE_POSITIVES = "1 \N{MINUS SIGN} specificity (false positive rate)"

TRUE_POSITIVES = "Sensitivity (true positive rate)"

DASHES = ((0, ()), (0, (6, 2)), (0, (2, 1.5)), (0, (6, 2, 1.5, 2)))
"""Line styles, so that equal curves do not hide each other and a grey print can be read."""

IN_ONE_PANEL_AT_MOST = len(DASHES)
"""More curves than this overlap too much, so each gets its own panel."""


def draw_roc_curves(report: EvaluationReport) -> Figure:
    """Draw the ROC curve of each class against the rest, with AUC and 95 % interval.

    Args:
        report: Single-label or multi-label report.

    Returns:
        One panel for up to four classes, else one panel per class. Classes whose curve is not
        defined are named as such.
    """
    bands = roc_bands(report)
    subtitle = (
        f"{sample_size(report.n_images, report.n_patients)}; AUC and band: 95 % intervals over "
        "patients"
    )
    if len(report.class_names) <= IN_ONE_PANEL_AT_MOST:
        return _one_panel(report, bands, subtitle)
    return _panels(report, bands, subtitle)


def _one_panel(report: EvaluationReport, bands: dict[str, RocBand], subtitle: str) -> Figure:
    figure = new_figure(5.2, 5.7, "ROC curves, one class against the rest", subtitle)
    axes = figure.add_subplot()
    _frame(axes)
    for position, name in enumerate(report.class_names):
        row = report.row("auc", name)
        text = f"{display_name(name)}, n = {row.support:,}: {value_with_interval(row)}"
        _curve(axes, bands.get(name), position, text)
    if not bands:
        axes.text(0.5, 0.6, "no class has both outcomes", ha="center", color=FAINT_INK)
    legend = axes.legend(
        loc="lower right", fontsize=SMALL_SIZE, frameon=True, title="AUC (95 % interval)"
    )
    legend.get_title().set_fontsize(SMALL_SIZE)
    legend.get_frame().set(edgecolor="none", alpha=0.85)
    axes.set_xlabel(FALSE_POSITIVES)
    axes.set_ylabel(TRUE_POSITIVES)
    return figure


def _panels(report: EvaluationReport, bands: dict[str, RocBand], subtitle: str) -> Figure:
    columns = 5 if len(report.class_names) > 8 else 4
    rows = math.ceil(len(report.class_names) / columns)
    title = "ROC curves, one label against the rest"
    figure = new_figure(1.75 * columns + 0.7, 1.98 * rows + 1.2, title, subtitle)
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    for position, axes in enumerate(panels.flat):
        if position >= len(report.class_names):
            axes.set_visible(False)
            continue
        name = report.class_names[position]
        row = report.row("auc", name)
        _frame(axes)
        _curve(axes, bands.get(name), 0, "")
        heading = f"{display_name(name)}, n = {row.support:,}\n{value_with_interval(row)}"
        axes.set_title(heading, fontsize=SMALL_SIZE - 1, loc="left")
        lowest = position + columns >= len(report.class_names)
        axes.tick_params(labelbottom=lowest, labelsize=SMALL_SIZE - 1)
        if lowest:
            axes.set_xlabel(FALSE_POSITIVES.partition(" (")[0], fontsize=SMALL_SIZE - 1)
        if position % columns == 0:
            axes.set_ylabel(TRUE_POSITIVES.partition(" (")[0], fontsize=SMALL_SIZE - 1)
    return figure


def _frame(axes: Axes) -> None:
    style_axes(axes)
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "0.25", "0.5", "0.75", "1"])
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0", "0.25", "0.5", "0.75", "1"])
    axes.plot([0, 1], [0, 1], color=FAINT_INK, linewidth=0.8, linestyle=(0, (2, 3)))


def _curve(axes: Axes, band: RocBand | None, position: int, text: str) -> None:
    hue, dashes = colour(position), DASHES[position]
    if band is None:
        axes.plot([], [], color=hue, linewidth=1.6, linestyle=dashes, label=text)
        return
    axes.fill_between(GRID, band.low, band.high, color=hue, alpha=0.15, linewidth=0)
    axes.plot(
        band.false_positive_rate,
        band.true_positive_rate,
        color=hue,
        linewidth=1.6,
        linestyle=dashes,
        label=text,
        clip_on=False,
    )


class RocBand(NamedTuple):
    """A ROC curve with its 95 % band.

    Attributes:
        false_positive_rate: Corners of the curve, ``(K,)`` ascending in [0, 1].
        true_positive_rate: Corners of the curve, ``(K,)``.
        low: Lower edge of the band at the 201 false positive rates of ``GRID``.
        high: Upper edge of the band.
    """

    false_positive_rate: FloatArray
    true_positive_rate: FloatArray
    low: FloatArray
    high: FloatArray


def roc_bands(report: EvaluationReport) -> dict[str, RocBand]:
    """Return the one-vs-rest ROC curve of each class that has both outcomes.

    The band holds, at each false positive rate on its own, the central 95 % of the curves of the
    resamples that the report's intervals rest on.
    """
    outcomes = report.outcomes
    usable = (outcomes.support > 0) & (outcomes.support < report.n_images)
    columns = np.flatnonzero(usable).tolist()

    rankings = {c: rank(outcomes.positives[:, c], outcomes.probabilities[:, c]) for c in columns}

    def measure(weights: FloatArray) -> dict[int, FloatArray]:
        return {c: resampled_curves(rankings[c], weights) for c in columns}

    curves = resample(measure, report.patient_ids, report.resamples, report.seed, report.strata)
    bands = {}
    for c in columns:
        rates = roc_curve(outcomes.positives[:, c], outcomes.probabilities[:, c])
        low, high = np.nanquantile(curves[c], [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
        bands[report.class_names[c]] = RocBand(rates[0], rates[1], low, high)
    return bands


def resampled_curves(ranking: Ranking, weights: FloatArray) -> FloatArray:
    """Return the sensitivity at each false positive rate of ``GRID`` under each weighting.

    Args:
        ranking: N rows.
        weights: ``(R, N)``.

    Returns:
        ``(R, 201)``; NaN for weightings without positives or without negatives.
    """
    at = weights_by_score(ranking, weights)
    true_positives = np.cumsum(at.positive[:, ::-1], axis=1)
    false_positives = np.cumsum(at.negative[:, ::-1], axis=1)
    curves = np.full((len(weights), len(GRID)), np.nan)
    for row in np.flatnonzero((true_positives[:, -1] > 0) & (false_positives[:, -1] > 0)):
        curves[row] = _interpolated(false_positives[row], true_positives[row])
    return curves


def _interpolated(false_positives: FloatArray, true_positives: FloatArray) -> FloatArray:
    rate = np.concatenate([[0.0], false_positives / false_positives[-1]])
    sensitivity = np.concatenate([[0.0], true_positives / true_positives[-1]])
    # Where the curve is vertical, its upper end: the sensitivity reached at that rate.
    ends = np.flatnonzero(np.diff(rate, append=2.0) > 0)
    return np.asarray(np.interp(GRID, rate[ends], sensitivity[ends]), dtype=np.float64)


def draw_label_auc(report: EvaluationReport) -> Figure:
    """Draw the AUC of every label with its 95 % interval, best first, and the macro AUC.

    Labels whose AUC is not defined come last and say so.
    """
    macro = report.row("macro_auc")
    rows = sorted(
        (report.row("auc", name) for name in report.class_names),
        key=lambda row: -1.0 if row.value is None else row.value,
        reverse=True,
    )
    undefined = sum(row.value is None for row in rows)
    subtitle = f"{sample_size(report.n_images, report.n_patients)}; lines: 95 % intervals"
    subtitle += f"; {undefined} not defined" if undefined else ""
    height = 0.25 * (len(rows) + 1) + 1.5
    figure = new_figure(6.4, height, "AUC of each label", subtitle)
    axes = figure.add_subplot()
    style_axes(axes, grid="x")
    for place, row in enumerate(rows):
        _dot(axes, place, row, colour(0), "o")
    _dot(axes, len(rows), macro, colour(1), "D")
    names = [f"{display_name(row.label or '')} (n = {row.support:,})" for row in rows]
    axes.set_yticks(range(len(rows) + 1), [*names, "Mean over labels"])
    axes.set_ylim(len(rows) + 0.6, -0.6)
    axes.set_xlim(_lower_limit([*rows, macro]), 1.0)
    axes.axvline(0.5, color=FAINT_INK, linewidth=0.8, linestyle=(0, (2, 3)))
    axes.axhline(len(rows) - 0.5, color=FAINT_INK, linewidth=0.6)
    axes.set_xlabel("AUC, label against the rest (0.5: chance)")
    return figure


def _dot(axes: Axes, place: int, row: MetricRow, hue: str, marker: str) -> None:
    if row.value is not None:
        axes.plot(row.value, place, marker, color=hue, markersize=5, clip_on=False)
    if row.low is not None and row.high is not None:
        axes.plot([row.low, row.high], [place, place], color=hue, linewidth=1.4, clip_on=False)
    axes.annotate(
        value_with_interval(row),
        (1.02, place),
        xycoords=("axes fraction", "data"),
        va="center",
        size=SMALL_SIZE,
        color=INK if row.value is not None else FAINT_INK,
    )


def _lower_limit(rows: list[MetricRow]) -> float:
    lowest = [row.low if row.low is not None else row.value for row in rows]
    return min(0.45, *(value - 0.03 for value in lowest if value is not None), 1.0)
