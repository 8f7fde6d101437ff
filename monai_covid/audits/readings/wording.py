"""Verdict, sentences and tables of the audit of agreement with readers."""

from __future__ import annotations

from monai_covid.audits.finding import Verdict
from monai_covid.audits.groups.attributes import LEAST_PATIENTS
from monai_covid.evaluation.pages.tables import Table, Value
from monai_covid.evaluation.readings import (
    LABELS_BY_MODEL,
    LABELS_BY_READERS,
    READINGS_BY_MODEL,
    WITHIN_LABELS,
    WITHIN_VIEWS,
    ReadingComparison,
)
from monai_covid.evaluation.wording import counted
from monai_covid.labels import display_name

POOR = 0.7
"""AUC below which discrimination is called poor (D. Hosmer and S. Lemeshow, Applied Logistic
Regression, 2000)."""

NAMES = {
    LABELS_BY_MODEL: "Label, predicted by the model",
    LABELS_BY_READERS: "Label, predicted by what readers saw",
    READINGS_BY_MODEL: "What readers saw, predicted by the model",
    WITHIN_LABELS: "What readers saw, predicted by the model, within one label",
    WITHIN_VIEWS: "What readers saw, predicted by the model, within one label and view",
}

MEANING = {
    Verdict.PROBLEM: (
        "The model agrees poorly with readers; it predicts the label by something else."
    ),
    Verdict.PASSED: "The model agrees with readers.",
    Verdict.INCONCLUSIVE: "How well the model agrees with readers is inconclusive.",
}

RULE = (
    "All values are AUC: 0.5 is chance. The last row decides: whatever else is typical of a label "
    "is the same for all images of it, and bedside radiographs, which have another view, are of "
    f"sicker patients. A problem is an interval there that ends below {POOR}, where discrimination "
    "is called poor; no problem is found where it begins above that; anything else is "
    f"inconclusive. Fewer than {LEAST_PATIENTS} patients on either side are not judged. Readers "
    "err too, and see one image without its patient: what they miss counts as absent."
)


def judge(comparison: ReadingComparison) -> Verdict:
    """Judge by how the model ranks images of one label, and view, that readers read differently.

    Returns:
        PROBLEM if the 95 % interval of that AUC ends below POOR, PASSED if it begins at POOR or
        above. INCONCLUSIVE otherwise, and with fewer than LEAST_PATIENTS patients.
    """
    within = comparison.judged
    if comparison.fewest < LEAST_PATIENTS or within.low is None or within.high is None:
        return Verdict.INCONCLUSIVE
    if within.high < POOR:
        return Verdict.PROBLEM
    return Verdict.PASSED if within.low >= POOR else Verdict.INCONCLUSIVE


def summary_of(comparison: ReadingComparison) -> str:
    """Return the result for one class in a sentence or two."""
    values = comparison.values
    verdict = judge(comparison)
    few = comparison.fewest < LEAST_PATIENTS
    stratum = "label and view" if comparison.heeds_views else "label"
    return " ".join(
        [
            f"{display_name(comparison.label)}: {MEANING[verdict]}",
            *([f"Too few patients whose images share {stratum}."] if few else []),
            f"{counted(comparison.images, 'image')} read; AUC of the model for the label "
            f"{_value_text(values[LABELS_BY_MODEL])}, of what readers saw for the label "
            f"{_value_text(values[LABELS_BY_READERS])}; AUC of the model for what readers saw "
            f"{_value_text(comparison.judged)} among images of one {stratum}.",
        ]
    )


def measure_table(comparison: ReadingComparison) -> Table:
    """Return the measures with their intervals."""
    rows: list[tuple[str, list[Value | str]]] = [
        (NAMES[name], [value])
        for name, value in comparison.values.items()
        if name != WITHIN_VIEWS or comparison.heeds_views
    ]
    return Table(("What is predicted, and by what", "AUC"), rows)


def label_table(comparison: ReadingComparison) -> Table:
    """Return what readers saw on the images of each label."""
    heads = ("Label", "Images read", "Patients", "Finding seen", "Share", "AUC of the model")
    rows: list[tuple[str, list[Value | str]]] = [
        (
            display_name(read.label),
            [
                f"{read.images:,}",
                f"{read.patients:,}",
                f"{read.seen:,}",
                f"{100 * read.seen / read.images:.0f} %",
                read.auc,
            ],
        )
        for read in comparison.labels
    ]
    return Table(heads, rows)


def _value_text(value: Value) -> str:
    if value.value is None:
        return "an undefined value"
    if value.low is None or value.high is None:
        return f"{value.value:.2f}"
    return f"{value.value:.2f} ({value.low:.2f} to {value.high:.2f})"
