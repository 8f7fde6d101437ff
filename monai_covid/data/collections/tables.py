"""What the readers of CSV files have in common: rows, images, patients."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from monai_covid.data.collections.layout import Inspection, Request
from monai_covid.data.folders import manifest_file
from monai_covid.data.image_lookup import ImageLookup
from monai_covid.data.manifest import canonical, image_folders, row_problems
from monai_covid.data.records import Records
from monai_covid.data.row_checks import found_images, missing_images
from monai_covid.data.tables import header_of, read_table, suggestion
from monai_covid.data.unknown_patients import patient_notes, patients_of_names
from monai_covid.errors import InputError, Problem

PATIENT = "patient_id"

TABLE_SUFFIXES = (".csv", ".tsv")


class Rows(NamedTuple):
    """Rows of a table.

    Attributes:
        file: The CSV.
        frame: ``N`` rows of str, indexed by line, with ``image`` and ``patient_id``.
    """

    file: Path
    frame: pd.DataFrame


def table_of(path: Path) -> Path:
    """Return the table of a collection: a file itself, or that in a folder.

    In a folder it is ``metadata.csv`` or the only CSV. It need not be there.
    """
    usual = manifest_file(path)
    if usual.is_file() or not path.is_dir():
        return usual
    tables = tables_in(path)
    return tables[0] if len(tables) == 1 else usual


def tables_in(folder: Path) -> list[Path]:
    """Return the tables directly in a folder."""
    return sorted(file for file in folder.iterdir() if file.suffix.lower() in TABLE_SUFFIXES)


def columns_of(path: Path) -> list[str]:
    """Return the names of the columns of a path's table, empty if it has none.

    Raises:
        InputError: It is no text.
    """
    file = table_of(path)
    return header_of(file) if file.is_file() else []


def read_rows(request: Request, required: Sequence[str]) -> Rows:
    """Read the table of a request, with the patients that it names or that the images' names tell.

    A pattern for patients that is given wins over the column ``patient_id``.

    Raises:
        InputError: It is no table, or a column is missing or nearly right.
    """
    file = table_of(request.path)
    frame = read_table(file, required)
    if PATIENT not in frame or request.patient_pattern:
        if not request.patient_pattern:
            _check_misspelt(file, frame)
        frame = frame.assign(
            **{PATIENT: patients_of_names(frame["image"], request.patient_pattern)}
        )
    return Rows(file, canonical(frame))


def records_of(
    rows: Rows,
    request: Request,
    labels: tuple[str, ...],
    targets: NDArray[np.bool_],
    known: NDArray[np.bool_] | None = None,
    *,
    problems: Sequence[Problem] = (),
) -> Inspection:
    """Look the images up and check the rows.

    Args:
        rows: The rows.
        request: What was asked for.
        labels: The ``C`` labels.
        targets: ``(N, C)`` bool.
        known: ``(N, C)`` bool; None: all.
        problems: Those found so far.
    """
    lookup = ImageLookup(image_folders(rows.file, request.image_dir))
    images = rows.frame["image"]
    paths = found_images(rows.file, images, lookup)
    frame = rows.frame if "label" in rows.frame else rows.frame.assign(label=_texts(targets))
    found = [
        *problems,
        *missing_images(rows.file, images, paths, lookup),
        *row_problems(rows.file, frame, paths),
    ]
    found.sort(key=lambda problem: problem.row or 0)
    known = None if known is None or known.all() else known
    records = Records(rows.file, labels, rows.frame, paths, targets, known)
    return Inspection(records, found, patient_notes(rows.frame[PATIENT]))


def _check_misspelt(file: Path, frame: pd.DataFrame) -> None:
    hint = suggestion(PATIENT, [str(name) for name in frame if "patient" in str(name).lower()])
    if hint:
        message = f"has no column {PATIENT!r}{hint} Rename it"
        raise InputError([Problem(file, 1, message)])


def _texts(targets: NDArray[np.bool_]) -> list[str]:
    """Write the labels of each row as one text, to tell rows of one image apart."""
    return ["".join("1" if each else "0" for each in row) for row in targets.tolist()]
