"""Fitting a temperature and thresholds on a table of predictions of validation images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from monai_covid.errors import InputError, Problem
from monai_covid.evaluation.bootstrap import check_resamples
from monai_covid.evaluation.calibration.cutoff import CutoffGoal, fit_cutoff
from monai_covid.evaluation.calibration.record import Calibration, OperatingPoint, UncertaintyCutoff
from monai_covid.evaluation.calibration.scores import ScoreRow, calibration_rows
from monai_covid.evaluation.calibration.temperature import (
    HIGHEST,
    TemperatureFit,
    fit_temperature,
    table_at,
    uncalibrated_logits,
)
from monai_covid.evaluation.calibration.thresholds import operating_point
from monai_covid.evaluation.columns import PATIENT, class_names_in, is_multi_label
from monai_covid.evaluation.outcomes import FloatArray, Outcomes, outcomes_of


@dataclass(frozen=True)
class FittedTable:
    """A temperature with what it does to the predictions it was fitted on.

    Attributes:
        fit: The temperature.
        before: The predictions at temperature 1.
        after: The same at the fitted temperature.
        rows: Scores of both, with intervals.
        points: Threshold of each class.
        cutoff: Above which an image is uncertain; None where none was asked for.
        cross_fitted: Whether ``after`` is of hospitals that each were not fitted on.
    """

    fit: TemperatureFit
    before: pd.DataFrame
    after: pd.DataFrame
    rows: tuple[ScoreRow, ...]
    points: tuple[OperatingPoint, ...]
    cutoff: UncertaintyCutoff | None = None
    cross_fitted: bool = False

    def record(self, data: str) -> Calibration:
        """Return what is stored with the weights.

        Args:
            data: Which images the table holds, in words.
        """
        return Calibration(
            data,
            len(self.before),
            int(self.before[PATIENT].nunique()),
            self.fit.before,
            self.fit.after,
            self.points,
            self.cutoff,
        )


class Goals(NamedTuple):
    """What thresholds and the cut-off of uncertainty are to reach.

    Attributes:
        sensitivity: That thresholds reach, in (0, 1).
        confidence: With which they do, in (0, 1).
        cutoff: Goal of the cut-off; None: no cut-off.
    """

    sensitivity: float = 0.95
    confidence: float = 0.95
    cutoff: CutoffGoal | None = None


USUAL = Goals()


def calibrate_table(
    table: pd.DataFrame,
    temperature: float = 1.0,
    *,
    source: Path | str = "predictions table",
    goals: Goals = USUAL,
    resamples: int = 2000,
    seed: int = 0,
) -> FittedTable:
    """Fit a temperature and thresholds.

    Args:
        table: Checked predictions table of validation images.
        temperature: What its probabilities were made at. The fitted one is that of the network
            itself, so that a calibrated network is never scaled twice.
        source: File of the table, for messages.
        goals: Of thresholds and the cut-off of uncertainty.
        resamples: Bootstrap resamples over patients.
        seed: Seed of the draws.

    Raises:
        InputError: If the table does not determine a temperature, or no cut-off reaches the goal.
        ValueError: If an argument is out of range.
    """
    check_resamples(resamples)
    names, multilabel = class_names_in(table), is_multi_label(table)
    logits = checked_logits(table, temperature, source)
    targets = outcomes_of(table, names).positives.astype(np.float64)
    fit = fit_temperature(logits, targets, multilabel=multilabel)
    _check_determined(fit, source)
    tables = table_at(table, logits, 1.0), table_at(table, logits, fit.temperature)
    return describe_fit(fit, *tables, goals, source=source, resamples=resamples, seed=seed)


def checked_logits(table: pd.DataFrame, temperature: float, source: Path | str) -> FloatArray:
    """Return the logits of `uncalibrated_logits`.

    Raises:
        InputError: If all probabilities are 0 or 1.
    """
    try:
        return uncalibrated_logits(table, temperature)
    except ValueError as error:
        raise InputError([Problem(source, None, str(error))]) from error


def describe_fit(
    fit: TemperatureFit,
    before: pd.DataFrame,
    after: pd.DataFrame,
    goals: Goals,
    *,
    source: Path | str,
    cross_fitted: bool = False,
    resamples: int = 2000,
    seed: int = 0,
) -> FittedTable:
    """Compare predictions before and after a fit, and find thresholds and a cut-off for these.

    Args:
        fit: The fit.
        before: Predictions at temperature 1.
        after: The same images after the fit.
        goals: Of thresholds and cut-off.
        source: File of the predictions, for messages.
        cross_fitted: See `FittedTable`.
        resamples: Bootstrap resamples over patients.
        seed: Seed of the draws.

    Raises:
        InputError: If no cut-off reaches its goal.
        ValueError: If an argument is out of range.
    """
    check_resamples(resamples)
    names = class_names_in(before)
    calibrated = outcomes_of(after, names)
    patients = before[PATIENT].tolist()
    rows = calibration_rows(
        outcomes_of(before, names), calibrated, patients, resamples=resamples, seed=seed
    )
    points = _points(calibrated, patients, goals.sensitivity, goals.confidence)
    cutoff = _cutoff(after, goals.cutoff, source, (resamples, seed))
    return FittedTable(fit, before, after, tuple(rows), points, cutoff, cross_fitted)


def _cutoff(
    table: pd.DataFrame, goal: CutoffGoal | None, source: Path | str, draws: tuple[int, int]
) -> UncertaintyCutoff | None:
    if goal is None:
        return None
    try:
        return fit_cutoff(table, goal, resamples=draws[0], seed=draws[1])
    except ValueError as error:
        raise InputError([Problem(source, None, str(error))]) from error


def _points(
    outcomes: Outcomes, patients: Sequence[str], sensitivity: float, confidence: float
) -> tuple[OperatingPoint, ...]:
    columns = zip(outcomes.class_names, outcomes.probabilities.T, outcomes.positives.T, strict=True)
    return tuple(
        operating_point(*column, patients, sensitivity=sensitivity, confidence=confidence)
        for column in columns
    )


def _check_determined(fit: TemperatureFit, source: Path | str) -> None:
    if not fit.at_limit:
        return
    why = (
        "the predictions are uninformative: a higher temperature always lowers the log loss. Are "
        "labels and probabilities those of the same classes?"
        if fit.temperature == HIGHEST
        else "it has hardly an error, so a lower temperature always lowers the log loss; give more "
        "images, none of which the network was trained on"
    )
    raise InputError([Problem(source, None, f"does not determine a temperature: {why}")])
