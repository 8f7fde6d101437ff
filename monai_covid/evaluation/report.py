"""All metrics of a predictions table with their confidence intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from monai_covid.evaluation.bootstrap import (
    RESAMPLES,
    Interval,
    check_resamples,
    percentile_interval,
    resample,
)
from monai_covid.evaluation.columns import LABEL, PATIENT, is_multi_label
from monai_covid.evaluation.metrics import MetricKey, confusion_counts, point_metrics
from monai_covid.evaluation.outcomes import (
    FloatArray,
    IntArray,
    Outcomes,
    SingleLabelOutcomes,
    outcomes_of,
)
from monai_covid.evaluation.prediction_checks import check_predictions
from monai_covid.evaluation.predictions import with_prediction
from monai_covid.evaluation.weighted import measure_of


@dataclass(frozen=True)
class MetricRow:
    """One metric.

    Attributes:
        metric: Name such as ``macro_auc``.
        label: Class, None for a metric of the whole table.
        value: The metric; None when the data do not define it.
        low: Lower bound of the 95 % interval; None when there is no interval.
        high: Upper bound of the 95 % interval; None when there is no interval.
        n_images: Images in the table.
        n_patients: Patients in the table.
        support: Images of the class; all images for a metric of the whole table.
        resamples_used: Resamples in which the metric was defined.
    """

    metric: str
    label: str | None
    value: float | None
    low: float | None
    high: float | None
    n_images: int
    n_patients: int
    support: int
    resamples_used: int


@dataclass(frozen=True)
class EvaluationReport:
    """The result of ``evaluate_table``.

    Attributes:
        class_names: Classes or labels.
        multi_label: Whether an image can have several labels.
        rows: Metrics of the whole table, then those of each class.
        confusion: ``(C, C)`` counts, true classes as rows; None for multi-label tables.
        table: The predictions that were evaluated.
        n_images: Number of images.
        n_patients: Number of patients.
        resamples: Bootstrap resamples drawn.
        seed: Seed of the resamples.
        stratified: Whether patients were drawn within classes.
        notes: Remarks on how the predictions were made.
    """

    class_names: tuple[str, ...]
    multi_label: bool
    rows: tuple[MetricRow, ...]
    confusion: IntArray | None
    table: pd.DataFrame
    n_images: int
    n_patients: int
    resamples: int
    seed: int
    stratified: bool
    notes: tuple[str, ...] = ()

    @property
    def outcomes(self) -> Outcomes:
        """The predictions as arrays."""
        return outcomes_of(self.table, self.class_names)

    @property
    def patient_ids(self) -> list[str]:
        """Patient of each row of the table."""
        return self.table[PATIENT].astype(str).tolist()

    @property
    def strata(self) -> list[str] | None:
        """Group of each row within which patients were drawn; None when drawn from all."""
        return self.table[LABEL].astype(str).tolist() if self.stratified else None

    def row(self, metric: str, label: str | None = None) -> MetricRow:
        """Return one metric.

        Raises:
            KeyError: If the report has no such metric; the message lists those it has.
        """
        for row in self.rows:
            if (row.metric, row.label) == (metric, label):
                return row
        names = sorted({f"{row.metric}/{row.label}" for row in self.rows})
        raise KeyError(f"no metric {metric}/{label}; there are: {', '.join(names)}")


def evaluate_table(
    table: pd.DataFrame,
    class_names: Sequence[str],
    resamples: int = RESAMPLES,
    seed: int = 0,
    *,
    stratified: bool = False,
    source: Path | str = "predictions table",
) -> EvaluationReport:
    """Compute every metric of a predictions table and its 95 % patient-level bootstrap interval.

    Args:
        table: Single-label or multi-label predictions table (see ``columns``).
        class_names: Classes in the order in which to report them.
        resamples: Bootstrap resamples, at least 40.
        seed: Seed of the resamples.
        stratified: Draw patients within classes (single-label only); for collections whose class
            proportions were fixed beforehand.
        source: File that the table came from, for error messages.

    Returns:
        The report. Metrics of classes without images have no value.

    Raises:
        InputError: If the table cannot be used.
        ValueError: If ``resamples`` is too small or ``stratified`` cannot be done.
    """
    check_resamples(resamples)
    check_predictions(table, class_names, source)
    multi_label = is_multi_label(table)
    if stratified and multi_label:
        raise ValueError("stratified needs one class per image; the table is multi-label")
    table = with_prediction(table, class_names).reset_index(drop=True)
    outcomes = outcomes_of(table, class_names)
    patients = table[PATIENT].astype(str).tolist()
    strata = table[LABEL].astype(str).tolist() if stratified else None
    resampled = resample(measure_of(outcomes), patients, resamples, seed, strata)
    return EvaluationReport(
        class_names=tuple(class_names),
        multi_label=multi_label,
        rows=_rows(outcomes, resampled, len(set(patients))),
        confusion=confusion_counts(outcomes) if isinstance(outcomes, SingleLabelOutcomes) else None,
        table=table,
        n_images=len(table),
        n_patients=len(set(patients)),
        resamples=resamples,
        seed=seed,
        stratified=stratified,
    )


def _rows(
    outcomes: Outcomes, resampled: Mapping[MetricKey, FloatArray], n_patients: int
) -> tuple[MetricRow, ...]:
    n_images = len(outcomes.positives)
    support = dict(zip(outcomes.class_names, outcomes.support.tolist(), strict=True))
    rows = []
    for key, value in point_metrics(outcomes).items():
        interval = _interval(value, resampled[key], n_patients)
        rows.append(
            MetricRow(
                metric=key.metric,
                label=key.label,
                value=None if np.isnan(value) else value,
                low=interval.low,
                high=interval.high,
                n_images=n_images,
                n_patients=n_patients,
                support=n_images if key.label is None else support[key.label],
                resamples_used=interval.resamples_used,
            )
        )
    return tuple(rows)


def _interval(value: float, resampled: FloatArray, n_patients: int) -> Interval:
    interval = percentile_interval(resampled)
    # One patient gives the same resample every time, which would look like certainty.
    if np.isnan(value) or n_patients < 2:
        return Interval(None, None, interval.resamples_used)
    return interval
