"""The sentences and tables of the audit by readings.

When a model is held to follow readers, and when it surely does not.
"""

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


def judge(comparison: ReadingComparison) -> Verdict:
    """Judge by how the model orders images of one label, and view, that readers told apart.

    Returns:
        FAULT if the 95 % interval of that AUC ends below POOR, QUIET if it begins at POOR or above.
        UNKNOWN otherwise, and with fewer than LEAST_PATIENTS patients.
    """
    within = comparison.judged
    if comparison.fewest < LEAST_PATIENTS or within.low is None or within.high is None:
        return Verdict.UNKNOWN
    if within.high < POOR:
        return Verdict.FAULT
    return Verdict.QUIET if within.low >= POOR else Verdict.UNKNOWN


NAMES = {
    LABELS_BY_MODEL: "The label, by the model",
    LABELS_BY_READERS: "The label, by what readers saw",
    READINGS_BY_MODEL: "What readers saw, by the model",
    WITHIN_LABELS: "What readers saw, by the model, among images of one label",
    WITHIN_VIEWS: "What readers saw, by the model, among images of one label and view",
}
RULE = (
    "All values are AUC: 0.5 is guessing. The last row counts: what gives the label away is the "
    "same for all images of one label, and patients in bed, whose view is another, are sicker. A "
    f"fault is an interval there that ends below {POOR}, where discrimination is called poor; none "
    f"is found where it begins above that. Fewer than {LEAST_PATIENTS} patients on either side are "
    "not judged. Readers err too, and see one image without its patient: what they miss cannot "
    "be told from what is not there."
)
MEANING = {
    Verdict.FAULT: "It follows what readers see poorly at best, and tells the label otherwise.",
    Verdict.QUIET: "It follows what readers see.",
    Verdict.UNKNOWN: "How well it follows what readers see cannot be told.",
}


def summary_of(comparison: ReadingComparison) -> str:
    """Return what the comparison of one class comes to."""
    values = comparison.values
    verdict = judge(comparison)
    few = comparison.fewest < LEAST_PATIENTS
    stratum = "label and view" if comparison.heeds_views else "label"
    return " ".join(
        [
            f"{display_name(comparison.label)}, {counted(comparison.images, 'image')} read: the "
            f"label is told by the model at AUC {_words(values[LABELS_BY_MODEL])}, by what readers "
            f"saw at {_words(values[LABELS_BY_READERS])}; among images of one {stratum} "
            f"the model finds those where readers saw it at {_words(comparison.judged)}.",
            MEANING[verdict],
            *([f"Too few patients whose images share {stratum}."] if few else []),
        ]
    )


def measure_table(comparison: ReadingComparison) -> Table:
    """Return the measures with their intervals."""
    rows: list[tuple[str, list[Value | str]]] = [
        (NAMES[name], [value])
        for name, value in comparison.values.items()
        if name != WITHIN_VIEWS or comparison.heeds_views
    ]
    return Table(("What is told, and by whom", "AUC"), rows)


def label_table(comparison: ReadingComparison) -> Table:
    """Return what readers saw on the images of each label."""
    heads = ("Label", "Images read", "Patients", "Finding seen", "Share", "AUC of the model")
    rows: list[tuple[str, list[Value | str]]] = [
        (
            display_name(one.label),
            [
                f"{one.images:,}",
                f"{one.patients:,}",
                f"{one.seen:,}",
                f"{100 * one.seen / one.images:.0f} %",
                one.auc,
            ],
        )
        for one in comparison.labels
    ]
    return Table(heads, rows)


def _words(value: Value) -> str:
    if value.value is None:
        return "an undefined value"
    if value.low is None or value.high is None:
        return f"{value.value:.2f}"
    return f"{value.value:.2f} ({value.low:.2f} to {value.high:.2f})"
