"""Reading a manifest: a CSV with one row per image and one class per image."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from monai_covid.data.folders import existing_folder, manifest_file
from monai_covid.data.found_labels import labels_found, misspelt_labels
from monai_covid.data.image_lookup import ImageLookup
from monai_covid.data.patients import canonical_patient_id
from monai_covid.data.records import Records
from monai_covid.data.row_checks import (
    checked_labels,
    duplicate_images,
    empty_cells,
    found_images,
    missing_images,
    one_hot,
    patients_in_two_parts,
)
from monai_covid.data.tables import numbered, read_table
from monai_covid.errors import InputError, Problem

REQUIRED_COLUMNS = ("image", "label", "patient_id")


class ManifestInspection(NamedTuple):
    """A manifest as far as it can be read.

    Attributes:
        records: All rows; images that are missing have an empty path, unknown labels no target.
        problems: What is wrong with them.
    """

    records: Records
    problems: list[Problem]


def read_manifest(
    manifest: Path | str,
    labels: Sequence[str] | None = None,
    image_dir: Path | str | None = None,
) -> Records:
    """Read a manifest with the columns ``image``, ``label`` and ``patient_id``.

    All other columns are kept. Images are looked up in ``image_dir``, or without it in the folder
    of the manifest and its ``images`` subfolder. ``fold`` holds whole numbers, if it is there.

    Args:
        manifest: CSV file, or folder that holds ``metadata.csv``.
        labels: The class names; None: those that the column ``label`` has, see `labels_found`.
        image_dir: Folder of the images.

    Raises:
        InputError: Anything is wrong with the file, a row or an image path; lists all of it.
    """
    records, problems = inspect_manifest(manifest, labels, image_dir)
    if problems:
        raise InputError(problems)
    return records


def inspect_manifest(
    manifest: Path | str,
    labels: Sequence[str] | None = None,
    image_dir: Path | str | None = None,
) -> ManifestInspection:
    """Read a manifest as :func:`read_manifest` does, but return the problems of its rows.

    Raises:
        InputError: The file is not a table with the required columns, or a folder is missing.
    """
    file = manifest_file(manifest)
    if not file.exists():
        message = f"does not exist; expected a CSV with {', '.join(REQUIRED_COLUMNS)}"
        raise InputError([Problem(file, None, message)])
    folders = image_folders(file, image_dir)
    table = read_table(file, REQUIRED_COLUMNS)
    column = table["label"]
    names = labels_found(column) if labels is None else checked_labels(labels)
    targets, problems = one_hot(file, column, names)
    if labels is None:
        problems = [*misspelt_labels(file, column), *empty_cells(file, column, "a class")]
    frame = canonical(table)
    lookup = ImageLookup(folders)
    paths = found_images(file, frame["image"], lookup)
    problems += missing_images(file, frame["image"], paths, lookup)
    problems += row_problems(file, frame, paths)
    problems.sort(key=lambda problem: problem.row or 0)
    return ManifestInspection(Records(file, names, frame, paths, targets), problems)


def has_folds(frame: pd.DataFrame) -> bool:
    """Return whether the rows of a manifest come with folds; an empty column counts as none."""
    return "fold" in frame and bool((frame["fold"] != "").any())


def canonical(table: pd.DataFrame) -> pd.DataFrame:
    """Return a manifest's rows with NIH patient ids and folds written in one way."""
    changed = {"patient_id": table["patient_id"].map(canonical_patient_id)}
    if "fold" in table:
        changed["fold"] = table["fold"].str.replace(r"^0+(?=[0-9])", "", regex=True)
    return table.assign(**changed)


def image_folders(file: Path, image_dir: Path | str | None) -> list[Path]:
    """Return where a manifest's images may be."""
    if image_dir is not None and image_dir != "":
        return [existing_folder(image_dir)]
    inner = file.parent / "images"
    return [file.parent, inner] if inner.is_dir() else [file.parent]


def row_problems(file: Path, frame: pd.DataFrame, paths: NDArray[np.object_]) -> list[Problem]:
    """Return what is wrong with the rows of a manifest, beside labels and missing images.

    Args:
        file: The manifest.
        frame: Its rows, with ``image``, ``label`` and ``patient_id``.
        paths: Path of each image, empty if it is missing.
    """
    images = frame["image"]
    keys = pd.Series(np.where(paths == "", images.to_numpy(), paths), index=frame.index, dtype=str)
    problems = [
        *empty_cells(file, images, "a file name"),
        *duplicate_images(file, images, frame["label"], keys),
        *empty_cells(file, frame["patient_id"], "an id shared by all images of the patient"),
    ]
    if has_folds(frame):
        problems += _fold_problems(file, frame["fold"])
    for column in ("fold", "split"):
        if column in frame:
            problems += patients_in_two_parts(file, frame["patient_id"], frame[column])
    return problems


def _fold_problems(file: Path, folds: pd.Series[str]) -> list[Problem]:
    wrong = folds[~folds.str.fullmatch(r"[0-9]{1,9}")]
    return [
        Problem(file, line, f"fold {value!r} is not a whole number such as 0, 1, 2")
        for line, value in numbered(wrong)
    ]
