"""Stratified folds of whole patients, as scikit-learn makes them, for large collections too.

``sklearn.model_selection.StratifiedGroupKFold`` (1.9) takes a minute for 100,000 patients. This is
the same greedy choice, number by number: only the classes that a patient has are computed anew.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import reduce
from operator import add

import numpy as np
from numpy.typing import NDArray

RELATIVE, ABSOLUTE = 1e-5, 1e-8
"""Tolerances of ``numpy.isclose``, by which scikit-learn tells ties."""

Sum = Callable[[Sequence[float]], float]


def balanced_folds(
    patients: NDArray[np.object_], classes: NDArray[np.intp], folds: int, seed: int
) -> NDArray[np.intp]:
    """Divide patients into folds of similar class frequencies and size.

    Patients come in random order, those with the most uneven classes first. Each goes to the fold
    that leaves the shares of the classes most even over the folds; of equal ones, to the smallest.

    Args:
        patients: Patient of each image, ``(N,)`` str.
        classes: Class of each image, ``(N,)``.
        folds: Number of folds, at least 2.
        seed: Any whole number from 0.

    Returns:
        Fold of each image, ``(N,)``, from 0.

    Raises:
        ValueError: There are fewer patients than folds, or images of every class.
    """
    counts, patient_of = _images_of_patients(patients, classes)
    if len(counts) < folds or counts.sum(axis=0).max() < folds:
        raise ValueError(f"{folds} folds need {folds} patients, and as many images of some class")
    order = np.arange(len(counts))
    np.random.RandomState(seed).shuffle(order)
    order = order[np.argsort(-np.std(counts[order], axis=1), kind="stable")]
    fold_of = np.empty(len(counts), dtype=np.intp)
    filling = _Filling(counts.sum(axis=0).tolist(), folds)
    for patient, images in zip(order.tolist(), counts[order].tolist(), strict=True):
        fold_of[patient] = filling.place(images)
    return fold_of[patient_of]


def _images_of_patients(
    patients: NDArray[np.object_], classes: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return images by patient and class, (P, C), and the patient of each image, (N,)."""
    names, patient_of = np.unique(patients, return_inverse=True)
    present, class_of = np.unique(classes, return_inverse=True)
    cells = np.bincount(patient_of * len(present) + class_of, minlength=len(names) * len(present))
    return cells.reshape(len(names), len(present)).astype(float), patient_of


class _Filling:
    """Folds that are being filled.

    Args:
        totals: Images of each class, ``C``.
        folds: Number of folds.
    """

    def __init__(self, totals: Sequence[float], folds: int) -> None:
        self.totals = totals
        self.images = [[0.0] * folds for _ in totals]
        self.sizes = [0.0] * folds
        # Column: class; row: the fold that the patient would be in.
        self.spreads = np.zeros((folds, len(totals)))
        self.sum = _in_order if len(totals) > 1 else _pairwise

    def place(self, patient: Sequence[float]) -> int:
        """Add a patient, given by images of each class, and return the fold."""
        added = [(label, images) for label, images in enumerate(patient) if images]
        for label, images in added:
            self.spreads[:, label] = self._spreads_with(label, images)
        unevenness = np.add.reduce(self.spreads, axis=1) / len(self.totals)
        fold = _least(unevenness.tolist(), self.sizes)
        for label, images in added:
            self.spreads[:, label] = self.spreads[fold, label]
            self.images[label][fold] += images
            self.sizes[fold] += images
        return fold

    def _spreads_with(self, label: int, images: float) -> list[float]:
        """Return the standard deviation of a class's shares with the patient in each fold."""
        held, total = self.images[label], self.totals[label]
        shares = [count / total for count in held]
        spreads = []
        for fold, count in enumerate(held):
            before = shares[fold]
            shares[fold] = (count + images) / total
            spreads.append(_deviation(shares, self.sum))
            shares[fold] = before
        return spreads


def _least(unevenness: Sequence[float], sizes: Sequence[float]) -> int:
    best, least, size = 0, math.inf, math.inf
    for fold, value in enumerate(unevenness):
        tie = abs(value - least) <= ABSOLUTE + RELATIVE * abs(least)
        if value < least or (tie and sizes[fold] < size):
            best, least, size = fold, value, sizes[fold]
    return best


def _deviation(values: Sequence[float], total: Sum) -> float:
    mean = total(values) / len(values)
    squares = [(value - mean) * (value - mean) for value in values]
    return math.sqrt(total(squares) / len(values))


def _in_order(values: Sequence[float]) -> float:
    """Add as NumPy does along the first axis; ``sum`` rounds otherwise from Python 3.12."""
    return reduce(add, values)


def _pairwise(values: Sequence[float]) -> float:
    """Add as NumPy does where there is one column."""
    return float(np.add.reduce(np.asarray(values)))
