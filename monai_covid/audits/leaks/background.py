"""How similar images of different patients of a collection are: what a copy must exceed.

Radiographs from one scanner and phantoms from one generator share structure without being copies.
A copy must stand out from it, as in the normalisation of scores by a cohort of impostors in speaker
verification (Auckenthaler et al., Digital Signal Processing 10, 2000).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from monai_covid.audits.leaks.similarity import THRESHOLD, similarity

FEWEST = 5
"""Pairs; the median of fewer could be that of the very copies that are looked for."""

DEVIATIONS = 4.0
"""From the median to the least score of a copy, at least. Of 100 square phantoms the two most
similar reach 3.8, copies 5.0 and more. Phantoms of many shapes scatter more: of their crops 2 in 25
are missed, of their negatives 10 in 25."""

FALSE_ALARMS = 0.05
"""Expected in a whole collection, if scores on Fisher's z scale are normal. With more pairs the
highest score rises: of 300 square phantoms the two most similar reach 4.1."""

USUAL_SPREAD, USUAL_PAIRS = 0.2, 10
"""Standard deviation among phantoms on Fisher's z scale; it counts like that of so many pairs."""

NORMAL_DEVIATION = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation."""

HIGHEST = 1 - 1e-9
"""Fisher's z of 1 is infinite."""


@dataclass(frozen=True)
class Background:
    """The scores of different patients of one collection, or of one and another.

    Attributes:
        similarities: Of pairs of different patients; see ``similarity``.
        pairs: How many pairs of images there are, of which these are a sample.
    """

    similarities: tuple[float, ...] = ()
    pairs: int = 1

    @property
    def deviations(self) -> float:
        """Robust standard deviations from the median to the limit; the more pairs, the more."""
        return max(DEVIATIONS, float(norm.isf(FALSE_ALARMS / max(1, self.pairs))))

    @cached_property
    def limit(self) -> float:
        """Least similarity of a copy here, in [0.65, 1).

        So many robust standard deviations above the median, on Fisher's z scale.
        """
        if len(self.similarities) < FEWEST:
            return THRESHOLD
        scores = _fisher(np.array(self.similarities))
        middle = np.median(scores)
        observed = NORMAL_DEVIATION * np.median(np.abs(scores - middle))
        weights = len(scores), USUAL_PAIRS
        spread = np.sqrt(np.average([observed**2, USUAL_SPREAD**2], weights=weights))
        return max(THRESHOLD, float(np.tanh(middle + self.deviations * spread)))

    def score(self, correlation: float) -> float:
        """Return a similarity as score in [-1, 1]: that of ``limit`` becomes 0.65.

        Where different patients are dissimilar this is the similarity itself; elsewhere it is less.
        """
        factor = _fisher(THRESHOLD) / _fisher(self.limit)
        return correlation if factor == 1 else float(np.tanh(_fisher(correlation) * factor))

    @property
    def scores(self) -> list[float]:
        """The scores of the different patients."""
        return [self.score(value) for value in self.similarities]


def background_of(
    first: NDArray[np.uint8],
    second: NDArray[np.uint8],
    patients: tuple[Sequence[str], Sequence[str]],
    seed: int,
    count: int,
) -> Background:
    """Compare random pairs of different patients.

    Args:
        first: Thumbnails ``(A, 96, 96)``.
        second: Thumbnails ``(B, 96, 96)``; the same object: pairs within one collection.
        patients: Of the images of both.
        seed: Seed of the choice.
        count: Pairs at most.
    """
    generator = np.random.default_rng(seed)
    # Many times too many, so that all pairs of a small collection are among them.
    drawn = np.unique(generator.integers(len(first) * len(second), size=10 * count))
    rows, columns = np.divmod(generator.permutation(drawn), len(second))
    pairs = [
        (i, j)
        for i, j in zip(rows, columns, strict=True)
        if patients[0][i] != patients[1][j] and (first is not second or i < j)
    ]
    number = len(first) * (len(first) - 1) // 2 if first is second else len(first) * len(second)
    return Background(tuple(similarity(first[i], second[j])[0] for i, j in pairs[:count]), number)


def _fisher(correlation: NDArray[np.float64] | float) -> NDArray[np.float64]:
    z: NDArray[np.float64] = np.arctanh(np.clip(correlation, -HIGHEST, HIGHEST))
    return z
