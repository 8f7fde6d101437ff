"""Hits and patients of each class in each group, and which of them can be compared.

Class and hospital are entangled in public collections, so raw accuracy by source shows the class
mix. What is compared is therefore the *class-standardised accuracy*: the mean of the sensitivities
of the classes that a group and all other images share (direct standardisation with equal weights).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from monai_covid.audits.groups.attributes import Attribute
from monai_covid.evaluation.outcomes import BoolArray, FloatArray, IntArray, SingleLabelOutcomes
from monai_covid.evaluation.ranked import divide

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
