"""Forest plots of subgroup performance: one line per group, one panel per quantity."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from monai_covid.audits.groups.attributes import CLASS, LEAST_PATIENTS
from monai_covid.audits.groups.comparison import LEAST_DIFFERENCE, GroupComparison
from monai_covid.audits.groups.performance import GroupPerformance
from monai_covid.evaluation.pages.page import Picture
from monai_covid.evaluation.pages.tables import Value
from monai_covid.evaluation.plots.style import (
    FAINT_INK,
    RULE,
    SMALL_SIZE,
    colour,
    new_figure,
    save_png,
    style_axes,
)
from monai_covid.labels import display_name

SIZES = "n = images / patients; lines: 95 % intervals over patients"

SMALL = f"hollow: fewer than {LEAST_PATIENTS} patients"

LONGEST = 26

ROW_HEIGHT = 0.21


def draw_pictures(
    groups: Sequence[GroupPerformance], comparisons: Sequence[GroupComparison], folder: Path
) -> list[Picture]:
    """Draw accuracies and differences, and the sensitivities, into ``folder``."""
    drawn = [group for group in groups if group.attribute != CLASS]
    if not drawn:
        return []
    lines = [Line(group.attribute, group.group, group.images, group.patients) for group in drawn]
    first, second = folder / "groups.png", folder / "sensitivities.png"
    panels = [_accuracy(drawn), _differences(drawn, comparisons)]
    note = f"{SIZES}; {SMALL}"
    save_png(draw_forest(lines, panels, "Performance by group", note), first)
    title = "Sensitivity by group"
    save_png(draw_forest(lines, _sensitivities(drawn), title, f"{note} of the class"), second)
    margin = f"{100 * LEAST_DIFFERENCE:.0f} points"
    return [
        Picture(
            first,
            "Left: accuracy, which depends on the class mix. Right: class-standardised accuracy "
            f"minus that of all other images; within the grey band it is below {margin}.",
        ),
        Picture(second, "Sensitivity for each class by group."),
    ]


def _accuracy(groups: Sequence[GroupPerformance]) -> Panel:
    values = [group.values["accuracy"] for group in groups]
    return Panel("Accuracy", values, [group.patients < LEAST_PATIENTS for group in groups])


def _differences(
    groups: Sequence[GroupPerformance], comparisons: Sequence[GroupComparison]
) -> Panel:
    by_group = {(compared.attribute, compared.group): compared.tested for compared in comparisons}
    tested = [by_group.get((group.attribute, group.group)) for group in groups]
    values = [numbers.difference if numbers else Value(None) for numbers in tested]
    reach = max([0.2, *(abs(end) for value in values for end in value if end is not None)])
    limits = (-1.05 * reach, 1.05 * reach)
    title = "Difference from all others"
    return Panel(title, values, [False] * len(values), limits, LEAST_DIFFERENCE)


def _sensitivities(groups: Sequence[GroupPerformance]) -> list[Panel]:
    return [
        Panel(
            display_name(label),
            [group.sensitivities[label] for group in groups],
            [label in group.small for group in groups],
        )
        for label in groups[0].sensitivities
    ]


class Line(NamedTuple):
    """A group.

    Attributes:
        attribute: Groups of one attribute stand together.
        group: Name of the group.
        images: Number of images.
        patients: Number of patients.
    """

    attribute: str
    group: str
    images: int
    patients: int


class Panel(NamedTuple):
    """A quantity.

    Attributes:
        title: Name on the axis.
        values: One for each line; without a value nothing is drawn.
        hollow: Whether a line's point is of a small group.
        limits: Range of the axis.
        margin: Width of the grey band around 0, and the line at 0; 0 for none.
    """

    title: str
    values: Sequence[Value]
    hollow: Sequence[bool]
    limits: tuple[float, float] = (0.0, 1.0)
    margin: float = 0.0


def draw_forest(lines: Sequence[Line], panels: Sequence[Panel], title: str, note: str) -> Figure:
    """Draw groups as points with their 95 % intervals.

    Args:
        lines: Groups, those of one attribute together.
        panels: Quantities from left to right.
        title: First line of the figure.
        note: Second line.
    """
    places = _places(lines)
    height = ROW_HEIGHT * (places[-1] + 1.6) + 1.45
    figure = new_figure(3.0 + 2.5 * len(panels), height, title, note)
    all_axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for axes, panel in zip(all_axes, panels, strict=True):
        _draw_panel(axes, panel, places)
    first = all_axes[0]
    first.set_yticks(places, [_label(line) for line in lines])
    first.set_ylim(places[-1] + 0.8, -1.6)
    for place, line in zip(places, lines, strict=True):
        if line == next(other for other in lines if other.attribute == line.attribute):
            _head(first, place, line.attribute)
    return figure


def _places(lines: Sequence[Line]) -> list[float]:
    """Return the height of each line; a head line of its own comes before every attribute."""
    places, place = [], -1.0
    for index, line in enumerate(lines):
        new = index > 0 and line.attribute != lines[index - 1].attribute
        place += 2.2 if new else 1.0
        places.append(place)
    return places


def _draw_panel(axes: Axes, panel: Panel, places: Sequence[float]) -> None:
    style_axes(axes, grid="x")
    axes.tick_params(axis="y", length=0)
    if panel.margin:
        axes.axvspan(-panel.margin, panel.margin, color=RULE, alpha=0.6, linewidth=0)
        axes.axvline(0.0, color=FAINT_INK, linewidth=0.8)
    for value, hollow, place in zip(panel.values, panel.hollow, places, strict=True):
        if value.value is None:
            continue
        hue = FAINT_INK if hollow else colour(0)
        if value.low is not None and value.high is not None:
            ends = [value.low, value.high]
            axes.plot(ends, [place, place], color=hue, linewidth=1.4, clip_on=False)
        fill = "white" if hollow else hue
        axes.plot(
            value.value,
            place,
            "o",
            color=hue,
            markerfacecolor=fill,
            markersize=5,
            clip_on=False,
            zorder=3,
        )
    axes.set_xlim(*panel.limits)
    axes.set_xlabel(panel.title)


def _label(line: Line) -> str:
    group = line.group if len(line.group) <= LONGEST else f"{line.group[: LONGEST - 1]}…"
    return f"{group} (n = {line.images:,} / {line.patients:,})"


def _head(axes: Axes, place: float, attribute: str) -> None:
    axes.annotate(
        attribute.capitalize(),
        (0, place - 1.0),
        xycoords=("axes fraction", "data"),
        xytext=(-6, 0),
        textcoords="offset points",
        ha="right",
        va="center",
        size=SMALL_SIZE,
        weight="bold",
    )
