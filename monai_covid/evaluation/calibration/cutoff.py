"""From where on a network is too unsure of an image, measured on validation images.

A reject option after Chow (IEEE Trans. Inf. Theory 16, 1970): the images that a network is least
sure of are left to people. For a stated coverage, or for a stated accuracy on the others (selective
classification; Geifman & El-Yaniv, NeurIPS 2017).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from monai_covid.evaluation.bootstrap import percentile_interval, resample
from monai_covid.evaluation.calibration.record import CUTOFF_MEASURES, UncertaintyCutoff
from monai_covid.evaluation.calibration.selective import RiskCoverage, risk_coverage
from monai_covid.evaluation.calibration.uncertainty import Scores, uncertainty
from monai_covid.evaluation.columns import PATIENT, class_names_in
from monai_covid.evaluation.outcomes import BoolArray, FloatArray, SingleLabelOutcomes, outcomes_of

COVERAGE, ACCURACY = "coverage", "accuracy"

LEAST_ANSWERED = 20
"""Images below which an accuracy says nothing; also the least of a bin of the calibration error."""


class CutoffGoal(NamedTuple):
    """What a cut-off is to reach on the images it is fitted on.

    Attributes:
        goal: ``coverage``: this share of the images, or a little more, is not uncertain;
            ``accuracy``: as many images as possible are not, while this share of them is right.
        asked: The share, in (0, 1).
        measure: Of ``CUTOFF_MEASURES``.
    """

    goal: str
    asked: float
    measure: str = CUTOFF_MEASURES[0]


def fit_cutoff(
    table: pd.DataFrame, goal: CutoffGoal, *, resamples: int = 2000, seed: int = 0
) -> UncertaintyCutoff:
    """Return the cut-off that reaches a goal on a table of calibrated predictions.

    Its intervals are those of a given cut-off: they do not hold that it was chosen on the same
    images, which makes the accuracy look a little better than it is where that was the goal.

    Args:
        table: Checked predictions table, of classes that exclude each other.
        goal: What to reach.
        resamples: Bootstrap resamples over patients.
        seed: Seed of the draws.

    Raises:
        ValueError: If several labels can hold at once, an argument is out of range, or no cut-off
            reaches the accuracy.
    """
    _check(goal)
    outcomes = outcomes_of(table, class_names_in(table))
    if not isinstance(outcomes, SingleLabelOutcomes):
        raise ValueError("uncertainty is defined for classes that exclude each other only")
    unsure = uncertainty(goal.measure, Scores(outcomes.probabilities))
    correct = np.asarray(outcomes.predicted == outcomes.true)
    value = _value_after(np.sort(unsure), _answered(goal, unsure, correct))
    return _measured(
        goal, value, unsure <= value, correct, (table[PATIENT].tolist(), resamples, seed)
    )


def _check(goal: CutoffGoal) -> None:
    if goal.goal not in (COVERAGE, ACCURACY):
        raise ValueError(f"goal is {goal.goal!r}; it must be {COVERAGE} or {ACCURACY}")
    if goal.measure not in CUTOFF_MEASURES:
        listed = ", ".join(CUTOFF_MEASURES)
        raise ValueError(f"measure is {goal.measure!r}; it must be one of {listed}")
    if not 0 < goal.asked < 1:
        raise ValueError(f"{goal.goal} is {goal.asked!r}; it must lie between 0 and 1")


def _answered(goal: CutoffGoal, unsure: FloatArray, correct: BoolArray) -> int:
    """Return how many of the surest images are answered."""
    if goal.goal == COVERAGE:
        # 0.7 * 10 is 7.000000000000001, which is 7 images.
        return int(np.ceil(goal.asked * len(unsure) - 1e-9))
    curve = risk_coverage(unsure, correct)
    # Equally unsure images are answered together or not at all.
    ends = np.append(np.diff(np.sort(unsure)) > 0, True)
    enough = np.arange(1, len(unsure) + 1) >= LEAST_ANSWERED
    reached = np.flatnonzero(ends & enough & (1 - curve.risk >= goal.asked - 1e-12))
    if not len(reached):
        raise ValueError(_out_of_reach(goal, curve))
    return int(reached[-1]) + 1


def _out_of_reach(goal: CutoffGoal, curve: RiskCoverage) -> str:
    if len(curve.risk) < LEAST_ANSWERED:
        return f"{len(curve.risk)} images are too few for a cut-off, {LEAST_ANSWERED} are needed"
    risk = curve.risk[LEAST_ANSWERED - 1 :]
    best = int(risk.argmin())
    share = curve.coverage[LEAST_ANSWERED - 1 + best]
    return (
        f"no cut-off reaches an accuracy of {goal.asked:g}; the highest is "
        f"{1 - risk[best]:.3f}, on the surest {share:.0%} of the images"
    )


def _value_after(ordered: FloatArray, answered: int) -> float:
    """Return a cut-off halfway to the next image, so that rounding moves none across it."""
    last = ordered[answered - 1]
    beyond = ordered[ordered > last]
    return float((last + beyond[0]) / 2 if len(beyond) else last + 1e-6)


def _measured(
    goal: CutoffGoal,
    value: float,
    sure: BoolArray,
    correct: BoolArray,
    draws: tuple[Sequence[str], int, int],
) -> UncertaintyCutoff:
    patients, resamples, seed = draws

    def measure(weights: FloatArray) -> dict[str, FloatArray]:
        total, kept = weights.sum(axis=1), weights @ sure
        right = weights @ (sure & correct)
        none = np.full_like(right, np.nan)
        return {
            COVERAGE: kept / total,
            ACCURACY: np.divide(right, kept, out=none, where=kept > 0),
        }

    drawn = resample(measure, patients, resamples, seed)
    coverage, accuracy = (percentile_interval(drawn[name]) for name in (COVERAGE, ACCURACY))
    return UncertaintyCutoff(
        measure=goal.measure,
        value=value,
        goal=goal.goal,
        asked=goal.asked,
        coverage=float(sure.mean()),
        coverage_low=coverage.low,
        coverage_high=coverage.high,
        accuracy=float(correct[sure].mean()),
        accuracy_low=accuracy.low,
        accuracy_high=accuracy.high,
        accuracy_of_all=float(correct.mean()),
    )
