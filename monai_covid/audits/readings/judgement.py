"""When a model is held to follow readers, and when it surely does not."""

from __future__ import annotations

from monai_covid.audits.finding import Verdict
from monai_covid.audits.groups.cells import LEAST_PATIENTS
from monai_covid.evaluation.readings import ReadingComparison

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
