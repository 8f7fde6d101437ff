"""When a drop outside is a fault."""

from __future__ import annotations

from monai_covid.audits.external.comparison import Compared, ExternalComparison
from monai_covid.audits.finding import Verdict

MARGIN = 0.05
"""A loss of up to 5 points of balanced accuracy or sensitivity is tolerated."""

BALANCED, SENSITIVITY = "balanced_accuracy", "recall"


def main_measure(comparison: ExternalComparison) -> Compared | None:
    """Return what the sets are compared by: balanced accuracy, or the only sensitivity."""
    for metric in (BALANCED, SENSITIVITY):
        for one in comparison.metrics:
            if one.key.metric == metric:
                return one
    return None


def losses(comparison: ExternalComparison) -> list[Compared]:
    """Return balanced accuracy and sensitivities that surely fell by more than MARGIN.

    A 95 % interval of the difference must end below -MARGIN. Where nothing is lost at all that
    needs an error of MARGIN more than the interval, so several measures can be judged at 95 %.
    """
    return [
        one
        for one in comparison.metrics
        if one.key.metric in (BALANCED, SENSITIVITY)
        and not one.is_small
        and one.difference.high is not None
        and one.difference.high < -MARGIN
    ]


def judge(comparison: ExternalComparison) -> Verdict:
    """Judge one external collection.

    Returns:
        FAULT if balanced accuracy or a sensitivity surely fell by more than MARGIN; QUIET if the
        main measure surely did not (its interval lies above -MARGIN: a test of non-inferiority,
        Blackwelder, Control. Clin. Trials 3:345-353, 1982); otherwise UNKNOWN.
    """
    if losses(comparison):
        return Verdict.FAULT
    main = main_measure(comparison)
    if main is None or main.is_small or main.difference.low is None:
        return Verdict.UNKNOWN
    return Verdict.QUIET if main.difference.low > -MARGIN else Verdict.UNKNOWN
