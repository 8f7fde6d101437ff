"""The official ChestX-ray14 lists: which images are for training and which for testing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from monai_covid.data.tables import read_text, suggestion
from monai_covid.errors import InputError, Problem

LIST_NAMES = {"train_val": "train_val_list.txt", "test": "test_list.txt"}
"""Split -> file name."""


class NamedImage(NamedTuple):
    """Where a list names an image.

    Attributes:
        split: train_val or test.
        file: The list.
        line: Line in it, from 1.
    """

    split: str
    file: Path
    line: int


class Lists(NamedTuple):
    """Both lists.

    Attributes:
        images: Image name -> where it is named first.
        problems: Images that are named twice.
    """

    images: dict[str, NamedImage]
    problems: list[Problem]


def read_lists(folder: Path) -> Lists:
    """Read both lists: one image name per line, blank lines passed over.

    Raises:
        InputError: A list is missing, empty or not text.
    """
    lists = Lists({}, [])
    for split, name in LIST_NAMES.items():
        _read_list(folder / name, split, lists)
    return lists


def _read_list(file: Path, split: str, lists: Lists) -> None:
    lines = [line.strip() for line in read_text(file).splitlines()]
    if not any(lines):
        raise InputError([Problem(file, None, "is empty; expected one image name per line")])
    for number, name in enumerate(lines, start=1):
        if not name:
            continue
        before = lists.images.setdefault(name, NamedImage(split, file, number))
        if before != (split, file, number):
            place = f"row {before.line} of {before.file.name}"
            message = f"image {name!r} is already in {place}; keep one of them"
            lists.problems.append(Problem(file, number, message))


def list_problems(
    images: Mapping[str, NamedImage], frame: pd.DataFrame, csv_file: Path, index: Mapping[str, str]
) -> list[Problem]:
    """Report listed images without row or file, and patients in both lists.

    Args:
        images: As read from the lists.
        frame: Has the columns ``image`` and ``patient_id``.
        csv_file: Where ``frame`` comes from.
        index: Image name -> path of the images on disk.
    """
    patient_of = dict(zip(frame["image"], frame["patient_id"], strict=True))
    problems = []
    for name, entry in images.items():
        if name not in patient_of:
            message = (
                f"image {name!r} has no row in {csv_file.name}{_other_ending(name, patient_of)}"
            )
            problems.append(Problem(entry.file, entry.line, message))
        if name not in index:
            message = f"image {name!r} is not in the image folders{_other_ending(name, index)}"
            problems.append(Problem(entry.file, entry.line, message))
    return problems + _patients_in_both(images, patient_of)


def _other_ending(name: str, names: Mapping[str, str]) -> str:
    """Point to the same name with another ending; a search for near names would be too slow."""
    stem = Path(name).stem
    endings = [stem + ending for ending in (".png", ".jpg", ".jpeg", ".PNG", ".JPG")]
    return suggestion(name, [other for other in endings if other in names])


def _patients_in_both(
    images: Mapping[str, NamedImage], patient_of: Mapping[str, str]
) -> list[Problem]:
    """Report each patient once, at the first image in the other list."""
    first: dict[str, tuple[str, NamedImage]] = {}
    astray: dict[str, Problem] = {}
    for name, entry in images.items():
        patient = patient_of.get(name)
        if not patient:
            continue
        first_name, before = first.setdefault(patient, (name, entry))
        if before.split != entry.split and patient not in astray:
            message = (
                f"patient {patient!r} of image {name!r} is also in row {before.line} of "
                f"{before.file.name} ({first_name}); keep all images of a patient in one list"
            )
            astray[patient] = Problem(entry.file, entry.line, message)
    return list(astray.values())
