"""One way of writing patient ids, and leaving out the patients of another collection."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from monai_covid.data.folders import manifest_file
from monai_covid.data.records import Records
from monai_covid.data.tables import read_table

NIH_ID = re.compile(r"nih-(\d+)", re.IGNORECASE)
NIH_IMAGE_NAME = re.compile(r"(?:^|\D)(\d{8})_\d{3}\.\w+$")
"""``00000061_012.png``: patient 61, follow-up 12; also with a prefix or another ending."""

NAME_COLUMNS = ("image", "original_file")
"""Columns in which an NIH image name may stand."""


class Exclusion(NamedTuple):
    """Records without some patients.

    Attributes:
        records: What remains.
        images: Number of images left out.
        patients: Number of patients left out.
    """

    records: Records
    images: int
    patients: int


def nih_patient_id(number: int | str) -> str:
    """Return the id of an NIH patient, ``nih-`` and at least five digits: ``nih-00061`` for 61."""
    return f"nih-{int(number):05d}"


def canonical_patient_id(value: str) -> str:
    """Return ``value``, with NIH ids such as ``nih-61`` or ``NIH-000061`` as ``nih-00061``."""
    match = NIH_ID.fullmatch(value)
    return nih_patient_id(match[1]) if match else value


def nih_patient_of_image(name: str) -> str | None:
    """Return the patient id in an image file name of NIH form, or None for other names."""
    match = NIH_IMAGE_NAME.search(name)
    return nih_patient_id(match[1]) if match else None


def patients_in(frame: pd.DataFrame) -> set[str]:
    """Return all patients of a manifest: by id and by NIH image name.

    The name counts even where the id says something else, because a manifest may have renumbered
    the patients of a public collection.

    Args:
        frame: Has the column ``patient_id``, and optionally ``image`` and ``original_file``.
    """
    patients = {canonical_patient_id(value) for value in frame["patient_id"].unique() if value}
    for column in NAME_COLUMNS:
        if column in frame:
            patients.update(filter(None, map(nih_patient_of_image, frame[column])))
    return patients


def patients_in_manifests(manifests: Iterable[Path | str]) -> set[str]:
    """Return all patients of several manifests; their images need not exist.

    Raises:
        InputError: A manifest cannot be read or lacks ``image`` or ``patient_id``.
    """
    files = [manifest_file(manifest) for manifest in manifests]
    frames = [read_table(file, ("image", "patient_id")) for file in files]
    return set().union(*(patients_in(frame) for frame in frames))


def drop_patients(records: Records, patients: set[str]) -> Exclusion:
    """Leave out every image whose patient, by id or NIH image name, is one of ``patients``."""
    frame = records.frame
    drop = frame["patient_id"].isin(patients).to_numpy()
    for column in NAME_COLUMNS:
        if column in frame:
            drop = drop | frame[column].map(nih_patient_of_image).isin(patients).to_numpy()
    left_out = len(np.unique(records.patients[drop]))
    return Exclusion(records.select(~drop), int(drop.sum()), left_out)


def drop_manifest_patients(records: Records, manifests: Sequence[Path | str]) -> Exclusion:
    """Leave out every patient that occurs in ``manifests``, as stage 3 will be tested on them.

    Args:
        records: Usually those of ChestX-ray14.
        manifests: CSV files, or folders that hold ``metadata.csv``.

    Raises:
        InputError: A manifest cannot be read.
    """
    return drop_patients(records, patients_in_manifests(manifests))
