"""Verdict, sentences and tables of the audit of subgroup performance."""

from __future__ import annotations

from collections.abc import Sequence

from monai_covid.audits.finding import Verdict
from monai_covid.audits.groups.attributes import CLASS, LEAST_PATIENTS
from monai_covid.audits.groups.comparison import (
    LEAST_DIFFERENCE,
    LEVEL,
    STANDARDISED,
    Difference,
    GroupComparison,
)
from monai_covid.audits.groups.performance import METRICS, GroupPerformance
from monai_covid.evaluation.pages.tables import Table, Value
from monai_covid.evaluation.wording import counted
from monai_covid.labels import display_name

MEASURE = (
    "Raw accuracy of a group depends on its classes, so groups are compared by class-standardised "
    "accuracy: the mean of the sensitivities of the classes that the group and all other images "
    f"share, each with at least {LEAST_PATIENTS} patients on both sides."
)

TEST = (
    "Permutation test: groups are permuted among patients of the same classes; p-values are "
    "corrected for all differences and attributes (maxT, Holm). A problem is a difference of at "
    f"least {100 * LEAST_DIFFERENCE:.0f} points that is significant at {100 * LEVEL:.0f} %. The "
    "test shows that groups differ, not why: age, disease and hospital are confounded."
)

HEADS = ("Accuracy", "Macro AUC", "Mean probability of the true class")


def verdict_of(comparisons: Sequence[GroupComparison]) -> Verdict:
    """Return INCONCLUSIVE where nothing could be tested, else whether there is a problem."""
    if any(comparison.problems for comparison in comparisons):
        return Verdict.PROBLEM
    tested = any(comparison.tested is not None for comparison in comparisons)
    return Verdict.PASSED if tested else Verdict.INCONCLUSIVE


def summary_of(comparisons: Sequence[GroupComparison]) -> str:
    """Return the result of the comparisons in one to three sentences."""
    tested = [comparison for comparison in comparisons if comparison.tested is not None]
    if not tested:
        return (
            "No two groups could be compared: none has a class in common with the other images "
            f"of which both have at least {LEAST_PATIENTS} patients."
        )
    problems = [
        (comparison, difference) for comparison in comparisons for difference in comparison.problems
    ]
    if not problems:
        parts = [_tested(tested), _largest(tested), _noticeable(tested), _left_out(comparisons)]
        return " ".join(filter(None, parts))
    problems.sort(key=lambda pair: (pair[1].p_value, -abs(pair[1].value)))
    count = len({(comparison.attribute, comparison.group) for comparison, _ in problems})
    first = f"{count} of {len(tested)} tested groups {'differs' if count == 1 else 'differ'}"
    significant = f"{first} from all other images. Most significant: {_difference(*problems[0])}."
    return " ".join(filter(None, [significant, _left_out(comparisons)]))


def untested_sentence(comparison: GroupComparison) -> str:
    """Return why a group was not tested."""
    if not comparison.shared:
        return "not tested: shares no class with the other images"
    names = ", ".join(map(display_name, comparison.shared))
    return f"not tested: fewer than {LEAST_PATIENTS} patients of {names}, here or elsewhere"


def points(value: float) -> str:
    """Return a share as signed percentage points."""
    return f"{100 * value:+.1f} points"


def _difference(comparison: GroupComparison, difference: Difference) -> str:
    quantity = difference.quantity
    if quantity != STANDARDISED:
        quantity = f"sensitivity for {display_name(quantity)}"
    return (
        f"{comparison.attribute} {comparison.group}, {quantity} {points(difference.value)} "
        f"(corrected p = {difference.p_value:.3f})"
    )


def _tested(tested: Sequence[GroupComparison]) -> str:
    attributes = list(dict.fromkeys(comparison.attribute for comparison in tested))
    return f"{len(tested)} groups by {', '.join(attributes)} were compared with all other images."


def _largest(tested: Sequence[GroupComparison]) -> str:
    pairs = [(compared, compared.tested.differences[0]) for compared in tested if compared.tested]
    largest = max(pairs, key=lambda pair: abs(pair[1].value))
    return f"The largest difference: {_difference(*largest)}."


def _noticeable(tested: Sequence[GroupComparison]) -> str:
    least = [100 * compared.tested.noticeable for compared in tested if compared.tested]
    return (
        f"Differences below {min(least):.0f} to {max(least):.0f} points, depending on the size of "
        "the group, could not have been detected."
    )


def _left_out(comparisons: Sequence[GroupComparison]) -> str:
    """Return which attributes could not be compared at all."""
    by_name: dict[str, list[GroupComparison]] = {}
    for comparison in comparisons:
        by_name.setdefault(comparison.attribute, []).append(comparison)
    left_out = [
        name for name, groups in by_name.items() if not any(group.tested for group in groups)
    ]
    apart = [name for name in left_out if not any(group.shared for group in by_name[name])]
    few = [name for name in left_out if name not in apart]
    sentences = []
    if apart:
        sentences.append(f"Not compared by {', '.join(apart)}: the groups share no class.")
    if few:
        sentences.append(f"Not compared by {', '.join(few)}: too few patients.")
    return " ".join(sentences)


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
        "Largest difference of a class",
        "Least detectable difference",
    )
    rows = [
        (f"{comparison.attribute}: {comparison.group}", _cells(comparison))
        for comparison in comparisons
    ]
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
    differences = comparison.tested.differences[1:] if comparison.tested else ()
    if not differences:
        return ""
    largest = max(differences, key=lambda difference: abs(difference.value))
    return f"{display_name(largest.quantity)} {points(largest.value)} (p = {largest.p_value:.3f})"


def _small(group: GroupPerformance) -> str:
    return "; ".join(
        f"{display_name(label)}: {counted(group.patients_of[label], 'patient')}"
        for label in group.small
    )
