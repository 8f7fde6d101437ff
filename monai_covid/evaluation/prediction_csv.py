"""Reads the CSV file of a predictions table without changing a name or a bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from monai_covid.errors import InputError, Problem
from monai_covid.evaluation.columns import IMAGE, LABEL, PATIENT, PREDICTION, PROBABILITY_PREFIX

TEXT_COLUMNS = (IMAGE, PATIENT, LABEL, PREDICTION)
NOT_A_NUMBER = ["", "nan", "NaN", "NA", "N/A"]


def read_table(path: Path) -> pd.DataFrame:
    """Return the rows of a CSV file; their contents are not checked.

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
