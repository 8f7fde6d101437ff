"""Groups of images by source, view, sex, age and class, and their class-standardised accuracy.

Class and hospital are confounded in public collections, so raw accuracy by source shows the class
mix. Groups are therefore compared by *class-standardised accuracy*: the mean of the sensitivities
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

MISSING = ("", "na", "n/a", "nan", "none", "null", "unknown", "unk", "?", "-")

SEXES = {"m": "M", "male": "M", "f": "F", "female": "F", "u": NOT_GIVEN}

AGE = re.compile(r"(\d{1,4})(?:\.\d+)?\s*([ymwd]?)", re.IGNORECASE)

UNITS_PER_YEAR = {"": 1.0, "y": 1.0, "m": 12.0, "w": 52.18, "d": 365.25}

AGE_GROUPS = {"0-17": 18, "18-39": 40, "40-59": 60, "60-79": 80, "80+": 121}
"""Name of each age group, and the age in years at which the next one begins.

Beyond 120 years an age counts as not given: public collections have entry errors such as 414.
"""

CLASS = "class"

LEAST_PATIENTS = 10
"""Patients of a class below which a group is too small for its sensitivity to be compared.

Of 10 patients of whom half are classified correctly, the exact 95 % interval of the sensitivity is
19 % to 81 % (Clopper-Pearson); with fewer than 10 on both sides no difference below 55 points can
ever be significant at 5 % (Fisher's exact test).
"""


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
        "source": lambda images: _texts(images.frame["source"]),
        "view": lambda images: _texts(images.frame["view"]),
        "sex": lambda images: _sexes(images.frame["sex"]),
        "age": _age_groups,
    }
    attributes = []
    for name, reader in readers.items():
        if name in records.frame:
            order = tuple(AGE_GROUPS) if name == "age" else ()
            attributes.append(_attribute(name, reader(records), order))
    given = [attribute for attribute in attributes if attribute.groups != (NOT_GIVEN,)]
    names = [display_name(label) for label in records.labels]
    return (*given, _attribute(CLASS, [names[c] for c in records.classes], names))


def age_group(text: str) -> str | None:
    """Return the group of an age such as ``58``, ``58.0``, ``058Y`` or ``006M``.

    The unit is that of the DICOM age string (PS3.5, section 6.2, AS); none means years.

    Returns:
        The group, NOT_GIVEN where the age is missing or beyond 120, None where it is no age.
    """
    if _is_missing(text):
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
        right = "is no age; give years such as 58, a DICOM age such as 058Y, or nothing"
        raise InputError(
            [Problem(records.file, line, f"age {text!r} {right}") for line, text in numbered(wrong)]
        )
    return [group or NOT_GIVEN for group in groups]


def _sexes(column: pd.Series[str]) -> list[str]:
    return [SEXES.get(text.lower(), text) for text in _texts(column)]


def _texts(column: pd.Series[str]) -> list[str]:
    return [NOT_GIVEN if _is_missing(text) else text.strip() for text in column]


def _is_missing(text: str) -> bool:
    return text.strip().lower() in MISSING


def _attribute(name: str, values: Sequence[str], order: Sequence[str] = ()) -> Attribute:
    """Return the attribute with its groups in ``order`` or by name, and NOT_GIVEN last."""
    occurring = set(values)
    ordered = [group for group in (order or sorted(occurring)) if group in occurring]
    groups = [group for group in ordered if group != NOT_GIVEN]
    groups += [NOT_GIVEN] if NOT_GIVEN in occurring else []
    index = {group: position for position, group in enumerate(groups)}
    return Attribute(name, tuple(groups), np.array([index[value] for value in values], np.int64))


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
    correct = outcomes.predicted == outcomes.true
    groups, count = len(attribute.groups), len(outcomes.class_names)
    cells = np.eye(groups * count)[attribute.codes * count + outcomes.true]
    shape = (len(weights), groups, count)
    images = (weights @ cells).reshape(shape)
    hits = (weights @ (cells * correct[:, None])).reshape(shape)
    images_of_others = images.sum(axis=1, keepdims=True) - images
    hits_of_others = hits.sum(axis=1, keepdims=True) - hits
    own, others = divide(hits, images), divide(hits_of_others, images_of_others)
    return _mean(own, compared), _mean(others, compared)


def _mean(sensitivities: FloatArray, compared: BoolArray) -> FloatArray:
    summed = np.where(compared, sensitivities, 0.0).sum(axis=2)
    return divide(summed, compared.sum(axis=1).astype(np.float64)[None])
