"""Rows of a table of images: where the images are, and what is wrong with rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from monai_covid.data.folders import existing_folder
from monai_covid.data.patients import canonical_patient_id
from monai_covid.data.row_checks import (
    duplicate_images,
    empty_cells,
    patients_in_two_parts,
)
from monai_covid.data.tables import numbered
from monai_covid.errors import Problem


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
