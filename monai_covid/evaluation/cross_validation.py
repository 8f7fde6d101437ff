"""Metrics over cross-validation folds: each fold's, their mean and spread, and the pooled ones.

A fold may be a hospital that was held out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from monai_covid.errors import InputError, Problem
from monai_covid.evaluation.bootstrap import RESAMPLES
from monai_covid.evaluation.columns import IMAGE, PATIENT
from monai_covid.evaluation.metrics import MetricKey, point_metrics
from monai_covid.evaluation.outcomes import outcomes_of
from monai_covid.evaluation.prediction_checks import check_predictions
from monai_covid.evaluation.predictions import with_prediction
from monai_covid.evaluation.report import EvaluationReport, MetricRow, evaluate_table

FOLD = "fold"


@dataclass(frozen=True)
class FoldMetric:
    """One metric over all folds.

    Attributes:
        metric: Name such as ``macro_auc``.
        label: Class, None for a metric of the whole table.
        fold_values: Value in each fold; None where it is not defined.
        mean: Mean over the folds that define it; None when none does.
        standard_deviation: Sample standard deviation (divisor n - 1) over those folds; None for
            fewer than two.
        pooled: The metric of all folds' predictions taken as one table.
    """

    metric: str
    label: str | None
    fold_values: tuple[float | None, ...]
    mean: float | None
    standard_deviation: float | None
    pooled: MetricRow


@dataclass(frozen=True)
class CrossValidationReport:
    """The result of ``cross_validate``.

    Attributes:
        folds: Names of the folds.
        fold_images: Number of images in each fold.
        metrics: All metrics.
        pooled: Report of all out-of-fold predictions, whose table has the column ``column``.
        column: What folds are: ``fold``, or the column of the hospitals that were held out.
    """

    folds: tuple[str, ...]
    fold_images: tuple[int, ...]
    metrics: tuple[FoldMetric, ...]
    pooled: EvaluationReport
    column: str = FOLD

    @property
    def by_hospital(self) -> bool:
        """Whether the folds are hospitals."""
        return self.column != FOLD


def cross_validate(
    folds: Mapping[int, pd.DataFrame] | Mapping[str, pd.DataFrame],
    class_names: Sequence[str],
    resamples: int = RESAMPLES,
    seed: int = 0,
    *,
    column: str = FOLD,
) -> CrossValidationReport:
    """Aggregate the test predictions of the folds of one cross-validation.

    The standard deviation over folds covers the variation of training and test sets together; the
    pooled interval covers that of the sample of patients, for the networks as trained. Pooled AUCs
    compare probabilities of different networks and so are lower where these are calibrated
    differently.

    Args:
        folds: Predictions table of each fold's test images.
        class_names: Classes in the order in which to report them.
        resamples: Bootstrap resamples for the pooled metrics.
        seed: Seed of the resamples.
        column: What folds are; of hospitals that were held out, a patient may be in several, since
            each was answered by a network that had seen none of the patient's images.

    Returns:
        The report.

    Raises:
        InputError: If a table cannot be used, or a patient or image is in two folds.
        ValueError: If there are fewer than two folds.
    """
    if len(folds) < 2:
        raise ValueError(f"cross-validation needs at least two folds, got {len(folds)}")
    tables = {str(name): table for name, table in folds.items()}
    _check_folds(tables, class_names, patients_apart=column == FOLD)
    values = [
        point_metrics(outcomes_of(with_prediction(table, class_names), class_names))
        for table in tables.values()
    ]
    with_folds = [
        with_prediction(table, class_names).assign(**{column: name})
        for name, table in tables.items()
    ]
    every = pd.concat(with_folds, ignore_index=True)
    pooled = evaluate_table(every, class_names, resamples, seed, source="pooled folds")
    return CrossValidationReport(
        folds=tuple(tables),
        fold_images=tuple(len(table) for table in tables.values()),
        metrics=tuple(_summarise(row, values) for row in pooled.rows),
        pooled=pooled,
        column=column,
    )


def _check_folds(
    tables: Mapping[str, pd.DataFrame], class_names: Sequence[str], *, patients_apart: bool
) -> None:
    for name, table in tables.items():
        check_predictions(table, class_names, Path(f"fold {name}"))
    problems = []
    unique = [(IMAGE, "image")]
    if patients_apart:
        unique.insert(0, (PATIENT, "patient"))
    for column, noun in unique:
        seen: dict[str, str] = {}
        for name, table in tables.items():
            for value in sorted(set(table[column].astype(str))):
                other = seen.setdefault(value, name)
                if other != name:
                    message = f"{noun} {value!r} is also in fold {other}; folds must not share any"
                    problems.append(Problem(f"fold {name}", None, message))
    if problems:
        raise InputError(problems)


def _summarise(row: MetricRow, folds: Sequence[Mapping[MetricKey, float]]) -> FoldMetric:
    values = [fold[MetricKey(row.metric, row.label)] for fold in folds]
    defined = [value for value in values if not np.isnan(value)]
    return FoldMetric(
        metric=row.metric,
        label=row.label,
        fold_values=tuple(None if np.isnan(value) else value for value in values),
        mean=float(np.mean(defined)) if defined else None,
        standard_deviation=float(np.std(defined, ddof=1)) if len(defined) > 1 else None,
        pooled=row,
    )
