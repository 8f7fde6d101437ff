"""What is reached by chance: labels dealt anew to the patients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from monai_covid.evaluation.bootstrap import percentile_interval

IntArray = NDArray[np.int64]


class Chance(NamedTuple):
    """Balanced accuracy under labels that have nothing to do with the images.

    Attributes:
        mean: Of all permutations.
        low: 2.5th percentile.
        high: 97.5th percentile.
        p_value: Part of the permutations that do as well as the true labels, counting the true ones
            (Phipson & Smyth, Stat. Appl. Genet. Mol. Biol. 9:39, 2010).
    """

    mean: float
    low: float
    high: float
    p_value: float


def permuted(
    true: IntArray, predicted: IntArray, patients: Sequence[str], permutations: int, seed: int
) -> Chance:
    """Deal the labels anew to the patients and see how well the same decisions fit them.

    Patients are put in random order and their labels, patient after patient, are handed to the
    images in the order of patients. Class frequencies stay the same, and a patient's images still
    mostly share a label, so that several images of one patient do not count as several witnesses.

    Args:
        true: Class of each image, ``(N,)`` from 0.
        predicted: Decision for each image, ``(N,)``.
        patients: Patient of each image.
        permutations: How often, at least 1.
        seed: Of the orders.
    """
    generator = np.random.default_rng(seed)
    _, codes = np.unique(np.asarray(patients, dtype=str), return_inverse=True)
    values = np.array(
        [
            balanced_accuracy(deal_labels(true, codes, generator), predicted)
            for _ in range(permutations)
        ]
    )
    interval = percentile_interval(values)
    reached = int((values >= balanced_accuracy(true, predicted) - 1e-12).sum())
    low, high = interval.low or 0.0, interval.high or 0.0
    return Chance(float(values.mean()), low, high, (1 + reached) / (1 + permutations))


def deal_labels(
    true: IntArray, patients: NDArray[np.intp], generator: np.random.Generator
) -> IntArray:
    """Return labels dealt anew, ``(N,)``; see ``permuted``.

    Args:
        true: Class of each image, ``(N,)``.
        patients: Number of the patient of each image, ``(N,)`` from 0.
        generator: Source of the order.
    """
    place = generator.permutation(int(patients.max()) + 1)
    dealt = np.empty_like(true)
    dealt[np.argsort(patients, kind="stable")] = true[np.argsort(place[patients], kind="stable")]
    return dealt


def balanced_accuracy(true: IntArray, predicted: IntArray) -> float:
    """Return the mean, over the classes that occur, of the part that is recognised."""
    support = np.bincount(true)
    right = np.bincount(true[predicted == true], minlength=len(support))
    return float((right[support > 0] / support[support > 0]).mean())


def majority(true: IntArray, label: int | None = None) -> float:
    """Return the accuracy of always saying the commonest class, or of "rest" or "class" alone.

    Args:
        true: Class of each image, ``(N,)``.
        label: Class that is told from the rest; None: all classes apart.
    """
    parts = np.bincount(true if label is None else (true == label).astype(np.int64)) / len(true)
    return float(parts.max())
