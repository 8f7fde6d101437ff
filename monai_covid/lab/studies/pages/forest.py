"""Forest plot: pooled test figures of all arms, trivial baselines and published marks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from monai_covid.evaluation.plots.style import INK, LABEL_SIZE, colour, new_figure, style_axes
from monai_covid.lab.studies.pages.figures import place_legend
from monai_covid.lab.studies.pages.markdown import feature_name
from monai_covid.lab.studies.pages.records import Published, Scores, Study
from monai_covid.lab.studies.pages.tables import shown_measures

PANELS = {
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "macro_auc": "Macro AUC",
    "binary_covid19_normal_accuracy": "Accuracy, COVID-19\nagainst normal",
}
ARM, ENSEMBLE, TRIVIAL = "Network", "Mean of the seeds", "Trivial feature"
LOOKS = {ARM: ("o", colour(0)), ENSEMBLE: ("s", colour(2)), TRIVIAL: ("D", colour(1))}
"""Marker and colour; markers differ, for prints in grey."""

DASHES = ((0, (4, 2)), (0, (1, 1.5)), (0, (6, 2, 1, 2)))
BEST_TRIVIAL = (0, (1, 1))


class Row(NamedTuple):
    """A line of the plot."""

    name: str
    kind: str
    scores: Scores


def forest_rows(study: Study) -> list[Row]:
    """Return arms, ensembles of their seeds where there are some, then trivial features."""
    rows = []
    for arm in study.arms:
        waits = "" if arm.finished >= arm.planned else " (not finished)"
        rows.append(Row(f"{arm.name}{waits}", ARM, arm.test))
        if arm.ensemble:
            rows.append(Row(f"{arm.name}, seeds averaged", ENSEMBLE, arm.ensemble))
    baselines = study.baselines.items()
    return rows + [Row(feature_name(name), TRIVIAL, scores) for name, scores in baselines]


def draw_forest(study: Study) -> Figure:
    """Draw pooled test figures with 95 % intervals over patients, a row for each arm.

    Dashed vertical lines are published figures, of other folds; the dotted one is the best trivial
    feature of the study.
    """
    rows = forest_rows(study)
    height = 0.27 * len(rows) + 1.95
    subtitle = "all test folds pooled; lines: 95 % intervals over patients\n"
    if study.published:
        subtitle += "published figures are of other folds or images: marks, not tests"
    figure = new_figure(10.4, height, "Test images", subtitle)
    panels = {name: PANELS[name] for name in PANELS if name in shown_measures(study)}
    plots = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for axes, (measure, title) in zip(plots, panels.items(), strict=True):
        style_axes(axes, grid="x")
        for place, row in enumerate(rows):
            _draw_row(axes, place, row, measure)
        _draw_marks(axes, rows, measure, study.published)
        axes.set_xlabel(title, size=LABEL_SIZE)
    plots[0].set_yticks(range(len(rows)), [row.name for row in rows])
    plots[0].set_ylim(len(rows) - 0.5, -0.5)
    place_legend(figure, _legend_marks(rows, study.published), columns=2)
    return figure


def _draw_row(axes: Axes, place: int, row: Row, measure: str) -> None:
    score = row.scores.get(measure)
    if score is None or score.value is None:
        return
    marker, hue = LOOKS[row.kind]
    axes.plot(score.value, place, marker, color=hue, markersize=4.5)
    if score.low is not None and score.high is not None:
        axes.plot([score.low, score.high], [place] * 2, color=hue, linewidth=1.4)


def _draw_marks(axes: Axes, rows: list[Row], measure: str, published: Sequence[Published]) -> None:
    for mark, dashes in zip(published, DASHES, strict=False):
        if mark.measure == measure:
            axes.axvline(mark.value, color=INK, linewidth=0.9, linestyle=dashes, zorder=1)
    best = best_trivial(rows, measure)
    if best is not None:
        axes.axvline(best, color=LOOKS[TRIVIAL][1], linewidth=1, linestyle=BEST_TRIVIAL, zorder=1)


def best_trivial(rows: list[Row], measure: str) -> float | None:
    """Return the highest value that a trivial feature reaches, or None."""
    scores = [row.scores[measure] for row in rows if row.kind == TRIVIAL and measure in row.scores]
    return max((score.value for score in scores if score.value is not None), default=None)


def _legend_marks(rows: list[Row], published: Sequence[Published]) -> list[Line2D]:
    kinds = [kind for kind in LOOKS if any(row.kind == kind for row in rows)]
    marks = [
        Line2D([], [], marker=LOOKS[kind][0], color=LOOKS[kind][1], linestyle="", label=kind)
        for kind in kinds
    ]
    marks += [
        Line2D(
            [],
            [],
            color=INK,
            linewidth=0.9,
            linestyle=dashes,
            label=f"{100 * mark.value:g} %: {mark.source}",
        )
        for mark, dashes in zip(published, DASHES, strict=False)
    ]
    best = best_trivial(rows, "accuracy")
    if best is not None:
        hue, label = LOOKS[TRIVIAL][1], "Best trivial feature"
        marks.append(Line2D([], [], color=hue, linewidth=1, linestyle=BEST_TRIVIAL, label=label))
    return marks
