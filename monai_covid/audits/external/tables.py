"""Sentences and tables of the audit of external validation."""

from __future__ import annotations

from collections.abc import Sequence

from monai_covid.audits.external.comparison import (
    MARGIN,
    Compared,
    ExternalComparison,
    judge,
    losses,
    main_metric,
)
from monai_covid.audits.finding import Verdict
from monai_covid.audits.groups.attributes import LEAST_PATIENTS
from monai_covid.audits.groups.performance import MEAN_PROBABILITY, Measured, called
from monai_covid.evaluation.metrics import MetricKey
from monai_covid.evaluation.pages.tables import Table, Value
from monai_covid.evaluation.wording import METRIC_NAMES, counted, metric_name
from monai_covid.labels import display_name

INSIDE = "inside"

RULE = (
    "The difference is outside minus inside; below each value its 95 % interval, from independent "
    "bootstraps over the patients of both. A problem is a balanced accuracy or sensitivity whose "
    f"interval ends below -{100 * MARGIN:.0f} points; no problem is found where the interval of "
    "the balanced accuracy, or of the only sensitivity, lies above that; anything else is "
    f"inconclusive. Fewer than {LEAST_PATIENTS} patients of a class are not judged."
)

MIX = (
    "Accuracy, log loss and mean probability depend on the class mix, which differs between "
    "collections; compare balanced accuracy, sensitivities and AUC."
)

ONE_CLASS = (
    "Both have images of one common class only ({name}). Without other classes there are no false "
    "positives, so a model that predicts {name} for everything would look perfect: sensitivity, "
    "probabilities and predicted classes are defined, AUC and balanced accuracy are not."
)


def name_of(key: MetricKey) -> str:
    """Return how a metric of the comparison is written."""
    if key.metric == MEAN_PROBABILITY:
        if key.label is None:
            return "Mean probability of the true class"
        return f"Mean probability, {display_name(key.label)}"
    if key.metric == "recall" and key.label is not None:
        return f"Sensitivity, {display_name(key.label)}"
    return metric_name(*key)


def summary_of(comparison: ExternalComparison) -> str:
    """Return the result for one external collection, in a sentence or two."""
    main = main_metric(comparison)
    if main is None:
        return f"{comparison.name}: {_why_nothing(comparison)}."
    sentence = f"{comparison.name}: {_drop(main)}{_inconclusive(comparison, main)}."
    lost = losses(comparison)
    if lost:
        names = [_quantity(metric) for metric in lost]
        sentence += f" Significant drop of more than {100 * MARGIN:.0f} points: {', '.join(names)}."
    others = [metric for metric in lost if metric is not main]
    return " ".join([sentence, *[f"{_first_upper(_drop(metric))}." for metric in others]])


def section_text(comparison: ExternalComparison) -> str:
    """Return the paragraphs about one external collection."""
    parts = [_sizes(comparison), _left_out(comparison), _classes(comparison)]
    return "\n\n".join(part for part in parts if part)


def _drop(metric: Compared) -> str:
    name = _quantity(metric)
    inside, outside, gap = metric.inside.value, metric.outside.value, metric.difference
    if inside is None or outside is None or gap.value is None:
        return f"{name} is not defined"
    text = f"{name} {inside:.3f} inside, {outside:.3f} outside ({100 * gap.value:+.1f} points"
    if gap.low is not None and gap.high is not None:
        text += f", {100 * gap.low:+.1f} to {100 * gap.high:+.1f}"
    return f"{text})"


def _quantity(metric: Compared) -> str:
    if metric.key.label is None:
        return METRIC_NAMES[metric.key.metric].lower()
    return f"sensitivity for {display_name(metric.key.label)}"


def _inconclusive(comparison: ExternalComparison, main: Compared) -> str:
    """Return why one external collection gives no conclusion; empty if it gives one."""
    if judge(comparison) is not Verdict.INCONCLUSIVE:
        return ""
    if main.is_small:
        return f"; inconclusive: fewer than {LEAST_PATIENTS} patients of a class"
    return f"; inconclusive: the drop may be more or less than {100 * MARGIN:.0f} points"


def _why_nothing(comparison: ExternalComparison) -> str:
    if comparison.outside is None:
        return "all its patients are also in the collection, so nothing is left to compare"
    return "it has no class in common with the collection, so nothing can be compared"


def _sizes(comparison: ExternalComparison) -> str:
    sides = [("Inside", comparison.inside), ("outside", comparison.outside)]
    texts = [
        f"{where}: {counted(len(side.patients), 'image')} of {counted(side.n_patients, 'patient')}"
        for where, side in sides
        if side is not None
    ]
    return f"{'; '.join(texts)}."


def _left_out(comparison: ExternalComparison) -> str:
    if not comparison.left_out_images:
        return "No patient of the external collection is also in the collection, as far as ids say."
    images = counted(comparison.left_out_images, "image")
    patients = counted(comparison.left_out_patients, "patient")
    return (
        f"{images} of {patients} were left out, because the patients are also in the collection, "
        "by id or NIH image name; the model may have been trained on them."
    )


def _classes(comparison: ExternalComparison) -> str:
    if not comparison.metrics:
        return f"{_first_upper(_why_nothing(comparison))}."
    if len(comparison.shared) == 1:
        return ONE_CLASS.format(name=display_name(comparison.shared[0]))
    if comparison.shared == comparison.classes:
        return ""
    names = ", ".join(map(display_name, comparison.shared))
    return f"Compared are images of the classes that both have: {names}."


def _first_upper(sentence: str) -> str:
    # str.capitalize would make "COVID-19" small.
    return sentence[:1].upper() + sentence[1:]


def difference_table(comparison: ExternalComparison) -> Table:
    """Return every metric inside and outside, and the difference."""
    rows = [(name_of(metric.key), _cells(metric)) for metric in comparison.metrics]
    return Table(("Metric", "Inside", "Outside", "Difference", "Fewest patients"), rows)


def call_table(comparison: ExternalComparison) -> Table:
    """Return the predicted classes of the images of each class, inside and outside."""
    heads = (
        "True class",
        "Images",
        "Patients",
        *[f"Predicted {display_name(name)}" for name in comparison.classes],
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
    sides = [(INSIDE, inside), *((other.name, other.outside) for other in comparisons)]
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


def _cells(metric: Compared) -> list[Value | str]:
    few = " (few)" if metric.is_small else ""
    return [metric.inside, metric.outside, metric.difference, f"{metric.patients:,}{few}"]


def _calls(side: Measured, place: int) -> list[Value | str]:
    names = side.outcomes.class_names
    return [
        f"{side.outcomes.support[place]:,}",
        f"{side.patients_of(place):,}",
        *[side.value(called(name), names[place]) for name in names],
        side.value(MEAN_PROBABILITY, names[place]),
    ]
