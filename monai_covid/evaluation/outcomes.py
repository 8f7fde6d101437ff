"""A predictions table as arrays: true classes, probabilities, predicted classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from monai_covid.evaluation.columns import (
    LABEL,
    PREDICTION,
    is_multi_label,
    probability_column,
    target_column,
)

FloatArray: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.int64]
BoolArray: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True)
class SingleLabelOutcomes:
    """One true class and one predicted class per image.

    Attributes:
        true: Index of the true class, ``(N,)``.
        predicted: Index of the predicted class, ``(N,)``.
        probabilities: ``(N, C)`` in [0, 1], each row sums to 1.
        class_names: The C classes.
    """

    true: IntArray
    predicted: IntArray
    probabilities: FloatArray
    class_names: tuple[str, ...]

    @property
    def support(self) -> IntArray:
        """Number of images of each class, ``(C,)``."""
        return np.bincount(self.true, minlength=len(self.class_names)).astype(np.int64)

    @property
    def positives(self) -> BoolArray:
        """Whether an image is of a class, ``(N, C)``."""
        return np.asarray(self.true[:, None] == np.arange(len(self.class_names)))


@dataclass(frozen=True)
class MultiLabelOutcomes:
    """Any number of labels per image.

    Attributes:
        positives: Whether an image has a label, ``(N, L)``.
        probabilities: ``(N, L)`` in [0, 1].
        class_names: The L labels.
    """

    positives: BoolArray
    probabilities: FloatArray
    class_names: tuple[str, ...]

    @property
    def support(self) -> IntArray:
        """Number of images with each label, ``(L,)``."""
        return np.asarray(self.positives.sum(axis=0), dtype=np.int64)


Outcomes: TypeAlias = SingleLabelOutcomes | MultiLabelOutcomes


def outcomes_of(table: pd.DataFrame, class_names: Sequence[str]) -> Outcomes:
    """Turn a checked predictions table into arrays.

    Args:
        table: Predictions table that passed ``check_predictions``.
        class_names: Classes, in the order of the result's columns.

    Returns:
        Arrays in the order of the table's rows. Probabilities of single-label rows are scaled to
        sum to exactly 1, since files may carry rounded ones.
    """
    names = tuple(class_names)
    probabilities = table[[probability_column(name) for name in names]].to_numpy(np.float64)
    if is_multi_label(table):
        targets = table[[target_column(name) for name in names]].to_numpy(np.float64)
        return MultiLabelOutcomes(targets > 0, probabilities, names)
    index = {name: position for position, name in enumerate(names)}
    true = np.array([index[name] for name in table[LABEL]], dtype=np.int64)
    predicted = np.array([index[name] for name in table[PREDICTION]], dtype=np.int64)
    return SingleLabelOutcomes(
        true, predicted, probabilities / probabilities.sum(axis=1, keepdims=True), names
    )
