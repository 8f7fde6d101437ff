"""Log loss, Brier score and calibration errors with intervals, before and after calibration."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from monai_covid.evaluation.bootstrap import percentile_interval, resample
from monai_covid.evaluation.calibration.reliability import (
    BinSums,
    bin_sums,
    bins_for,
    debiased_squared_error,
    equal_mass_bins,
    expected_error,
    squared_error,
)
from monai_covid.evaluation.outcomes import BoolArray, FloatArray, Outcomes, SingleLabelOutcomes
from monai_covid.evaluation.pages.tables import Value
from monai_covid.evaluation.ranked import divide

NAMES = {
    "log_loss": "Log loss (nats)",
    "brier": "Brier score",
    "overconfidence": "Mean confidence less accuracy",
    "ece": "Calibration error, predicted class",
    "rms": "Its root mean square less chance",
    "classwise_ece": "Calibration error, mean of classes",
    "classwise_rms": "Its root mean square less chance",
}
"""How the scores are written."""

ROOTS = {"rms": "ece", "classwise_rms": "classwise_ece"}
"""Scores whose squares are resampled, and the plain errors that they stand beside."""

PLAIN = "_plain"
"""Ending of the squares that chance was not taken off."""

Measure = Callable[[FloatArray], dict[str, FloatArray]]


class ScoreRow(NamedTuple):
    """One score of two sets of probabilities of the same images.

    Attributes:
        score: Key of ``NAMES``.
        before: With 95 % interval over patients.
        after: With 95 % interval over patients.
        difference: After less before, with the interval of the difference.
    """

    score: str
    before: Value
    after: Value
    difference: Value


def top_label(outcomes: SingleLabelOutcomes) -> tuple[FloatArray, BoolArray]:
    """Return the highest probability of each row ``(N,)``, and whether its class is right."""
    chosen = outcomes.probabilities.argmax(axis=1)
    return outcomes.probabilities.max(axis=1), np.asarray(chosen == outcomes.true)


def measure_calibration(outcomes: Outcomes, bins: int | None = None) -> Measure:
    """Prepare the scores of ``NAMES`` for weightings ``(R, N)`` of the rows of ``outcomes``.

    Those of ``ROOTS`` are given as squares, less chance and, with the ending ``PLAIN``, as they
    are. Bins are those of the unweighted rows. The Brier score of mutually exclusive classes is the
    sum over classes, 0 to 2 (Brier 1950); that of independent labels the mean over labels. Scores
    of the predicted class are left out for those.
    """
    bins = bins or bins_for(len(outcomes.probabilities))
    losses = _row_scores(outcomes)
    columns = list(zip(outcomes.probabilities.T, outcomes.positives.T, strict=True))
    cuts = [equal_mass_bins(column, bins) for column, _ in columns]
    top = top_label(outcomes) if isinstance(outcomes, SingleLabelOutcomes) else None
    top_cut = equal_mass_bins(top[0], bins) if top else None

    def measure(weights: FloatArray) -> dict[str, FloatArray]:
        total = weights.sum(axis=1)
        scores = {name: divide(weights @ row, total) for name, row in losses.items()}
        if top is not None and top_cut is not None:
            scores["overconfidence"] = divide(weights @ (top[0] - top[1]), total)
            scores |= _errors("", [bin_sums(*top, top_cut, weights)])
        sums = [bin_sums(*column, cut, weights) for column, cut in zip(columns, cuts, strict=True)]
        return scores | _errors("classwise_", sums)

    return measure


def calibration_rows(
    before: Outcomes,
    after: Outcomes,
    patients: Sequence[str],
    *,
    bins: int | None = None,
    resamples: int = 2000,
    seed: int = 0,
) -> list[ScoreRow]:
    """Compare the scores of the same images before and after calibration.

    Intervals are percentiles of the patient bootstrap. Every resample adds chance of its own to
    calibration errors, so there the resampled squares less chance are set against the plain square
    of the sample, which is the truth of the resamples, and the distances are put around the square
    less chance (basic bootstrap). Plain errors, and differences of errors, have no interval.

    Args:
        before: Outcomes at temperature 1.
        after: Outcomes of the same rows at the fitted temperature.
        patients: Patient of each row.
        bins: Bins of equal mass; None: ``bins_for`` so many rows.
        resamples: Bootstrap resamples.
        seed: Seed of the draws; both sides are resampled alike.
    """
    measures = [measure_calibration(outcomes, bins) for outcomes in (before, after)]
    whole = np.ones((1, len(patients)))
    points = [
        {name: float(values[0]) for name, values in measure(whole).items()} for measure in measures
    ]
    drawn = [resample(measure, patients, resamples, seed) for measure in measures]
    rows = []
    for name in [name for name in NAMES if name in points[0]]:
        old, new = (_value(name, *side) for side in zip(points, drawn, strict=True))
        rows.append(ScoreRow(name, old, new, _difference(name, points, drawn)))
    return rows


def _errors(prefix: str, of_columns: Sequence[BinSums]) -> dict[str, FloatArray]:
    return {
        f"{prefix}ece": np.mean([expected_error(sums) for sums in of_columns], axis=0),
        f"{prefix}rms": np.mean([debiased_squared_error(sums) for sums in of_columns], axis=0),
        f"{prefix}rms{PLAIN}": np.mean([squared_error(sums) for sums in of_columns], axis=0),
    }


def _value(name: str, point: dict[str, float], drawn: dict[str, FloatArray]) -> Value:
    if name in ROOTS.values():
        return Value(point[name])
    if name not in ROOTS:
        return Value(point[name], *percentile_interval(drawn[name])[:2])
    deviation = percentile_interval(drawn[name] - point[f"{name}{PLAIN}"])
    value = _root(point[name])
    if deviation.low is None or deviation.high is None:
        return Value(value)
    return Value(value, _root(point[name] - deviation.high), _root(point[name] - deviation.low))


def _difference(
    name: str, points: list[dict[str, float]], drawn: list[dict[str, FloatArray]]
) -> Value:
    if name in ROOTS:
        return Value(_root(points[1][name]) - _root(points[0][name]))
    change = points[1][name] - points[0][name]
    if name in ROOTS.values():
        return Value(change)
    return Value(change, *percentile_interval(drawn[1][name] - drawn[0][name])[:2])


def _root(square: float) -> float:
    return float(np.sqrt(max(0.0, square)))


def _row_scores(outcomes: Outcomes) -> dict[str, FloatArray]:
    """Return log loss and Brier score of each row, ``(N,)``."""
    smallest = np.finfo(np.float64).eps
    values = np.clip(outcomes.probabilities, smallest, 1 - smallest)
    squares = (outcomes.probabilities - outcomes.positives) ** 2
    if isinstance(outcomes, SingleLabelOutcomes):
        losses = -np.log(values[np.arange(len(values)), outcomes.true])
        return {"log_loss": losses, "brier": squares.sum(axis=1)}
    both = np.where(outcomes.positives, np.log(values), np.log1p(-values))
    return {"log_loss": -both.mean(axis=1), "brier": squares.mean(axis=1)}
