"""The predictions table: building, reading and writing it. ``columns`` describes its columns."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from monai_covid.data.files import atomic_path
from monai_covid.errors import InputError, Problem
from monai_covid.evaluation.columns import (
    IMAGE,
    LABEL,
    PATIENT,
    PREDICTION,
    PROBABILITY_PREFIX,
    class_names_in,
    is_multi_label,
    probability_column,
    target_column,
)
from monai_covid.evaluation.outcomes import FloatArray
from monai_covid.evaluation.prediction_checks import check_predictions

TEXT_COLUMNS = (IMAGE, PATIENT, LABEL, PREDICTION)

NOT_A_NUMBER = ["", "nan", "NaN", "NA", "N/A"]


def multiclass_table(
    images: Sequence[str],
    patient_ids: Sequence[str],
    labels: ArrayLike,
    probabilities: ArrayLike,
    class_names: Sequence[str],
) -> pd.DataFrame:
    """Build the table of a classifier of mutually exclusive classes.

    Args:
        images: N unique names or paths.
        patient_ids: Patient of each image.
        labels: Index of the true class, ``(N,)`` in [0, C).
        probabilities: ``(N, C)`` in [0, 1], rows sum to 1 (± 1e-4).
        class_names: The C classes.

    Returns:
        Checked predictions table, one row per image.

    Raises:
        ValueError: If lengths or shapes do not agree, or a label is no index of a class.
        InputError: If the contents cannot be used.
    """
    names = list(class_names)
    scores = _matrix("probabilities", probabilities, len(images), len(names))
    true = np.asarray(labels)
    outside = (true < 0) | (true >= len(names))
    if true.shape != (len(images),) or not np.issubdtype(true.dtype, np.integer) or outside.any():
        raise ValueError(
            f"labels must be {len(images)} integers in [0, {len(names)}), got shape {true.shape}, "
            f"dtype {true.dtype}, values outside: {true[outside][:5].tolist()}"
        )
    table = _frame(images, patient_ids)
    table[LABEL] = [names[index] for index in true]
    table[[probability_column(name) for name in names]] = scores
    table[PREDICTION] = _most_probable(table, names)
    check_predictions(table, names)
    return table


def multilabel_table(
    images: Sequence[str],
    patient_ids: Sequence[str],
    targets: ArrayLike,
    probabilities: ArrayLike,
    label_names: Sequence[str],
) -> pd.DataFrame:
    """Build the table of a multi-label classifier.

    Args:
        images: N unique names or paths.
        patient_ids: Patient of each image.
        targets: ``(N, L)`` of 0 and 1.
        probabilities: ``(N, L)`` in [0, 1].
        label_names: The L labels.

    Returns:
        Checked predictions table, one row per image.

    Raises:
        ValueError: If lengths or shapes do not agree.
        InputError: If the contents cannot be used.
    """
    names = list(label_names)
    truth = _matrix("targets", targets, len(images), len(names))
    scores = _matrix("probabilities", probabilities, len(images), len(names))
    whole = np.equal(np.mod(truth, 1), 0).all()
    table = _frame(images, patient_ids)
    table[[target_column(name) for name in names]] = truth.astype(np.int64) if whole else truth
    table[[probability_column(name) for name in names]] = scores
    check_predictions(table, names)
    return table


def read_predictions(path: Path | str, class_names: Sequence[str] | None = None) -> pd.DataFrame:
    """Read a predictions table from a CSV file.

    Args:
        path: CSV file.
        class_names: Classes that the table must have; None takes those it has.

    Returns:
        Checked table; a missing ``prediction`` column is added to single-label tables.

    Raises:
        FileNotFoundError: If there is no such file.
        InputError: If it cannot be used; the message names the rows.
    """
    path = Path(path)
    table = read_table(path)
    names = tuple(class_names) if class_names is not None else class_names_in(table)
    if not names:
        problem = Problem(path, None, "no column starts with probability_, so there is no class")
        raise InputError([problem])
    check_predictions(table, names, path)
    return with_prediction(table, names)


def read_table(path: Path) -> pd.DataFrame:
    """Return the rows of a CSV file without changing a name or a bit; contents are not checked.

    Args:
        path: CSV file.

    Returns:
        Names as text; probabilities as numbers, or as found where they are none.

    Raises:
        InputError: If the file is no CSV table.
    """
    try:
        header = [str(name) for name in pd.read_csv(path, nrows=0).columns]
        # Text stays text: patient 007 is not patient 7, and a class may be called NA.
        # Probabilities are read as text too, because not every parser of pandas is exact.
        text = [name for name in header if name in TEXT_COLUMNS or _is_probability(name)]
        table = pd.read_csv(
            path,
            dtype=dict.fromkeys(text, str),
            keep_default_na=False,
            na_values={name: NOT_A_NUMBER for name in header if name not in text},
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise InputError([Problem(path, None, f"not a readable CSV file: {error}")]) from error
    if not isinstance(table.index, pd.RangeIndex):
        message = f"rows have more fields than the header, which has {len(header)}"
        raise InputError([Problem(path, None, message)])
    return table.assign(**{name: _exact(table[name]) for name in header if _is_probability(name)})


def write_predictions(table: pd.DataFrame, path: Path | str) -> None:
    """Write a predictions table as CSV, so that reading it gives the same numbers to the last bit.

    Raises:
        InputError: If the table is not sound; nothing is written then.
    """
    names = class_names_in(table)
    check_predictions(table, names)
    columns = [probability_column(name) for name in names]
    exact = table.astype(dict.fromkeys(columns, np.float64))
    with atomic_path(path) as temporary:
        exact.to_csv(temporary, index=False, encoding="utf-8", lineterminator="\n")


def _is_probability(column: str) -> bool:
    return column.startswith(PROBABILITY_PREFIX)


def _exact(texts: pd.Series) -> list[Any]:
    """Return the numbers; what is no number stays as it is, for the check to show."""
    numbers: list[Any] = []
    for text in texts:
        try:
            numbers.append(float(text))
        except ValueError:
            numbers.append(text)
    return numbers


def with_prediction(table: pd.DataFrame, class_names: Sequence[str]) -> pd.DataFrame:
    """Return the table with a ``prediction`` column, unless it has one or is multi-label."""
    if is_multi_label(table) or PREDICTION in table.columns:
        return table
    return table.assign(**{PREDICTION: _most_probable(table, class_names)})


def _most_probable(table: pd.DataFrame, class_names: Sequence[str]) -> list[str]:
    scores = table[[probability_column(name) for name in class_names]].to_numpy(np.float64)
    # A row without numbers gets some class here and is reported by the check that follows.
    return [class_names[index] for index in np.nan_to_num(scores, nan=-1.0).argmax(axis=1)]


def _frame(images: Sequence[str], patient_ids: Sequence[str]) -> pd.DataFrame:
    if len(images) != len(patient_ids):
        raise ValueError(f"{len(images)} images but {len(patient_ids)} patient_ids")
    return pd.DataFrame(
        {IMAGE: [str(image) for image in images], PATIENT: [str(name) for name in patient_ids]}
    )


def _matrix(name: str, values: ArrayLike, rows: int, columns: int) -> FloatArray:
    matrix = np.asarray(values, dtype=np.float64)
    if matrix.shape != (rows, columns):
        raise ValueError(f"{name} must have shape ({rows}, {columns}), got {matrix.shape}")
    return matrix
