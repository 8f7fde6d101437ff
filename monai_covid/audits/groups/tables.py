"""Tables of the audit by groups."""

from __future__ import annotations

from collections.abc import Sequence

from monai_covid.audits.groups.attributes import CLASS
from monai_covid.audits.groups.comparison import GroupComparison
from monai_covid.audits.groups.performance import METRICS, GroupPerformance
from monai_covid.audits.groups.wording import points, untested_sentence
from monai_covid.evaluation.summary_tables import Table, Value
from monai_covid.labels import display_name

HEADS = ("Accuracy", "Macro AUC", "Mean probability of the true class")


def performance_table(groups: Sequence[GroupPerformance]) -> Table:
    """Return the metrics of the groups of one attribute."""
    names = [] if groups[0].attribute == CLASS else list(groups[0].sensitivities)
    metrics = dict(zip(METRICS, HEADS, strict=True))
    if groups[0].attribute == CLASS:
        # Of the images of one class no AUC is defined.
        metrics.pop("macro_auc")
    heads = [
        groups[0].attribute.capitalize(),
        "Images",
        "Patients",
        *metrics.values(),
        *[f"Sensitivity, {display_name(name)}" for name in names],
        "Small",
    ]
    rows = [(group.group, _performance_cells(group, list(metrics), names)) for group in groups]
    return Table(heads, rows)


def comparison_table(comparisons: Sequence[GroupComparison]) -> Table:
    """Return every group against all other images."""
    heads = (
        "Group",
        "Classes compared",
        "Class-standardised accuracy",
        "All others",
        "Difference",
        "Corrected p",
        "Largest of a class",
        "Noticeable from",
    )
    rows = [(f"{one.attribute}: {one.group}", _cells(one)) for one in comparisons]
    return Table(heads, rows)


def _performance_cells(
    group: GroupPerformance, metrics: Sequence[str], names: Sequence[str]
) -> list[Value | str]:
    return [
        f"{group.images:,}",
        f"{group.patients:,}",
        *[group.values[metric] for metric in metrics],
        *[group.sensitivities[name] for name in names],
        _small(group),
    ]


def _cells(comparison: GroupComparison) -> list[Value | str]:
    tested = comparison.tested
    if tested is None:
        return [untested_sentence(comparison), *[""] * 6]
    return [
        ", ".join(map(display_name, comparison.compared)),
        Value(tested.own),
        Value(tested.others),
        tested.difference,
        f"{tested.differences[0].p_value:.3f}",
        _of_a_class(comparison),
        f"{100 * tested.noticeable:.0f} points",
    ]


def _of_a_class(comparison: GroupComparison) -> str:
    each = comparison.tested.differences[1:] if comparison.tested else ()
    if not each:
        return ""
    one = max(each, key=lambda difference: abs(difference.value))
    return f"{display_name(one.quantity)} {points(one.value)} (p = {one.p_value:.3f})"


def _small(group: GroupPerformance) -> str:
    return "; ".join(
        f"{display_name(label)}: {_patients(group.patients_of[label])}" for label in group.small
    )


def _patients(count: int) -> str:
    return "1 patient" if count == 1 else f"{count} patients"
