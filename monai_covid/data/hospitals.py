"""Hospitals as groups of a collection: whom a network is tested on when it saw none of them.

A column, usually ``source``, names the hospital of each image. Folds are then the hospitals in the
order of their names: that of a fold is for testing, the others are for training and validation,
without the patients who were in the tested one too.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from monai_covid.data.patients import NIH_ID, drop_patients, patients_in
from monai_covid.data.records import Records
from monai_covid.data.row_checks import ONE_BY_ONE, empty_cells
from monai_covid.data.tables import suggestion
from monai_covid.errors import InputError, OptionError, Problem

MOST_HOSPITALS = 100
"""More come from columns such as a date or the patient."""

UNUSED = "unused"
"""Section of images whose patient is in the tested hospital too."""


def hospital_cells(file: Path, frame: pd.DataFrame, column: str) -> pd.Series[str]:
    """Return the hospital of each row of a table.

    Args:
        file: The table.
        frame: Its rows, indexed by line.
        column: Names the hospital.

    Raises:
        InputError: The column is missing, has empty cells, or names one hospital or far too many.
    """
    if column not in frame:
        names = [str(name) for name in frame]
        message = (
            f"has no column {column!r}, which is to name the hospital of each image"
            f"{suggestion(column, names)} (columns: {', '.join(names)})"
        )
        raise InputError([Problem(file, 1, message)])
    cells = frame[column]
    problems = _empty(file, cells)
    names = sorted(set(cells) - {""})
    if not problems and len(names) < 2:
        message = f"{column!r} names one hospital, {names[0]!r}; give images of two or more"
        problems = [Problem(file, None, message)]
    if len(names) > MOST_HOSPITALS:
        message = (
            f"{column!r} has {len(names)} values, such as {names[0]!r} and {names[1]!r}; give a "
            f"column of hospitals, at most {MOST_HOSPITALS}"
        )
        problems = [Problem(file, None, message)]
    if problems:
        raise InputError(problems)
    return cells


def _empty(file: Path, cells: pd.Series[str]) -> list[Problem]:
    """Report each of a few empty cells, or the first of many."""
    problems = empty_cells(file, cells, "the hospital of the image")
    if len(problems) <= ONE_BY_ONE:
        return problems
    message = f"{problems[0].message}; the same in {len(problems) - 1} more rows"
    return [problems[0]._replace(message=message)]


def hospital_names(records: Records, column: str) -> list[str]:
    """Return the hospitals of a collection, sorted; the position is the number of the fold.

    Raises:
        InputError: See `hospital_cells`.
    """
    return sorted(set(hospital_cells(records.file, records.frame, column)))


def held_out_hospital(records: Records, column: str, fold: int) -> str:
    """Return the hospital that is tested in a fold.

    Raises:
        OptionError: There is no such fold, or the others lack a class that this one has.
        InputError: See `hospital_cells`.
    """
    names = hospital_names(records, column)
    if isinstance(fold, bool) or fold not in range(len(names)):
        listed = ", ".join(f"{number} ({name})" for number, name in enumerate(names))
        raise OptionError(f"fold must be one of {listed} in {records.file}, got {fold!r}")
    alone = only_in(records, column).get(names[fold])
    if alone:
        raise OptionError(
            f"{records.file}: {names[fold]!r} cannot be held out: no other hospital has "
            f"{', '.join(alone)}, so that nothing is left to learn it from"
        )
    return names[fold]


def folds_by_hospital(records: Records, column: str) -> dict[int, str]:
    """Return the hospitals that can be held out, by the number of their fold.

    Raises:
        InputError: No hospital can be; see also `hospital_cells`.
    """
    alone = only_in(records, column)
    names = enumerate(hospital_names(records, column))
    folds = {number: name for number, name in names if name not in alone}
    if not folds:
        listed = "; ".join(f"{name} has {', '.join(labels)}" for name, labels in alone.items())
        message = f"no hospital of {column!r} can be held out: each has a class alone ({listed})"
        raise InputError([Problem(records.file, None, message)])
    return folds


def only_in(records: Records, column: str) -> dict[str, list[str]]:
    """Return the hospitals without which a class has no image to train on, and those classes.

    Images of a hospital's patients in other hospitals count as its own.

    Raises:
        InputError: See `hospital_cells`.
    """
    alone = {}
    present = records.targets.any(axis=0)
    for name in hospital_names(records, column):
        left = _elsewhere(records, column, name).targets.any(axis=0)
        lost = np.flatnonzero(present & ~left)
        if len(lost):
            alone[name] = [records.labels[position] for position in lost]
    return alone


def _elsewhere(records: Records, column: str, name: str) -> Records:
    """Return the images of other hospitals and other patients."""
    own = (records.frame[column] == name).to_numpy()
    return drop_patients(records.select(~own), patients_in(records.frame[own])).records


def hospital_sections(records: Records, column: str, fold: int) -> NDArray[np.str_]:
    """Return ``test`` for the images of the held-out hospital, ``unused`` for its patients' others.

    Args:
        records: All images of a manifest.
        column: Names the hospital of each.
        fold: Number of the hospital in the order of names.

    Returns:
        ``(N,)`` str; empty where an image is for training or validation.

    Raises:
        OptionError: See `held_out_hospital`.
        InputError: See `hospital_cells`.
    """
    name = held_out_hospital(records, column, fold)
    sections = np.full(len(records), UNUSED, dtype="<U10")
    sections[np.isin(records.frame.index, _elsewhere(records, column, name).frame.index)] = ""
    sections[(records.frame[column] == name).to_numpy()] = "test"
    return sections


def has_nih_patients(records: Records, column: str, name: str) -> bool:
    """Return whether a hospital has patients of ChestX-ray14, from which stage 2 learns.

    By their ids or by the names of their images: to such a network it is no stranger.
    """
    own = records.frame[(records.frame[column] == name).to_numpy()]
    return any(NIH_ID.fullmatch(patient) for patient in patients_in(own))


def hospital_targets(records: Records, column: str) -> NDArray[np.bool_]:
    """Return ``(N, H * C)``: each class in each hospital, so that each gives validation images."""
    cells = records.frame[column].to_numpy()
    parts = [records.targets & (cells == name)[:, None] for name in np.unique(cells)]
    return np.concatenate(parts, axis=1)


def without_hospital(records: Records, column: str, name: str) -> Records:
    """Return further images to train on without those of a held-out hospital.

    Raises:
        InputError: They do not name their hospitals.
    """
    if column not in records.frame:
        message = f"has no column {column!r}: is {name!r}, which is held out, among its hospitals?"
        raise InputError([Problem(records.file, 1, message)])
    cells = records.frame[column]
    problems = _empty(records.file, cells)
    if problems:
        raise InputError(problems)
    return records.select((cells != name).to_numpy())
