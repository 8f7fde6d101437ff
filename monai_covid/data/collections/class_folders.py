"""One folder a class, such as ``NORMAL/x.jpeg``, or below train, val and test."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from monai_covid.data.collections.layout import Inspection, Layout, Request
from monai_covid.data.collections.named_labels import match_labels
from monai_covid.data.collections.tables import tables_in
from monai_covid.data.images import search_folder
from monai_covid.data.records import Records
from monai_covid.data.unknown_patients import patient_notes, patients_of_names
from monai_covid.errors import InputError, Problem

SPLITS = {
    **dict.fromkeys(("train", "training"), "training"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "validation"),
    **dict.fromkeys(("test", "testing"), "test"),
}
"""Folders that are no classes -> section."""


def fits(path: Path) -> bool:
    """Return whether a path is a folder with two classes or more, and no table that names them."""
    if not path.is_dir() or tables_in(path):
        return False
    return len({folder.name for folder, _ in _class_folders(path)}) > 1


def inspect(request: Request) -> Inspection:
    """Read a folder with one folder a class.

    Images may lie in further folders below. Folders that are labels are matched to those that are
    given by their letters and digits alone: ``COVID-19`` is covid19.

    Raises:
        InputError: There are no such folders.
    """
    root = request.path
    folders = _class_folders(root)
    present = sorted({folder.name for folder, _ in folders})
    if len(present) < 2:
        message = f"expected one folder a class, found {', '.join(present) or 'none'}"
        raise InputError([Problem(root, None, message)])
    matched = match_labels(root, present, request.labels, "folder")
    frames = [_images(root, folder, split) for folder, split in folders]
    claimed = [
        frame for frame in frames if not frame.empty and frame["label"].iloc[0] in matched.names
    ]
    problems = [
        *matched.problems,
        *(
            Problem(folder, None, "has no image")
            for (folder, _), frame in zip(folders, frames, strict=True)
            if frame.empty
        ),
    ]
    if not claimed:
        raise InputError(problems)
    frame = pd.concat(claimed, ignore_index=True)
    frame["label"] = frame["label"].map(matched.names)
    frame["patient_id"] = patients_of_names(frame["image"], request.patient_pattern)
    frame.index = pd.RangeIndex(1, len(frame) + 1)
    targets = frame["label"].to_numpy(object)[:, None] == np.array(matched.labels, object)[None]
    records = Records(
        root, matched.labels, frame.drop(columns="path"), frame["path"].to_numpy(object), targets
    )
    return Inspection(
        records, problems, [*_in_two_splits(frame), *patient_notes(frame["patient_id"])]
    )


def _class_folders(root: Path) -> list[tuple[Path, str]]:
    """Return the folders that are classes, and the section they are in, empty if in none."""
    folders = _folders_in(root)
    if folders and all(folder.name.lower() in SPLITS for folder in folders):
        return [
            (inner, SPLITS[folder.name.lower()])
            for folder in folders
            for inner in _folders_in(folder)
        ]
    return [(folder, "") for folder in folders]


def _folders_in(folder: Path) -> Sequence[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir() and path.name[0] not in "._")


def _images(root: Path, folder: Path, split: str) -> pd.DataFrame:
    paths = search_folder(folder).images
    columns = {
        "image": [path.relative_to(root).as_posix() for path in paths],
        "label": folder.name,
        "path": [str(path) for path in paths],
    }
    return pd.DataFrame({**columns, "split": split} if split else columns, dtype=object)


def _in_two_splits(frame: pd.DataFrame) -> list[str]:
    if "split" not in frame:
        return []
    splits = frame.groupby("patient_id")["split"].nunique()
    shared = splits[splits > 1]
    if shared.empty:
        return []
    return [
        f"{len(shared)} patients have images in several of the folders for training, validation "
        f"and test, such as {shared.index[0]!r}"
    ]


LAYOUT = Layout(
    "folders",
    "a folder with one folder a class, at once or below train, val and test",
    fits,
    inspect,
)
