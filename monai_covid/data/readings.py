"""Readings: on which images people who looked saw the finding of a class, whatever its label."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from monai_covid.data.records import Records
from monai_covid.data.row_checks import empty_cells
from monai_covid.data.tables import numbered, read_table, suggestion
from monai_covid.errors import InputError, Problem

IMAGE = "image"
SEEN, NOT_SEEN, NOT_READ = "1", "0", ""


def read_readings(file: Path, labels: Sequence[str]) -> pd.DataFrame:
    """Read a CSV with ``image`` and a column for each class that was looked for.

    A cell is 1 where readers saw the finding, 0 where they did not, and empty where the image was
    not read for it. Other columns are passed over. Labels must not have been known to the readers,
    nor the readings to who labelled.

    Args:
        file: CSV file; its images need not all be in a collection, nor those of one in the file.
        labels: The class names, each of which may be a column.

    Returns:
        Frame of float, indexed by image, with the columns of the classes: 1, 0 or NaN.

    Raises:
        InputError: If the file cannot be read, no column is a class, a value is none of these, or
            an image stands in two rows; lists all of it.
    """
    table = read_table(file, [IMAGE])
    columns = [name for name in labels if name in table]
    if not columns:
        others = ", ".join(map(str, table.columns.drop(IMAGE))) or "none"
        message = f"no column is a class ({', '.join(labels)}); besides {IMAGE} found: {others}"
        raise InputError([Problem(file, 1, message)])
    problems = [
        *_misspelt(file, [str(name) for name in table], labels),
        *empty_cells(file, table[IMAGE], "a file name as in the manifest"),
        *_repeated(file, table[IMAGE]),
        *(problem for name in columns for problem in _unknown(file, table[name])),
    ]
    if problems:
        raise InputError(sorted(problems, key=lambda problem: problem.row or 0))
    values = table[columns].replace(NOT_READ, np.nan).astype(float)
    if values.isna().all(axis=None):
        message = f"no image was read: {', '.join(columns)} has neither {SEEN} nor {NOT_SEEN}"
        raise InputError([Problem(file, None, message)])
    return values.set_axis(table[IMAGE].tolist(), axis=0)


def readings_of(file: Path, records: Records) -> pd.DataFrame:
    """Read readings of a collection; see ``read_readings``.

    Raises:
        InputError: Also if none of the images is in the collection.
    """
    readings = read_readings(file, records.labels)
    if not readings.index.isin(records.frame[IMAGE]).any():
        example = records.frame[IMAGE].iloc[0]
        message = f"none of its images is in {records.file}, which names them as {example!r}"
        raise InputError([Problem(file, None, message)])
    return readings


def views_of(records: Records) -> pd.Series[str] | None:
    """Return the view of each image, by image; None if the collection does not give any."""
    if "view" not in records.frame:
        return None
    return records.frame.set_index(IMAGE)["view"]


def _misspelt(file: Path, columns: Sequence[str], labels: Sequence[str]) -> list[Problem]:
    """Name the columns that are nearly a class, which would be passed over."""
    others = [name for name in columns if name not in (*labels, IMAGE)]
    hints = {name: suggestion(name, labels) for name in others}
    return [Problem(file, 1, f"no class {name!r}{hint}") for name, hint in hints.items() if hint]


def _repeated(file: Path, images: pd.Series[str]) -> list[Problem]:
    again = images[images.duplicated() & (images != "")]
    message = "image {!r} stands in an earlier row; give one reading, such as the majority's"
    return [Problem(file, line, message.format(name)) for line, name in numbered(again)]


def _unknown(file: Path, cells: pd.Series[str]) -> list[Problem]:
    wrong = cells[~cells.isin([SEEN, NOT_SEEN, NOT_READ])]
    message = "{} is {!r}; it must be 1 (seen), 0 (not seen) or empty (not read)"
    return [Problem(file, line, message.format(cells.name, text)) for line, text in numbered(wrong)]
