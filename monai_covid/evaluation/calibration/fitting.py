"""Fitting a temperature and thresholds on a table of predictions of validation images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

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
from monai_covid.evaluation.outcomes import Outcomes, outcomes_of


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
    """

    fit: TemperatureFit
    before: pd.DataFrame
    after: pd.DataFrame
    rows: tuple[ScoreRow, ...]
    points: tuple[OperatingPoint, ...]
    cutoff: UncertaintyCutoff | None = None

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


def calibrate_table(
    table: pd.DataFrame,
    temperature: float = 1.0,
    *,
    source: Path | str = "predictions table",
    sensitivity: float = 0.95,
    confidence: float = 0.95,
    goal: CutoffGoal | None = None,
    resamples: int = 2000,
    seed: int = 0,
) -> FittedTable:
    """Fit a temperature and thresholds.

    Args:
        table: Checked predictions table of validation images.
        temperature: What its probabilities were made at. The fitted one is that of the network
            itself, so that a calibrated network is never scaled twice.
        source: File of the table, for messages.
        sensitivity: That thresholds reach, in (0, 1).
        confidence: With which they do, in (0, 1).
        goal: Of the cut-off of uncertainty; None: no cut-off.
        resamples: Bootstrap resamples over patients.
        seed: Seed of the draws.

    Raises:
        InputError: If the table does not determine a temperature, or no cut-off reaches the goal.
        ValueError: If an argument is out of range.
    """
    check_resamples(resamples)
    names, multilabel = class_names_in(table), is_multi_label(table)
    try:
        logits = uncalibrated_logits(table, temperature)
    except ValueError as error:
        raise InputError([Problem(source, None, str(error))]) from error
    targets = outcomes_of(table, names).positives.astype(np.float64)
    fit = fit_temperature(logits, targets, multilabel=multilabel)
    _check_determined(fit, source)
    before, after = table_at(table, logits, 1.0), table_at(table, logits, fit.temperature)
    calibrated = outcomes_of(after, names)
    patients = table[PATIENT].tolist()
    rows = calibration_rows(
        outcomes_of(before, names), calibrated, patients, resamples=resamples, seed=seed
    )
    points = _points(calibrated, patients, sensitivity, confidence)
    cutoff = _cutoff(after, goal, source, (resamples, seed))
    return FittedTable(fit, before, after, tuple(rows), points, cutoff)


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
