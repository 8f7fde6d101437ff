"""Checks of a predictions table: all problems at once, with file and row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from monai_covid.errors import InputError, Problem
from monai_covid.evaluation.columns import (
    IMAGE,
    LABEL,
    PATIENT,
    PREDICTION,
    class_names_in,
    is_multi_label,
    probability_column,
    target_column,
    target_names_in,
)
from monai_covid.evaluation.outcomes import BoolArray, FloatArray

SUM_TOLERANCE = 1e-4
"""How far from 1 the probabilities of a single-label row may sum."""

FIRST_ROW = 2
"""Line of the first row in a CSV file, under the header."""

TableProblem = tuple[int | None, str]


def check_predictions(
    table: pd.DataFrame, class_names: Sequence[str], source: Path | str = "predictions table"
) -> None:
    """Raise unless ``table`` is a sound predictions table of exactly ``class_names``.

    Args:
        table: The table (see ``columns``).
        class_names: Classes that the table must have, in any order.
        source: File that the table came from, for the message.

    Raises:
        InputError: With every problem, its row counted as in a CSV file (header = 1).
    """
    problems = list(_columns(table, class_names)) or list(_contents(table, class_names))
    if problems:
        raise InputError([Problem(source, row, message) for row, message in problems])


def _columns(table: pd.DataFrame, class_names: Sequence[str]) -> Iterator[TableProblem]:
    names = list(class_names)
    if not names or len(set(names)) < len(names):
        yield None, f"class names must be unique and at least one, got {names}"
    required = [IMAGE, PATIENT, *map(probability_column, names)]
    required += [target_column(name) for name in names] if is_multi_label(table) else [LABEL]
    missing = [name for name in required if name not in table.columns]
    if missing:
        present = ", ".join(map(str, table.columns))
        yield None, f"missing column(s) {', '.join(missing)}; the columns are: {present}"
    unknown = sorted({*class_names_in(table), *target_names_in(table)} - set(names))
    if unknown:
        yield None, f"columns of unknown class(es) {', '.join(unknown)}; expected {names}"
    if not table.columns.is_unique:
        repeated = sorted(set(table.columns[table.columns.duplicated()]))
        yield None, f"column(s) {', '.join(repeated)} occur more than once"
    if len(table) == 0:
        yield None, "the table has no rows"


def _contents(table: pd.DataFrame, class_names: Sequence[str]) -> Iterator[TableProblem]:
    yield from _texts(table)
    yield from _probabilities(table, class_names)
    if is_multi_label(table):
        yield from _targets(table, class_names)
        return
    yield from _labels(table, class_names)
    yield from _sums_and_predictions(table, class_names)


def _texts(table: pd.DataFrame) -> Iterator[TableProblem]:
    for column in (IMAGE, PATIENT):
        empty = table[column].isna() | (table[column].astype(str).str.strip() == "")
        yield from _each(empty.to_numpy(bool), [f"{column} is empty"] * len(table))
    first: dict[object, int] = {}
    for row, image in enumerate(table[IMAGE], start=FIRST_ROW):
        if image in first:
            yield row, f"image {image!r} is already in row {first[image]}"
        first.setdefault(image, row)


def _probabilities(table: pd.DataFrame, class_names: Sequence[str]) -> Iterator[TableProblem]:
    for column in map(probability_column, class_names):
        values = _numbers(table, column)
        wrong = ~((values >= 0) & (values <= 1))
        yield from _each(wrong, _messages(table, column, "a number in [0, 1]"))


def _targets(table: pd.DataFrame, class_names: Sequence[str]) -> Iterator[TableProblem]:
    for column in map(target_column, class_names):
        wrong = ~np.isin(_numbers(table, column), (0.0, 1.0))
        yield from _each(wrong, _messages(table, column, "0 or 1"))


def _labels(table: pd.DataFrame, class_names: Sequence[str]) -> Iterator[TableProblem]:
    for column in (LABEL, PREDICTION):
        if column in table.columns:
            wrong = ~table[column].isin(list(class_names)).to_numpy(bool)
            yield from _each(wrong, _messages(table, column, f"one of {', '.join(class_names)}"))


def _sums_and_predictions(
    table: pd.DataFrame, class_names: Sequence[str]
) -> Iterator[TableProblem]:
    values = np.column_stack([_numbers(table, probability_column(name)) for name in class_names])
    usable = ((values >= 0) & (values <= 1)).all(axis=1)
    sums = values.sum(axis=1)
    yield from _each(
        usable & (np.abs(sums - 1) > SUM_TOLERANCE),
        [f"the probabilities sum to {total:.6g}, must be 1 ± {SUM_TOLERANCE}" for total in sums],
    )
    if PREDICTION not in table.columns:
        return
    predictions = table[PREDICTION].tolist()
    index = {name: position for position, name in enumerate(class_names)}
    predicted = np.array([index.get(name, -1) for name in predictions])
    # Equal highest probabilities (rounded files) allow either class.
    lower = values[np.arange(len(values)), predicted] < values.max(axis=1)
    best = [class_names[position] for position in values.argmax(axis=1)]
    yield from _each(
        usable & (predicted >= 0) & lower,
        [
            f"prediction is {prediction!r}, but {top!r} has the highest probability"
            for prediction, top in zip(predictions, best, strict=True)
        ],
    )


def _numbers(table: pd.DataFrame, column: str) -> FloatArray:
    return pd.to_numeric(table[column], errors="coerce").to_numpy(np.float64)


def _messages(table: pd.DataFrame, column: str, right: str) -> list[str]:
    return [f"{column} is {value!r}, must be {right}" for value in table[column].tolist()]


def _each(wrong: BoolArray, messages: Sequence[str]) -> Iterator[TableProblem]:
    for row in np.flatnonzero(wrong).tolist():
        yield row + FIRST_ROW, messages[row]
