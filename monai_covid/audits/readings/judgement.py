"""When a model is held to follow readers, and when it surely does not."""

from __future__ import annotations

from collections.abc import Sequence

from monai_covid.audits.finding import Verdict
from monai_covid.audits.groups.cells import LEAST_PATIENTS
from monai_covid.evaluation.readings import ReadingComparison

NONE, POOR = 0.5, 0.7
"""AUC of no relation at all, and below which discrimination is called poor (D. Hosmer and
S. Lemeshow, Applied Logistic Regression, 2000)."""


def judge(comparison: ReadingComparison) -> Verdict:
    """Judge by how the model orders images of one label, and view, that readers told apart.

    Returns:
        FAULT if the 95 % interval of that AUC ends below POOR: the finding hardly counts. QUIET if
        it begins above NONE. UNKNOWN otherwise, and with fewer than LEAST_PATIENTS patients.
    """
    within = comparison.telling
    if comparison.fewest < LEAST_PATIENTS or within.low is None or within.high is None:
        return Verdict.UNKNOWN
    if within.high < POOR:
        return Verdict.FAULT
    return Verdict.QUIET if within.low > NONE else Verdict.UNKNOWN


def judge_all(comparisons: Sequence[ReadingComparison]) -> Verdict:
    """Return FAULT if any class shows one, QUIET if all are quiet, else UNKNOWN."""
    found = {judge(one) for one in comparisons}
    for verdict in (Verdict.FAULT, Verdict.UNKNOWN):
        if verdict in found:
            return verdict
    return Verdict.QUIET if found else Verdict.UNKNOWN
