"""Images that readers have read, with the predictions of a model, as arrays; and their strata."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from monai_covid.evaluation.columns import IMAGE, LABEL, PATIENT, probability_column
from monai_covid.evaluation.outcomes import BoolArray, FloatArray
from monai_covid.evaluation.ranked import divide

NORMAL = "normal"

StringArray: TypeAlias = NDArray[np.str_]


class ReadingArrays(NamedTuple):
    """Images that were read.

    Attributes:
        label: The class whose finding readers looked for.
        given: Label of each image in the collection, ``(N,)``.
        patients: ``(N,)``.
        views: ``(N,)``, empty where it is not known; None if none is.
        seen: Whether readers saw the finding, ``(N,)``.
        scores: The model's probability of the class, ``(N,)``.
        against: The same against normal, see ``against_normal``.
    """

    label: str
    given: StringArray
    patients: StringArray
    views: StringArray | None
    seen: BoolArray
    scores: FloatArray
    against: FloatArray

    def strata(self) -> dict[str, BoolArray]:
        """Return the images of each label and view, or label alone; masks ``(N,)`` by name."""
        if self.views is None:
            return groups(self.given)
        pairs = zip(self.given, self.views, strict=True)
        names = np.array([f"{label}, {view}" if view else "" for label, view in pairs])
        return {name: part for name, part in groups(names).items() if name}

    def sides(self, strata: Mapping[str, BoolArray]) -> tuple[set[str], set[str]]:
        """Return the patients with the finding seen, and not, in strata that have both."""
        sides: tuple[set[str], set[str]] = (set(), set())
        for part in strata.values():
            if 0 < self.seen[part].sum() < part.sum():
                for side, mask in zip(sides, (self.seen, ~self.seen), strict=True):
                    side.update(map(str, self.patients[part & mask]))
        return sides


def groups(names: StringArray) -> dict[str, BoolArray]:
    """Return a mask ``(N,)`` for each of the names that occur."""
    return {str(name): np.asarray(names == name) for name in np.unique(names)}


def reading_arrays(
    table: pd.DataFrame, readings: pd.Series[float], label: str, views: pd.Series[str] | None
) -> ReadingArrays:
    """Return the rows of a predictions table as arrays.

    Args:
        table: All of whose images were read.
        readings: 1 or 0 by image.
        label: The class whose finding readers looked for.
        views: View of each image, by image.
    """
    images = table[IMAGE].tolist()
    view_of = None if views is None else views.loc[images].to_numpy(str)
    return ReadingArrays(
        label,
        table[LABEL].to_numpy(str),
        table[PATIENT].to_numpy(str),
        None if view_of is None or not any(view_of) else view_of,
        np.asarray(readings.loc[images].to_numpy() > 0),
        table[probability_column(label)].to_numpy(np.float64),
        against_normal(table, label),
    )


def against_normal(table: pd.DataFrame, label: str) -> FloatArray:
    """Return the probability of a class against that of normal, ``(N,)`` in [0, 1].

    Args:
        table: Predictions table.
        label: The class; its plain probabilities are returned where no class is normal.
    """
    scores = table[probability_column(label)].to_numpy(np.float64)
    column = probability_column(NORMAL)
    if label == NORMAL or column not in table:
        return scores
    both = scores + table[column].to_numpy(np.float64)
    return np.nan_to_num(divide(scores, both))
