"""Tables of the audit on external sets."""

from __future__ import annotations

from collections.abc import Sequence

from monai_covid.audits.external.comparison import Compared, ExternalComparison
from monai_covid.audits.external.wording import name_of
from monai_covid.audits.groups.measured import MEAN_PROBABILITY, Measured, called
from monai_covid.evaluation.summary_tables import Table, Value
from monai_covid.labels import display_name

INSIDE = "inside"


def difference_table(comparison: ExternalComparison) -> Table:
    """Return every metric inside and outside, and the difference."""
    rows = [(name_of(one.key), _cells(one)) for one in comparison.metrics]
    return Table(("Metric", "Inside", "Outside", "Difference", "Fewest patients"), rows)


def call_table(comparison: ExternalComparison) -> Table:
    """Return what the images of each class are called, inside and outside."""
    heads = (
        "True class",
        "Images",
        "Patients",
        *[f"Called {display_name(name)}" for name in comparison.classes],
        "Mean probability of the true class",
    )
    sides = [(INSIDE, comparison.inside), (comparison.name, comparison.outside)]
    rows = [
        (f"{display_name(name)}, {where}", _calls(side, place))
        for place, name in enumerate(comparison.classes)
        for where, side in sides
        if side is not None and side.outcomes.support[place]
    ]
    return Table(heads, rows)


def mix_table(inside: Measured, comparisons: Sequence[ExternalComparison]) -> Table:
    """Return the class mixes of all collections side by side."""
    sides = [(INSIDE, inside), *((one.name, one.outside) for one in comparisons)]
    names = inside.outcomes.class_names
    rows: list[tuple[str, list[Value | str]]] = []
    for where, side in sides:
        if side is None:
            rows.append((where, ["0", "0", *[""] * len(names)]))
            continue
        total = len(side.patients)
        shares = [f"{count:,} ({100 * count / total:.0f} %)" for count in side.outcomes.support]
        rows.append((where, [f"{total:,}", f"{side.n_patients:,}", *shares]))
    return Table(("Collection", "Images", "Patients", *map(display_name, names)), rows)


def _cells(one: Compared) -> list[Value | str]:
    few = " (few)" if one.is_small else ""
    return [one.inside, one.outside, one.difference, f"{one.patients:,}{few}"]


def _calls(side: Measured, place: int) -> list[Value | str]:
    names = side.outcomes.class_names
    return [
        f"{side.outcomes.support[place]:,}",
        f"{side.patients_of(place):,}",
        *[side.value(called(name), names[place]) for name in names],
        side.value(MEAN_PROBABILITY, names[place]),
    ]
