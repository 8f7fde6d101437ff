"""Verdicts on differences; they claim nothing that an interval does not show."""

from __future__ import annotations

from enum import Enum

from monai_covid.lab.studies.pages.records import Comparison, Estimate

ALPHA = 0.05
LOWER_IS_BETTER = ("loss", "error", "seconds", "blanked out")
"""In names of measures; without lungs in the image a network should not know the class."""


class Verdict(Enum):
    """The conclusion from a difference and its interval."""

    BETTER = "better"
    WORSE = "worse"
    NO_DIFFERENCE = "no significant difference"
    UNKNOWN = "not compared"


def verdict(difference: Estimate, measure: str = "") -> Verdict:
    """Judge a difference.

    Args:
        difference: First less second, with its 95 % interval.
        measure: Of what; less of some is better, see ``LOWER_IS_BETTER``.

    Returns:
        Better or worse only if the interval excludes 0; unknown without an interval.
    """
    if difference.value is None or difference.low is None or difference.high is None:
        return Verdict.UNKNOWN
    if difference.low <= 0 <= difference.high:
        return Verdict.NO_DIFFERENCE
    lower_is_better = any(word in measure for word in LOWER_IS_BETTER)
    return Verdict.BETTER if (difference.low > 0) != lower_is_better else Verdict.WORSE


def is_significant(comparison: Comparison) -> bool:
    """Return whether the interval excludes 0 and the p-value corrected after Holm is below 5 %."""
    corrected = comparison.p_value_holm
    differs = verdict(comparison.judged) in (Verdict.BETTER, Verdict.WORSE)
    return differs and corrected is not None and corrected < ALPHA


def verdict_of_intervals(first: Estimate | None, second: Estimate | None) -> Verdict:
    """Judge two values whose difference was not resampled.

    The bounds of the difference are those of the two intervals at their least favourable. For any
    correlation of the two values the standard error of their difference is at most the sum of their
    standard errors, so this interval is never too short: intervals that do not meet show a
    difference, intervals that meet leave it open.
    """
    if first is None or second is None:
        return Verdict.UNKNOWN
    if None in first or None in second:
        return Verdict.UNKNOWN
    value, low, high = (number or 0.0 for number in first)
    other, other_low, other_high = (number or 0.0 for number in second)
    return verdict(Estimate(value - other, low - other_high, high - other_low))


def above_chance(balanced: Estimate | None, classes: int) -> bool:
    """Return whether the interval of a balanced accuracy lies above chance."""
    return balanced is not None and balanced.low is not None and balanced.low > 1 / classes
