"""Whose images several collections have: who is the same patient in two of them, and who is not.

Collections number their patients each in its own way, so the same id in two of them is no sign of
the same patient. Patients of ChestX-ray14, whose ids and image names are well known, and those of
an image file that two collections list are the same.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from monai_covid.data.patients import NIH_ID, drop_patients, patients_in
from monai_covid.data.records import Records
from monai_covid.data.unknown_patients import UNKNOWN


class SeenPatients:
    """The patients of the collections so far.

    Attributes:
        numbered_alike: Whether all collections give a patient the same id; otherwise only ids of
            ChestX-ray14 are compared. Those of unknown patients never are.
    """

    def __init__(self, *, numbered_alike: bool) -> None:
        """Begin with none; see the attribute."""
        self.numbered_alike = numbered_alike
        self._patients: set[str] = set()
        self._files: set[str] = set()

    def add(self, records: Records) -> None:
        """Take note of a collection's patients and image files."""
        self._patients |= {each for each in patients_in(records.frame) if self._is_compared(each)}
        self._files |= set(_real_files(records))

    def without(self, records: Records) -> Records:
        """Return the images of a collection whose patients have not been seen."""
        others = drop_patients(records, self._patients).records
        again = np.array([file in self._files for file in _real_files(others)], dtype=bool)
        of_them = others.frame["patient_id"].isin(others.patients[again]).to_numpy()
        return others.select(~of_them)

    def _is_compared(self, patient: str) -> bool:
        known = not patient.startswith(UNKNOWN)
        return known and (self.numbered_alike or NIH_ID.fullmatch(patient) is not None)


class Distinct(NamedTuple):
    """Ids of which no two collections share one.

    Attributes:
        patients: Patient of each image, by collection.
        changed: Number of ids of known patients that several collections had.
    """

    patients: list[NDArray[np.object_]]
    changed: int


def distinct_patients(names: Sequence[str], patients: Sequence[pd.Series[str]]) -> Distinct:
    """Make ids that several collections have unique by the collection's name, such as ``tb/1``.

    Unknown patients remain recognisable, as ``image:tb/a.png``.

    Args:
        names: Of the collections; equal ones are told apart by a number.
        patients: Patient of each image, by collection, without those who are the same.
    """
    owners = Counter(patient for series in patients for patient in series.unique())
    shared = {patient for patient, number in owners.items() if number > 1}
    ids = [
        np.array([_of(name, each) if each in shared else each for each in series], dtype=object)
        for name, series in zip(_told_apart(names), patients, strict=True)
    ]
    return Distinct(ids, sum(not patient.startswith(UNKNOWN) for patient in shared))


def _of(name: str, patient: str) -> str:
    if patient.startswith(UNKNOWN):
        return f"{UNKNOWN}{name}/{patient.removeprefix(UNKNOWN)}"
    return f"{name}/{patient}"


def _told_apart(names: Iterable[str]) -> list[str]:
    taken: list[str] = []
    for name in names:
        number, free = 1, name
        while free in taken:
            number += 1
            free = f"{name} {number}"
        taken.append(free)
    return taken


def _real_files(records: Records) -> list[str]:
    return [os.path.realpath(path) for path in records.paths]
