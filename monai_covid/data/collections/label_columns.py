"""Labels that are columns: 1, 0, -1 (uncertain) or nothing in each cell."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from monai_covid.data.collections.layout import Policy, Request
from monai_covid.data.collections.named_labels import match_labels
from monai_covid.errors import InputError, Problem

PRESENT, ABSENT, UNCERTAIN, BLANK = 1, 0, -1, -2

CELLS = {
    **dict.fromkeys(("1", "1.0"), PRESENT),
    **dict.fromkeys(("0", "0.0", "-0.0"), ABSENT),
    **dict.fromkeys(("-1", "-1.0"), UNCERTAIN),
    "": BLANK,
}
"""What a cell says."""


NEARLY_ALL = 0.9


class LabelColumns(NamedTuple):
    """What columns of labels say of ``N`` images.

    Attributes:
        labels: The ``C`` labels.
        targets: ``(N, C)`` bool.
        known: ``(N, C)`` bool.
        problems: Cells that say something else.
        notes: How many cells are uncertain or blank, and what they count as.
    """

    labels: tuple[str, ...]
    targets: NDArray[np.bool_]
    known: NDArray[np.bool_]
    problems: list[Problem]
    notes: list[str]


def label_columns(frame: pd.DataFrame, others: Collection[str]) -> list[str]:
    """Return the columns that hold labels: 1, 0, -1 or nothing in nearly all cells.

    Args:
        frame: Rows of a table.
        others: Names, in lower case, of columns that hold something else whatever is in them.
    """
    names = [str(name) for name in frame]
    return [name for name in names if name.lower() not in others and _holds_labels(frame[name])]


def _holds_labels(cells: pd.Series[str]) -> bool:
    """Return whether a column is one of labels; a few wrong cells are reported later."""
    filled = cells[cells != ""]
    return len(filled) > 0 and float(filled.isin([*CELLS]).mean()) >= NEARLY_ALL


def read_label_columns(
    file: Path, frame: pd.DataFrame, present: Sequence[str], request: Request
) -> LabelColumns:
    """Read columns of labels by the policies of a request.

    Args:
        file: The CSV.
        frame: Its rows, ``N``.
        present: The columns that hold labels.
        request: What was asked for; of its labels each has to be a column.

    Raises:
        InputError: There is no such column, or none for a label.
    """
    if not present:
        raise InputError([Problem(file, 1, "no column has labels: 1, 0, -1 or nothing")])
    given = present if request.labels is None else [str(name) for name in frame]
    matched = match_labels(file, given, request.labels, "column", all_claimed=False)
    if matched.problems:
        raise InputError(matched.problems)
    column_of = {label: column for column, label in matched.names.items()}
    columns = [column_of[label] for label in matched.labels]
    codes = [frame[column].map(CELLS) for column in columns]
    problems = [
        problem
        for column, said in zip(columns, codes, strict=True)
        for problem in _wrong_cells(file, frame[column][said.isna()])
    ]
    table = np.column_stack([said.fillna(BLANK).to_numpy(int) for said in codes])
    targets, known = table == PRESENT, np.ones(table.shape, dtype=bool)
    notes = []
    for what, code, policy in (
        ("uncertain (-1)", UNCERTAIN, request.uncertain),
        ("blank", BLANK, request.blank),
    ):
        cells = table == code
        targets |= cells & (policy == "ones")
        known &= ~(cells & (policy == "ignore"))
        if cells.any():
            notes.append(f"{cells.sum()} labels are {what}: {_MEANINGS[policy]}")
    return LabelColumns(matched.labels, targets, known, problems, notes)


_MEANINGS: dict[Policy, str] = {
    "zeros": "taken as absent",
    "ones": "taken as present",
    "ignore": "ignored",
}


def _wrong_cells(file: Path, cells: pd.Series[str]) -> list[Problem]:
    """Report each text that is no label once."""
    counts = cells.value_counts()
    first = {text: line for line, text in reversed(list(zip(cells.index, cells, strict=True)))}
    return [
        Problem(
            file,
            int(first[text]),
            f"{cells.name} is {text!r}{_times(int(counts[text]))}; expected 1, 0, -1 or nothing",
        )
        for text in first
    ]


def _times(count: int) -> str:
    return f" in {count} rows" if count > 1 else ""
