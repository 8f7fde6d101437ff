"""Calibration for hospitals that a network has not seen: each judged by what the others taught.

For each hospital temperature and biases are fitted on the answers about the others, hospitals
weighing the same (cross-fitting); what is measured there was not fitted there. Random folds of
patients stand beside it: they show what calibration does for a known hospital alone.
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
from monai_covid.evaluation.columns import PATIENT, PREDICTION, class_names_in
from monai_covid.evaluation.hospitals.report import HospitalReport, evaluate_hospitals
from monai_covid.evaluation.metrics import MetricKey, point_metrics
from monai_covid.evaluation.outcomes import BoolArray, FloatArray, outcomes_of
from monai_covid.evaluation.predictions import with_prediction

RANDOM_FOLDS = 5
LOG_LOSS = MetricKey("log_loss")

UNCHANGED = "as it is"


@dataclass(frozen=True)
class HospitalCalibration:
    """What calibration does in hospitals that it was not fitted on.

    Attributes:
        scaling: Fitted on all hospitals; biases are 0 where they did not help.
        biases_help: Whether they lower the log loss in held-out hospitals, weighing the same.
        fitted: The predictions before, and with cross-fitted probabilities; thresholds for these.
        reports: The hospitals before, and after each way of fitting, by its name.
    """

    scaling: Scaling
    biases_help: bool
    fitted: FittedTable
    reports: dict[str, HospitalReport]


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
    plain, full = (_held_out(reports, what) for what in ("temperature", "temperature and biases"))
    helps = _loss(reports[full]) < _loss(reports[plain])
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
    return HospitalCalibration(scaling, helps, fitted, reports)


class _Fits:
    """Fits of parts of a table, hospitals weighing the same and patients within them."""

    def __init__(self, table: pd.DataFrame, column: str, logits: FloatArray) -> None:
        self._table = table
        self._column = column
        self._logits = logits
        self._targets = outcomes_of(table, class_names_in(table)).positives.astype(np.float64)

    @property
    def unchanged(self) -> FloatArray:
        """The probabilities at temperature 1."""
        return Scaling(1.0, np.zeros(self._logits.shape[1])).probabilities(self._logits)

    def scaling(self, rows: BoolArray, *, biases: bool) -> Scaling:
        """Fit to some rows."""
        weights = hospital_weights(self._table[rows], self._column)
        return fit_scaling(self._logits[rows], self._targets[rows], weights, biases=biases)

    def crossed(self, parts: Sequence[tuple[BoolArray, BoolArray]], *, biases: bool) -> FloatArray:
        """Return probabilities of each part by what was fitted to its others."""
        probabilities = np.empty_like(self._logits)
        for judged, fitted in parts:
            scaling = self.scaling(fitted, biases=biases)
            probabilities[judged] = scaling.probabilities(self._logits[judged])
        return probabilities


def hospital_weights(table: pd.DataFrame, column: str) -> FloatArray:
    """Return weights ``(N,)``: each hospital weighs 1, its patients alike, their images alike."""
    owners = table.groupby([column, PATIENT])
    images = owners[PATIENT].transform("size").to_numpy(np.float64)
    patients = table.groupby(column)[PATIENT].transform("nunique").to_numpy(np.float64)
    return np.asarray(1 / (images * patients), dtype=np.float64)


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


def _held_out(reports: dict[str, HospitalReport], what: str) -> str:
    return next(name for name in reports if name == f"{what}, held-out hospitals")


def _loss(report: HospitalReport) -> float:
    value = report.equal.patients[LOG_LOSS].value
    return np.inf if value is None else value


def _check_column(table: pd.DataFrame, column: str, source: Path | str) -> None:
    """Refuse a column that does not name hospitals; rows are those of the file."""
    texts = (
        table.astype(str)
        if column not in table
        else table.assign(**{column: table[column].fillna("").astype(str)})
    )
    hospital_cells(Path(source), texts.set_axis(texts.index + 2), column)
