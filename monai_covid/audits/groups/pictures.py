"""Pictures of the audit by groups."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from monai_covid.audits.groups.attributes import CLASS
from monai_covid.audits.groups.cells import LEAST_PATIENTS
from monai_covid.audits.groups.comparison import LEAST_DIFFERENCE, GroupComparison
from monai_covid.audits.groups.forest import Line, Panel, draw_forest
from monai_covid.audits.groups.performance import GroupPerformance
from monai_covid.evaluation import Picture
from monai_covid.evaluation.plots import save_png
from monai_covid.evaluation.summary_tables import Value
from monai_covid.labels import display_name

SIZES = "n = images / patients; lines: 95 % intervals over patients"
SMALL = f"hollow: fewer than {LEAST_PATIENTS} patients"


def draw_pictures(
    groups: Sequence[GroupPerformance], comparisons: Sequence[GroupComparison], folder: Path
) -> list[Picture]:
    """Draw accuracies and differences, and the sensitivities, into ``folder``."""
    some = [group for group in groups if group.attribute != CLASS]
    if not some:
        return []
    lines = [Line(one.attribute, one.group, one.images, one.patients) for one in some]
    first, second = folder / "groups.png", folder / "sensitivities.png"
    panels = [_accuracy(some), _differences(some, comparisons)]
    note = f"{SIZES}; {SMALL}"
    save_png(draw_forest(lines, panels, "Performance by group", note), first)
    title = "Sensitivity by group"
    save_png(draw_forest(lines, _sensitivities(some), title, f"{note} of the class"), second)
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
    found = {(one.attribute, one.group): one.tested for one in comparisons}
    tested = [found.get((group.attribute, group.group)) for group in groups]
    values = [one.difference if one else Value(None) for one in tested]
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
