"""Calibration for hospitals that a network has not seen: each judged by what the others taught.

For each hospital temperature and biases are fitted on the answers about the others (cross-fitting);
what is measured there was not fitted there. Random folds of patients stand beside it: they show
what calibration does for a known hospital alone.

Classes weigh the same, and the hospitals of each class. Where most hospitals have one class alone,
biases would otherwise learn which class more hospitals have, and call everything that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from monai_covid.data.hospitals import hospital_cells
from monai_covid.data.splits import assign_folds
from monai_covid.errors import InputError, Problem
from monai_covid.evaluation.calibration.fitting import (
    USUAL,
    FittedTable,
    Goals,
    checked_logits,
    describe_fit,
)
from monai_covid.evaluation.calibration.scaling import Scaling, fit_scaling
from monai_covid.evaluation.calibration.temperature import TemperatureFit, table_with
from monai_covid.evaluation.columns import LABEL, PATIENT, PREDICTION, class_names_in
from monai_covid.evaluation.hospitals.report import HospitalReport, evaluate_hospitals
from monai_covid.evaluation.metrics import MetricKey, point_metrics
from monai_covid.evaluation.outcomes import BoolArray, FloatArray, outcomes_of
from monai_covid.evaluation.predictions import with_prediction

RANDOM_FOLDS = 5
LOG_LOSS = MetricKey("log_loss")

UNCHANGED = "as it is"
HELD_OUT = ("temperature, held-out hospitals", "temperature and biases, held-out hospitals")


@dataclass(frozen=True)
class HospitalCalibration:
    """What calibration does in hospitals that it was not fitted on.

    Attributes:
        scaling: Fitted on all hospitals; biases are 0 where they did not help.
        biases_help: Whether they lower the log loss in held-out hospitals.
        fitted: The predictions before, and with cross-fitted probabilities; thresholds for these.
        reports: The hospitals before, and after each way of fitting, by its name.
        losses: Log loss of the same, classes and their hospitals weighing the same; cross-fitted.
    """

    scaling: Scaling
    biases_help: bool
    fitted: FittedTable
    reports: dict[str, HospitalReport]
    losses: dict[str, float]


def calibrate_by_hospital(
    table: pd.DataFrame,
    column: str,
    temperature: float = 1.0,
    *,
    source: Path | str = "predictions table",
    goals: Goals = USUAL,
    resamples: int = 2000,
    seed: int = 0,
) -> HospitalCalibration:
    """Fit a temperature and biases, and judge them in hospitals that they were not fitted on.

    Args:
        table: Checked predictions table of mutually exclusive classes, with ``column``.
        column: Names the hospital of each image.
        temperature: What its probabilities were made at.
        source: File of the table, for messages.
        goals: Of thresholds and the cut-off of uncertainty.
        resamples: Bootstrap resamples over patients.
        seed: Seed of the draws and the random folds.

    Raises:
        InputError: If the column cannot be used, or the table does not determine a temperature.
    """
    table = table.reset_index(drop=True)
    _check_column(table, column, source)
    names = class_names_in(table)
    table = with_prediction(table, names)
    logits = checked_logits(table, temperature, source)
    fits = _Fits(table, column, logits)
    folds = {
        "random folds": list(_random_folds(table, names, seed)),
        "held-out hospitals": list(_hospitals(table, column)),
    }
    tables = {UNCHANGED: _table(table, fits.unchanged)}
    for place, parts in folds.items():
        for what, biases in (("temperature", False), ("temperature and biases", True)):
            tables[f"{what}, {place}"] = _table(table, fits.crossed(parts, biases=biases))
    reports = {
        name: evaluate_hospitals(each, column, names, resamples, seed)
        for name, each in tables.items()
    }
    losses = {name: balanced_loss(each, column) for name, each in tables.items()}
    plain, full = HELD_OUT
    # What a class without images should be shifted by, nobody knows.
    is_complete = bool(fits.targets.any(axis=0).all())
    helps = is_complete and losses[full] < losses[plain]
    scaling = fits.scaling(np.ones(len(table), dtype=bool), biases=helps)
    if scaling.at_limit:
        message = (
            f"does not determine a temperature: {scaling.temperature:.3g} is the end of the search;"
            " are labels and probabilities those of the same classes?"
        )
        raise InputError([Problem(source, None, message)])
    before, after = tables[UNCHANGED], tables[full if helps else plain]
    fit = TemperatureFit(scaling.temperature, _log_loss(before), _log_loss(after), False)
    fitted = describe_fit(
        fit, before, after, goals, source=source, cross_fitted=True, resamples=resamples, seed=seed
    )
    return HospitalCalibration(scaling, helps, fitted, reports, losses)


class _Fits:
    """Fits of parts of a table, with the weights of `balanced_weights`."""

    def __init__(self, table: pd.DataFrame, column: str, logits: FloatArray) -> None:
        self._table = table
        self._column = column
        self._logits = logits
        self.targets = outcomes_of(table, class_names_in(table)).positives.astype(np.float64)

    @property
    def unchanged(self) -> FloatArray:
        """The probabilities at temperature 1."""
        return Scaling(1.0, np.zeros(self._logits.shape[1])).probabilities(self._logits)

    def scaling(self, rows: BoolArray, *, biases: bool) -> Scaling:
        """Fit to some rows."""
        weights = balanced_weights(self._table[rows], self._column)
        return fit_scaling(self._logits[rows], self.targets[rows], weights, biases=biases)

    def crossed(self, parts: Sequence[tuple[BoolArray, BoolArray]], *, biases: bool) -> FloatArray:
        """Return probabilities of each part by what was fitted to its others."""
        probabilities = np.empty_like(self._logits)
        for judged, fitted in parts:
            scaling = self.scaling(fitted, biases=biases)
            probabilities[judged] = scaling.probabilities(self._logits[judged])
        return probabilities


def balanced_weights(table: pd.DataFrame, column: str) -> FloatArray:
    """Return weights ``(N,)``: each class weighs 1, its hospitals alike, their patients alike."""
    cells = [column, LABEL]
    images = table.groupby([*cells, PATIENT])[PATIENT].transform("size").to_numpy(np.float64)
    patients = table.groupby(cells)[PATIENT].transform("nunique").to_numpy(np.float64)
    hospitals = table.groupby(LABEL)[column].transform("nunique").to_numpy(np.float64)
    return np.asarray(1 / (images * patients * hospitals), dtype=np.float64)


def balanced_loss(table: pd.DataFrame, column: str) -> float:
    """Return the mean log loss with the weights of `balanced_weights`, in nats."""
    outcomes = outcomes_of(table, class_names_in(table))
    smallest = np.finfo(np.float64).tiny
    right = (outcomes.probabilities * outcomes.positives).sum(axis=1)
    losses = -np.log(np.maximum(right, smallest))
    return float(np.average(losses, weights=balanced_weights(table, column)))


def _hospitals(table: pd.DataFrame, column: str) -> Iterator[tuple[BoolArray, BoolArray]]:
    """Yield the images of each hospital, and those of other hospitals and other patients."""
    for name in sorted(set(table[column])):
        judged = (table[column] == name).to_numpy()
        known = table[PATIENT].isin(set(table.loc[judged, PATIENT])).to_numpy()
        yield judged, ~judged & ~known


def _random_folds(
    table: pd.DataFrame, names: Sequence[str], seed: int
) -> Iterator[tuple[BoolArray, BoolArray]]:
    patients: NDArray[np.object_] = table[PATIENT].to_numpy(dtype=object)
    classes = outcomes_of(table, names).positives.argmax(axis=1)
    fold_of = assign_folds(patients, classes, RANDOM_FOLDS, seed)
    for fold in range(RANDOM_FOLDS):
        yield fold_of == fold, fold_of != fold


def _table(table: pd.DataFrame, probabilities: FloatArray) -> pd.DataFrame:
    # Biases change which class is the most probable.
    renewed = table_with(table.drop(columns=PREDICTION, errors="ignore"), probabilities)
    return with_prediction(renewed, class_names_in(table))


def _log_loss(table: pd.DataFrame) -> float:
    outcomes = outcomes_of(table, class_names_in(table))
    return float(point_metrics(outcomes)[LOG_LOSS])


def _check_column(table: pd.DataFrame, column: str, source: Path | str) -> None:
    """Refuse a column that does not name hospitals; rows are those of the file."""
    texts = (
        table.astype(str)
        if column not in table
        else table.assign(**{column: table[column].fillna("").astype(str)})
    )
    hospital_cells(Path(source), texts.set_axis(texts.index + 2), column)
