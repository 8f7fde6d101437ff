"""Fitting the cut-off above which an image is uncertain, on validation images.

A reject option after Chow (IEEE Trans. Inf. Theory 16, 1970): the most uncertain images are left to
people, for a target coverage or a target accuracy on accepted images (selective classification;
Geifman & El-Yaniv, NeurIPS 2017).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from monai_covid.evaluation.bootstrap import percentile_interval, resample
from monai_covid.evaluation.calibration.record import CUTOFF_MEASURES, UncertaintyCutoff
from monai_covid.evaluation.calibration.uncertainty import Scores, uncertainty
from monai_covid.evaluation.columns import PATIENT, class_names_in
from monai_covid.evaluation.outcomes import BoolArray, FloatArray, SingleLabelOutcomes, outcomes_of
from monai_covid.evaluation.ranked import divide

COVERAGE, ACCURACY = "coverage", "accuracy"

LEAST_ACCEPTED = 20
"""With fewer images an accuracy is too imprecise; also the fewest in a bin of the reliability."""


class CutoffGoal(NamedTuple):
    """What a cut-off is to reach on the images it is fitted on.

    Attributes:
        goal: ``coverage``: this share of the images, or a little more, is accepted; ``accuracy``:
            as many images as possible are accepted, of which this share is classified correctly.
        asked: The target, in (0, 1), such as 0.9.
        measure: Of ``CUTOFF_MEASURES``.
    """

    goal: str
    asked: float
    measure: str = CUTOFF_MEASURES[0]


def fit_cutoff(
    table: pd.DataFrame, goal: CutoffGoal, *, resamples: int = 2000, seed: int = 0
) -> UncertaintyCutoff:
    """Return the cut-off that reaches a goal on a table of calibrated predictions.

    Its intervals are those of a given cut-off: they do not include that it was chosen on the same
    images, which makes the accuracy look a little better than it is where that was the goal.

    Args:
        table: Checked predictions table, of mutually exclusive classes.
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
        raise ValueError("uncertainty is defined for mutually exclusive classes only")
    uncertainties = uncertainty(goal.measure, Scores(outcomes.probabilities))
    correct = np.asarray(outcomes.predicted == outcomes.true)
    value = _value_after(np.sort(uncertainties), _accepted(goal, uncertainties, correct))
    draws = (table[PATIENT].tolist(), resamples, seed)
    return _measured(goal, value, uncertainties <= value, correct, draws)


def _check(goal: CutoffGoal) -> None:
    if goal.goal not in (COVERAGE, ACCURACY):
        raise ValueError(f"goal is {goal.goal!r}; it must be {COVERAGE} or {ACCURACY}")
    if goal.measure not in CUTOFF_MEASURES:
        listed = ", ".join(CUTOFF_MEASURES)
        raise ValueError(f"measure is {goal.measure!r}; it must be one of {listed}")
    if not 0 < goal.asked < 1:
        raise ValueError(f"{goal.goal} is {goal.asked!r}; it must lie between 0 and 1")


def _accepted(goal: CutoffGoal, uncertainties: FloatArray, correct: BoolArray) -> int:
    """Return how many of the most certain images are accepted."""
    if goal.goal == COVERAGE:
        # 0.7 * 10 is 7.000000000000001, which is 7 images.
        return int(np.ceil(goal.asked * len(uncertainties) - 1e-9))
    curve = risk_coverage(uncertainties, correct)
    # Equally uncertain images are accepted together or not at all.
    ends = np.append(np.diff(np.sort(uncertainties)) > 0, True)
    enough = np.arange(1, len(uncertainties) + 1) >= LEAST_ACCEPTED
    reached = np.flatnonzero(ends & enough & (1 - curve.risk >= goal.asked - 1e-12))
    if not len(reached):
        raise ValueError(_out_of_reach(goal, curve))
    return int(reached[-1]) + 1


def _out_of_reach(goal: CutoffGoal, curve: RiskCoverage) -> str:
    if len(curve.risk) < LEAST_ACCEPTED:
        return f"{len(curve.risk)} images are too few for a cut-off, {LEAST_ACCEPTED} are needed"
    risk = curve.risk[LEAST_ACCEPTED - 1 :]
    best = int(risk.argmin())
    share = curve.coverage[LEAST_ACCEPTED - 1 + best]
    return (
        f"no cut-off reaches an accuracy of {goal.asked:g}; the highest is "
        f"{1 - risk[best]:.3f}, on the most certain {share:.0%} of the images"
    )


class RiskCoverage(NamedTuple):
    """The share of errors among accepted images, the most certain first.

    Attributes:
        coverage: Share of images accepted, ``(N,)``: 1/N to 1.
        risk: Share of errors among them, ``(N,)``. Equally uncertain images share their errors, so
            that their order does not matter.
    """

    coverage: FloatArray
    risk: FloatArray


def risk_coverage(uncertainties: FloatArray, correct: BoolArray) -> RiskCoverage:
    """Return the risk-coverage curve of N images.

    Args:
        uncertainties: Uncertainty of each image, ``(N,)``.
        correct: Whether its prediction is correct, ``(N,)``.

    Raises:
        ValueError: If shapes differ, there are no images, or an uncertainty is not a number.
    """
    if uncertainties.shape != correct.shape or uncertainties.ndim != 1 or not len(correct):
        shapes = f"uncertainties {uncertainties.shape} and outcomes {correct.shape}"
        raise ValueError(f"{shapes} must be (N,)")
    if np.isnan(uncertainties).any():
        raise ValueError("uncertainties must be numbers")
    order = np.argsort(uncertainties, kind="stable")
    ordered = uncertainties[order]
    ties = np.cumsum(np.diff(ordered, prepend=ordered[:1]) > 0)
    shared = np.bincount(ties, weights=~correct[order]) / np.bincount(ties)
    accepted = np.arange(1, len(order) + 1)
    return RiskCoverage(accepted / len(order), np.cumsum(shared[ties]) / accepted)


def _value_after(ordered: FloatArray, accepted: int) -> float:
    """Return a cut-off halfway to the next image, so that rounding moves none across it."""
    last = ordered[accepted - 1]
    beyond = ordered[ordered > last]
    return float((last + beyond[0]) / 2 if len(beyond) else last + 1e-6)


def _measured(
    goal: CutoffGoal,
    value: float,
    accepted: BoolArray,
    correct: BoolArray,
    draws: tuple[Sequence[str], int, int],
) -> UncertaintyCutoff:
    patients, resamples, seed = draws

    def measure(weights: FloatArray) -> dict[str, FloatArray]:
        weight = weights @ accepted
        return {
            COVERAGE: weight / weights.sum(axis=1),
            ACCURACY: divide(weights @ (accepted & correct), weight),
        }

    drawn = resample(measure, patients, resamples, seed)
    coverage, accuracy = (percentile_interval(drawn[name]) for name in (COVERAGE, ACCURACY))
    return UncertaintyCutoff(
        measure=goal.measure,
        value=value,
        goal=goal.goal,
        asked=goal.asked,
        coverage=float(accepted.mean()),
        coverage_low=coverage.low,
        coverage_high=coverage.high,
        accuracy=float(correct[accepted].mean()),
        accuracy_low=accuracy.low,
        accuracy_high=accuracy.high,
        accuracy_of_all=float(correct.mean()),
    )
