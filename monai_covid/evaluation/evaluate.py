"""Evaluation of a table of predictions, or of the CSV file that holds it."""

from __future__ import annotations

import os
from collections.abc import Sequence

import pandas as pd

from monai_covid.evaluation.bootstrap import RESAMPLES
from monai_covid.evaluation.columns import class_names_in
from monai_covid.evaluation.predictions import read_predictions
from monai_covid.evaluation.report import EvaluationReport, evaluate_table


def evaluate(
    predictions: pd.DataFrame | str | os.PathLike[str],
    labels: Sequence[str] | None = None,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> EvaluationReport:
    """Return every metric of predictions with its 95 % patient-level bootstrap interval.

    Args:
        predictions: Table with the columns ``image``, ``patient_id``, ``label`` and
            ``probability_LABEL`` of each class, or the CSV file of one.
        labels: Classes in the order in which to report them; None: those of the table.
        resamples: Bootstrap resamples, at least 40.
        seed: Seed of the resamples.

    Raises:
        InputError: If the table cannot be used; the message names the rows.
        TypeError: If ``predictions`` is something else.
    """
    table, source = _table(predictions)
    names = class_names_in(table) if labels is None else labels
    return evaluate_table(table, names, resamples, seed, source=source)


def _table(predictions: object) -> tuple[pd.DataFrame, str]:
    """Return the table, and where it comes from, for messages."""
    if isinstance(predictions, pd.DataFrame):
        return predictions, "predictions table"
    if isinstance(predictions, str | os.PathLike):
        return read_predictions(os.fspath(predictions)), os.fspath(predictions)
    kind = type(predictions).__name__
    raise TypeError(f"predictions are a pandas DataFrame or the path of a CSV, not {kind}")
