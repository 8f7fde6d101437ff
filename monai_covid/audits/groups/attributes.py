"""Which group each image belongs to: by source, view, sex, age and class.

Hits and patients of each class in each group, and which of them can be compared.

Class and hospital are entangled in public collections, so raw accuracy by source shows the class
mix. What is compared is therefore the *class-standardised accuracy*: the mean of the sensitivities
of the classes that a group and all other images share (direct standardisation with equal weights).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from monai_covid.data.records import Records
from monai_covid.data.tables import numbered
from monai_covid.errors import InputError, Problem
from monai_covid.evaluation.outcomes import BoolArray, FloatArray, IntArray, SingleLabelOutcomes
from monai_covid.evaluation.ranked import divide
from monai_covid.labels import display_name

NOT_GIVEN = "not given"
SAYS_NOTHING = ("", "na", "n/a", "nan", "none", "null", "unknown", "unk", "?", "-")
SEXES = {"m": "M", "male": "M", "f": "F", "female": "F", "u": NOT_GIVEN}

AGE = re.compile(r"(\d{1,4})(?:\.\d+)?\s*([ymwd]?)", re.IGNORECASE)
UNITS_PER_YEAR = {"": 1.0, "y": 1.0, "m": 12.0, "w": 52.18, "d": 365.25}
AGE_GROUPS = {"0-17": 18, "18-39": 40, "40-59": 60, "60-79": 80, "80+": 121}
"""Name of each age group, and the age in years at which the next one begins.

Beyond 120 years an age counts as not given: public collections have entry errors such as 414.
"""

CLASS = "class"


@dataclass(frozen=True)
class Attribute:
    """One way of dividing the images into groups.

    Attributes:
        name: ``source``, ``view``, ``sex``, ``age`` or ``class``.
        groups: The G groups that occur, NOT_GIVEN last.
        codes: Group of each image, ``(N,)`` in [0, G).
    """

    name: str
    groups: tuple[str, ...]
    codes: IntArray


def attributes_of(records: Records) -> tuple[Attribute, ...]:
    """Return the attributes that the collection gives for any of its images, and the class.

    Raises:
        InputError: If an age cannot be read; names all of them with their rows.
    """
    readers: Mapping[str, Callable[[Records], list[str]]] = {
        "source": lambda some: _plain(some.frame["source"]),
        "view": lambda some: _plain(some.frame["view"]),
        "sex": lambda some: _sexes(some.frame["sex"]),
        "age": _age_groups,
    }
    found = []
    for name, reader in readers.items():
        if name in records.frame:
            order = tuple(AGE_GROUPS) if name == "age" else ()
            found.append(_attribute(name, reader(records), order))
    known = [attribute for attribute in found if attribute.groups != (NOT_GIVEN,)]
    names = [display_name(label) for label in records.labels]
    return (*known, _attribute(CLASS, [names[c] for c in records.classes], names))


def age_group(text: str) -> str | None:
    """Return the group of an age such as ``58``, ``58.0``, ``058Y`` or ``006M``.

    The unit is that of the DICOM age string (PS3.5, section 6.2, AS); none means years.

    Returns:
        The group, NOT_GIVEN where the age is missing or beyond 120, None where it is no age.
    """
    if _says_nothing(text):
        return NOT_GIVEN
    match = AGE.fullmatch(text.strip())
    if match is None:
        return None
    years = int(match[1]) / UNITS_PER_YEAR[match[2].lower()]
    return next((name for name, end in AGE_GROUPS.items() if years < end), NOT_GIVEN)


def _age_groups(records: Records) -> list[str]:
    ages = records.frame["age"]
    groups = [age_group(text) for text in ages]
    wrong = ages[[group is None for group in groups]]
    if len(wrong):
        right = "is no age; right are years such as 58, a DICOM age such as 058Y, or nothing"
        raise InputError(
            [Problem(records.file, line, f"age {text!r} {right}") for line, text in numbered(wrong)]
        )
    return [group or NOT_GIVEN for group in groups]


def _sexes(column: pd.Series[str]) -> list[str]:
    return [SEXES.get(text.lower(), text) for text in _plain(column)]


def _plain(column: pd.Series[str]) -> list[str]:
    return [NOT_GIVEN if _says_nothing(text) else text.strip() for text in column]


def _says_nothing(text: str) -> bool:
    return text.strip().lower() in SAYS_NOTHING


def _attribute(name: str, values: Sequence[str], order: Sequence[str] = ()) -> Attribute:
    """Return the attribute with its groups in ``order`` or by name, and NOT_GIVEN last."""
    occurring = set(values)
    first = [group for group in (order or sorted(occurring)) if group in occurring]
    groups = [group for group in first if group != NOT_GIVEN]
    groups += [NOT_GIVEN] if NOT_GIVEN in occurring else []
    index = {group: position for position, group in enumerate(groups)}
    return Attribute(name, tuple(groups), np.array([index[value] for value in values], np.int64))


LEAST_PATIENTS = 10
"""Patients of a class below which a group is too small for its sensitivity to be compared.

Of 10 patients of whom half are called rightly, the exact 95 % interval of the sensitivity is 19 %
to 81 % (Clopper-Pearson); with fewer than 10 on both sides no difference below 55 points can ever
be significant at 5 % (Fisher's exact test).
"""


def patients_of_cells(
    patients: Sequence[str], true: IntArray, attribute: Attribute, count: int
) -> tuple[IntArray, IntArray]:
    """Count the patients of each class in each group, and outside of it.

    Args:
        patients: Patient of each of the N images.
        true: Class of each image, ``(N,)``.
        attribute: G groups.
        count: C classes.

    Returns:
        Patients within and outside of each group, both ``(G, C)``.
    """
    _, codes = np.unique(np.asarray(patients, dtype=str), return_inverse=True)
    shape = (codes.max() + 1, len(attribute.groups), count)
    images = np.zeros(shape, dtype=np.int64)
    np.add.at(images, (codes, attribute.codes, true), 1)
    outside = images.sum(axis=1, keepdims=True) - images
    return (images > 0).sum(axis=0), (outside > 0).sum(axis=0)


def comparable(inside: IntArray, outside: IntArray) -> BoolArray:
    """Return for which groups and classes ``(G, C)`` both sides have enough patients."""
    return (inside >= LEAST_PATIENTS) & (outside >= LEAST_PATIENTS)


def standardised(
    outcomes: SingleLabelOutcomes, attribute: Attribute, compared: BoolArray, weights: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the class-standardised accuracy of each group and of all images outside of it.

    Args:
        outcomes: N images.
        attribute: Their groups.
        compared: Which classes enter for which group, ``(G, C)``.
        weights: ``(R, N)``, how often each image counts.

    Returns:
        Group and others, each ``(R, G)``; NaN where no class is compared.
    """
    right = outcomes.predicted == outcomes.true
    groups, count = len(attribute.groups), len(outcomes.class_names)
    cells = np.eye(groups * count)[attribute.codes * count + outcomes.true]
    shape = (len(weights), groups, count)
    images = (weights @ cells).reshape(shape)
    hits = (weights @ (cells * right[:, None])).reshape(shape)
    others = images.sum(axis=1, keepdims=True) - images
    missed = hits.sum(axis=1, keepdims=True) - hits
    return _mean(divide(hits, images), compared), _mean(divide(missed, others), compared)


def _mean(sensitivities: FloatArray, compared: BoolArray) -> FloatArray:
    summed = np.where(compared, sensitivities, 0.0).sum(axis=2)
    return divide(summed, compared.sum(axis=1).astype(np.float64)[None])
