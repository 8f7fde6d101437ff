"""Checks of table columns; each returns the problems it finds."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from monai_covid.data.image_lookup import ImageLookup
from monai_covid.data.tables import numbered, suggestion
from monai_covid.errors import Problem

logger = logging.getLogger(__name__)

ONE_BY_ONE = 5
"""Equal problems that are named one by one; of more there is one line with their number."""


def checked_labels(labels: Sequence[str]) -> tuple[str, ...]:
    """Return ``labels`` as tuple.

    Raises:
        ValueError: There are none, or one occurs twice, or is no text.
    """
    names = tuple(labels) if not isinstance(labels, str) else ()
    if not names or len(set(names)) < len(names) or not all(isinstance(n, str) for n in names):
        raise ValueError(f"labels must be a list of different names, got {labels!r}")
    return names


def empty_cells(file: Path, cells: pd.Series[str], expected: str) -> list[Problem]:
    """Report empty cells, many in one line; ``expected`` says what belongs there."""
    empty = numbered(cells[cells == ""])
    if len(empty) > ONE_BY_ONE:
        message = f"{cells.name!r} is empty in {len(empty)} rows; expected {expected}"
        return [Problem(file, empty[0][0], message)]
    message = f"{cells.name!r} is empty; expected {expected}"
    return [Problem(file, line, message) for line, _ in empty]


def unknown_label(value: str, labels: Sequence[str]) -> str:
    """Return the message for a label that is not one of ``labels``."""
    if not value:
        return f"the label is empty; expected one of {', '.join(labels)}"
    hint = suggestion(value, labels)
    return f"unknown label {value!r}{hint} (valid: {', '.join(labels)})"


def one_hot(
    file: Path, cells: pd.Series[str], labels: tuple[str, ...]
) -> tuple[NDArray[np.bool_], list[Problem]]:
    """Return ``(N, C)`` bool targets, one label per row, and problems of the rows without one.

    A label that is in many rows and unknown is one problem.
    """
    targets = cells.to_numpy(dtype=object)[:, None] == np.array(labels, dtype=object)[None]
    unknown = cells[~targets.any(axis=1)]
    counts = unknown.value_counts()
    few = unknown[unknown.map(counts) <= ONE_BY_ONE]
    many = unknown[unknown.map(counts) > ONE_BY_ONE].drop_duplicates()
    problems = [Problem(file, line, unknown_label(cell, labels)) for line, cell in numbered(few)]
    problems += [
        Problem(file, line, f"{unknown_label(cell, labels)}, in {counts[cell]} rows")
        for line, cell in numbered(many)
    ]
    return targets, problems


def found_images(file: Path, names: pd.Series[str], lookup: ImageLookup) -> NDArray[np.object_]:
    """Return the path of each image, empty where there is none; say which are elsewhere."""
    paths = np.array(lookup.find(names.tolist()), dtype=object)
    for start, images in lookup.moved.items():
        logger.warning(
            "%s: there is no folder %s here; %d of its images were found without it",
            *(file, start, images),
        )
    return paths


def missing_images(
    file: Path, names: pd.Series[str], paths: NDArray[np.object_], lookup: ImageLookup
) -> list[Problem]:
    """Report the images that are not there: each of a few, or all of many in one line."""
    missing = numbered(names[(paths == "") & (names != "")])
    places = " or ".join(lookup.places)
    if len(missing) <= ONE_BY_ONE:
        return [
            Problem(file, line, f"image {name!r} is not in {places}{lookup.hint(name)}")
            for line, name in missing
        ]
    line, name = missing[0]
    message = (
        f"{len(missing)} of {len(names)} images are not in {places}; the first is {name!r}"
        f"{lookup.hint(name)}"
    )
    return [Problem(file, line, message)]


def duplicate_images(
    file: Path, names: pd.Series[str], labels: pd.Series[str], keys: pd.Series[str]
) -> list[Problem]:
    """Report images that stand in two rows, with the labels where these differ.

    Args:
        file: Where the rows are.
        names: Image of each row, as written.
        labels: Label of each row, as written.
        keys: What makes two images the same, such as the path; rows with an empty key are passed
            over. All three are indexed by line.
    """
    again = keys[keys.duplicated(keep="first") & (keys != "")]
    first = {key: line for line, key in reversed(numbered(keys[keys.isin(again)]))}
    return [
        Problem(file, line, _duplicate(names.loc[line], labels, line, first[key]))
        for line, key in numbered(again)
    ]


def _duplicate(name: str, labels: pd.Series[str], line: int, before: int) -> str:
    if labels.loc[line] == labels.loc[before]:
        return f"image {name!r} is already in row {before}; keep one of them"
    return (
        f"image {name!r} is labelled {labels.loc[line]!r} here and {labels.loc[before]!r} "
        f"in row {before}; keep the right one"
    )


def patients_in_two_parts(
    file: Path, patients: pd.Series[str], parts: pd.Series[str]
) -> list[Problem]:
    """Report each patient who has images in two parts; empty patients and parts are passed over.

    Args:
        file: Where the rows are.
        patients: Patient of each row.
        parts: Fold or split of each row; the name of the series says which.
    """
    assigned = (patients != "") & (parts != "")
    patients, parts = patients[assigned], parts[assigned]
    first = {patient: line for line, patient in numbered(patients[~patients.duplicated()])}
    astray = parts.to_numpy() != parts.loc[patients.map(first)].to_numpy()
    return [
        Problem(
            file,
            line,
            f"patient {patient!r} is in {parts.name} {parts.loc[line]} here and in {parts.name} "
            f"{parts.loc[first[patient]]} in row {first[patient]}; "
            "keep all images of a patient in one",
        )
        for line, patient in numbered(patients[astray].drop_duplicates())
    ]
