"""Reading ChestX-ray14 in its official layout, for stage 2 or with the labels of stage 3.

Wang et al., "ChestX-ray8: Hospital-scale Chest X-ray Database and Benchmarks on Weakly-Supervised
Classification and Localization of Common Thorax Diseases", CVPR 2017.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from monai_covid.data.folders import existing_folder, index_files
from monai_covid.data.nih_lists import LIST_NAMES, list_problems, read_lists
from monai_covid.data.patients import nih_patient_id, nih_patient_of_image
from monai_covid.data.records import Records
from monai_covid.data.row_checks import checked_labels, duplicate_images, empty_cells, unknown_label
from monai_covid.data.tables import numbered, read_table
from monai_covid.errors import InputError, Problem
from monai_covid.labels import NIH_LABELS, NO_FINDING, PUBLISHED, LabelSet, shipped

CSV_PATTERN = "Data_Entry_2017*.csv"
REQUIRED_COLUMNS = ("Image Index", "Finding Labels", "Patient ID")

COLUMNS = {
    "Image Index": "image",
    "Finding Labels": "findings",
    "Patient ID": "patient_id",
    "View Position": "view",
    "Patient Gender": "sex",
    "Patient Sex": "sex",
    "Patient Age": "age",
    "Follow-up #": "follow_up",
}
"""Official column -> ours; other columns are left out."""

SEPARATOR = "|"


class NihInspection(NamedTuple):
    """ChestX-ray14 as far as it can be read.

    Attributes:
        records: The images of both lists, with the column ``split``: train_val or test.
        unlisted: Number of images in the CSV that are in neither list.
        problems: What is wrong.
    """

    records: Records
    unlisted: int
    problems: list[Problem]


def read_nih(dataset_dir: Path | str, labels: Sequence[str] = NIH_LABELS) -> Records:
    """Read the images that the official lists name.

    The folder holds ``Data_Entry_2017.csv`` or ``Data_Entry_2017_v2020.csv``,
    ``train_val_list.txt``, ``test_list.txt`` and the images, which are in ``images``, in
    ``images_001/images`` and so on, or directly in the folder.

    Args:
        dataset_dir: The folder.
        labels: The ``C`` outputs; No Finding is one of them by default.

    Returns:
        Records with the columns ``image``, ``patient_id`` (``nih-00061``), ``findings`` and
        ``split``, and ``view``, ``sex``, ``age``, ``follow_up`` if the CSV has them.

    Raises:
        InputError: Anything is wrong with the files, a row or an image path; lists all of it.
    """
    records, _, problems = inspect_nih(dataset_dir, labels)
    if problems:
        raise InputError(problems)
    return records


def inspect_nih(dataset_dir: Path | str, labels: Sequence[str] = NIH_LABELS) -> NihInspection:
    """Read ChestX-ray14 as :func:`read_nih` does, but return the problems of its rows.

    Raises:
        InputError: A file is missing or is not what it should be.
    """
    names = checked_labels(labels)
    folder = existing_folder(dataset_dir)
    file = _required_files(folder)
    table = read_table(file, REQUIRED_COLUMNS)
    frame = table[[name for name in COLUMNS if name in table]].rename(columns=COLUMNS)
    targets, problems = multi_hot(file, frame["findings"], names)
    problems += _row_problems(file, frame)
    listed = read_lists(folder)
    frame = frame.assign(
        split=frame["image"].map({name: entry.split for name, entry in listed.images.items()}),
        patient_id=_patient_ids(frame["patient_id"]),
    )
    index = index_files(_image_folders(folder))
    problems += listed.problems + list_problems(listed.images, frame, file, index)
    paths = np.array([index.get(name, "") for name in frame["image"]], dtype=object)
    keep = frame["split"].notna().to_numpy()
    records = Records(file, names, frame, paths, targets).select(keep)
    return NihInspection(records, int((~keep).sum()), problems)


def is_nih_folder(folder: Path) -> bool:
    """Return whether a folder has the table of ChestX-ray14."""
    return folder.is_dir() and any(folder.glob(CSV_PATTERN))


def read_nih_as_stage3(folder: Path, labels: LabelSet = PUBLISHED) -> Records:
    """Read ChestX-ray14 as a collection of the classes of stage 3 that it has.

    Args:
        folder: As for `read_nih`.
        labels: Label set of stage 3; see `LabelSet.kept_from`.

    Raises:
        InputError: Anything is wrong with the files, or no image has such a label.
    """
    records = with_stage3_labels(read_nih(folder), labels)
    if not len(records):
        kept = ", ".join(labels.kept_from(shipped("nih"))) or "one of its classes"
        message = f"no image is labelled {kept}"
        raise InputError([Problem(records.file, None, message)])
    return records


def with_stage3_labels(records: Records, labels: LabelSet = PUBLISHED) -> Records:
    """Return the images that have exactly one class of stage 3 by their findings, so labelled.

    Args:
        records: Of ``read_nih``.
        labels: Label set of stage 3; see `LabelSet.kept_from`.
    """
    targets = np.zeros((len(records), len(labels.names)), dtype=bool)
    for source, target in labels.kept_from(shipped("nih")).items():
        targets[:, labels.names.index(target)] = records.targets[:, records.labels.index(source)]
    labelled: NDArray[np.bool_] = targets.sum(axis=1) == 1
    return replace(records.select(labelled), labels=labels.names, targets=targets[labelled])


def multi_hot(
    file: Path, cells: pd.Series[str], labels: tuple[str, ...]
) -> tuple[NDArray[np.bool_], list[Problem]]:
    """Turn finding cells into targets.

    Findings of ChestX-ray14 that are not among ``labels`` are known and have no target, so that a
    network can be trained on some of them.

    Args:
        file: Where the cells are.
        cells: ``N`` cells, indexed by line.
        labels: The ``C`` outputs.

    Returns:
        ``(N, C)`` bool, and a problem per row that is not a valid set of findings.
    """
    codes, unique = pd.factorize(cells)
    findings = [[part.strip() for part in str(cell).split(SEPARATOR)] for cell in unique]
    table = np.array([[label in row for label in labels] for row in findings], dtype=bool)
    messages = [_message(row, labels) for row in findings]
    wrong = np.flatnonzero(np.array([bool(message) for message in messages])[codes])
    lines = cells.index[wrong]
    problems = [
        Problem(file, int(line), messages[code])
        for line, code in zip(lines, codes[wrong], strict=True)
    ]
    return table[codes], problems


def _message(findings: Sequence[str], labels: Sequence[str]) -> str:
    """Return what is wrong with the findings of one image, or nothing."""
    valid = tuple(dict.fromkeys((*labels, *NIH_LABELS)))
    for finding in findings:
        if finding not in valid:
            return unknown_label(finding, valid)
    if NO_FINDING in findings and len(set(findings)) > 1:
        others = SEPARATOR.join(finding for finding in findings if finding != NO_FINDING)
        return f"{NO_FINDING!r} stands together with {others!r}; keep one or the other"
    return ""


def _required_files(folder: Path) -> Path:
    """Return the CSV, and report all files that are missing together."""
    tables = sorted(folder.glob(CSV_PATTERN))
    problems = []
    if len(tables) != 1:
        state = f"holds {', '.join(file.name for file in tables)}" if tables else "holds none"
        problems.append(Problem(folder, None, f"expected one file {CSV_PATTERN}, but {state}"))
    for name in LIST_NAMES.values():
        if not (folder / name).is_file():
            problems.append(Problem(folder / name, None, "does not exist; it is part of the data"))
    if problems:
        raise InputError(problems)
    return tables[0]


def _image_folders(folder: Path) -> list[Path]:
    parts = sorted(folder.glob("images_*"))
    return [folder / "images", *(part / "images" for part in parts), *parts, folder]


def _patient_ids(numbers: pd.Series[str]) -> pd.Series[str]:
    """Write NIH patient numbers as ids; what is no number stays as it is and is reported."""
    ids = {n: nih_patient_id(n) if n.isascii() and n.isdigit() else n for n in numbers.unique()}
    return numbers.map(ids)


def _row_problems(file: Path, frame: pd.DataFrame) -> list[Problem]:
    images = frame["image"].rename("Image Index")
    numbers = frame["patient_id"].rename("Patient ID")
    wrong = numbers[(numbers != "") & ~numbers.str.fullmatch(r"[0-9]{1,9}")]
    return [
        *empty_cells(file, images, "a file name"),
        *duplicate_images(file, images, frame["findings"], images),
        *empty_cells(file, numbers, "a whole number"),
        *(
            Problem(file, line, f"Patient ID {value!r} is not a whole number such as 61")
            for line, value in numbered(wrong)
        ),
        *_mismatches(file, images, numbers),
    ]


def _mismatches(file: Path, images: pd.Series[str], numbers: pd.Series[str]) -> list[Problem]:
    """Report images whose name carries the number of another patient."""
    by_name = images.map(nih_patient_of_image)
    wrong = by_name.notna() & numbers.str.fullmatch(r"[0-9]{1,9}")
    wrong &= by_name != _patient_ids(numbers)
    return [
        Problem(
            file,
            line,
            f"Patient ID {numbers.loc[line]!r} does not fit image {name!r}, which by its name is "
            f"of patient {by_name.loc[line]}",
        )
        for line, name in numbered(images[wrong])
    ]
