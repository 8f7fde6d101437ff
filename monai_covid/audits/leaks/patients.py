"""Patients who are in two splits, also under ids that are spelled differently.

A part is what a fold, a split or an external collection holds of the images.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from monai_covid.data.patients import NAME_COLUMNS, canonical_patient_id, nih_patient_of_image
from monai_covid.data.records import Records

PART_COLUMNS = ("fold", "split")
"""Columns of a manifest that divide its images into parts."""

_RUNS = re.compile(r"[^\W\d_]+|\d+")

Key = tuple[str, ...]


class SharedPatient(NamedTuple):
    """A patient in two parts, or under two spellings.

    Attributes:
        spellings: The ids as written, sorted.
        parts: Names of the parts, sorted.
        images: Number of images.
        basis: Why they are taken for one patient.
        is_leak: Whether parts that must be disjoint share the patient.
    """

    spellings: tuple[str, ...]
    parts: tuple[str, ...]
    images: int
    basis: str
    is_leak: bool


def shared_patients(
    records: Records, name: str, external: Mapping[str, Records]
) -> list[SharedPatient]:
    """Return patients of ``records`` who are in two of its parts, two spellings or an external set.

    An id of digits alone says nothing across collections: everybody's patient 12 is another one.
    Such a coincidence is listed, but is no leak.

    Args:
        records: The collection.
        name: What to call it.
        external: Other collections by name.
    """
    own = _rows_by_key(records)
    parts = np.array(part_names(records, name), dtype=object)
    shared = [_within(records, parts, rows) for rows in own.values()]
    for other, theirs in external.items():
        rows_there = _rows_by_key(theirs)
        for key in own.keys() & rows_there.keys():
            both = (records, own[key]), (theirs, rows_there[key])
            shared.append(_between(key, both, (name, other)))
    return sorted(
        (patient for patient in shared if patient is not None),
        key=lambda patient: (not patient.is_leak, patient.spellings, patient.parts),
    )


def spelling_key(patient: str) -> Key:
    """Return what different spellings of an id have in common: runs of letters and of digits.

    Case, separators and leading zeros do not count: ``P-07``, ``p7`` and ``P 007`` are one id.
    Digits on both sides of a separator stay apart: ``1-2`` is not ``12``.
    """
    plain = unicodedata.normalize("NFKC", canonical_patient_id(patient.strip())).casefold()
    runs = [run.lstrip("0") or "0" if run.isdecimal() else run for run in _RUNS.findall(plain)]
    return tuple(runs) or (plain,)


def _rows_by_key(records: Records) -> dict[Key, list[int]]:
    rows: dict[Key, list[int]] = defaultdict(list)
    for row, keys in enumerate(_keys_of_images(records)):
        for key in keys:
            rows[key].append(row)
    return rows


def _keys_of_images(records: Records) -> Iterable[set[Key]]:
    """Yield the ids of the patient of each image: the given one, and those of NIH image names."""
    columns = [records.frame[name] for name in NAME_COLUMNS if name in records.frame]
    for row, patient in enumerate(records.patients):
        keys = {spelling_key(patient)} if patient else set()
        for column in columns:
            nih_patient = nih_patient_of_image(column.iloc[row])
            keys |= {spelling_key(nih_patient)} if nih_patient else set()
        yield keys


def _within(
    records: Records, parts: NDArray[np.object_], rows: Sequence[int]
) -> SharedPatient | None:
    spellings, names = _spellings(records, rows), parts[np.array(rows)].tolist()
    row_of_part = dict(zip(names, rows, strict=True)).values()
    pairs = np.array(list(combinations(row_of_part, 2)), dtype=np.intp).reshape(-1, 2)
    is_leak = bool(crossing(records, pairs).any())
    if not is_leak and len(spellings) < 2:
        return None
    return SharedPatient(
        spellings, tuple(sorted(set(names))), len(rows), _basis(spellings), is_leak
    )


def _between(
    key: Key, sides: Sequence[tuple[Records, list[int]]], names: tuple[str, str]
) -> SharedPatient:
    spellings = sorted({text for records, rows in sides for text in _spellings(records, rows)})
    is_number = all(run.isdecimal() for run in key)
    basis = "number alone, no proof" if is_number else _basis(spellings)
    count = sum(len(rows) for _, rows in sides)
    return SharedPatient(tuple(spellings), tuple(sorted(names)), count, basis, not is_number)


def _spellings(records: Records, rows: Sequence[int]) -> tuple[str, ...]:
    return tuple(sorted(set(records.patients[np.array(rows)].tolist())))


def _basis(spellings: Sequence[str]) -> str:
    if len(spellings) == 1:
        return "same id"
    is_same_id = len({spelling_key(spelling) for spelling in spellings}) == 1
    return "id spelled differently" if is_same_id else "NIH image name"


def parts_of(records: Records, column: str) -> NDArray[np.object_]:
    """Return the value of a part column for each image, ``(N,)`` str; empty where there is none."""
    if column not in records.frame:
        return np.full(len(records), "", dtype=object)
    values: NDArray[np.object_] = records.frame[column].to_numpy(dtype=object)
    return values


def part_names(records: Records, collection: str) -> list[str]:
    """Return what to call the part of each image, such as ``fold 2`` or the collection's name."""
    columns = {name: parts_of(records, name) for name in PART_COLUMNS}
    named = []
    for row in range(len(records)):
        parts = [f"{name} {values[row]}" for name, values in columns.items() if values[row]]
        named.append(", ".join(parts) or collection)
    return named


def crossing(records: Records, pairs: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Return for each pair of rows ``(P, 2)`` whether the two are in different parts, ``(P,)``.

    An image without a fold is in no fold: it does not count as in another part.
    """
    crosses = np.zeros(len(pairs), dtype=bool)
    for name in PART_COLUMNS:
        first, second = parts_of(records, name)[pairs].T
        crosses |= (first != second) & (first != "") & (second != "")
    return crosses
