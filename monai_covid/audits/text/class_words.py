"""Words that stand mostly on the images of one class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import fisher_exact

LEVEL = 0.05
LEAST_PATIENTS = 3
"""Patients with a word below which no test could show anything."""


@dataclass(frozen=True)
class ClassWord:
    """A word and the class on whose images it stands most often.

    Attributes:
        word: Capital letters and digits.
        label: Index of the class.
        patients_with: Patients of the class whose images show the word.
        patients: Patients of the class.
        others_with: The same for all other classes together.
        others: Patients of all other classes.
        p_value: One-sided exact test of Fisher, after Holm's correction for all words and classes.
    """

    word: str
    label: int
    patients_with: int
    patients: int
    others_with: int
    others: int
    p_value: float

    @property
    def is_bound(self) -> bool:
        """Whether it occurs in its class more often than by chance."""
        return self.p_value < LEVEL


def class_words(
    words: Sequence[frozenset[str]],
    labels: NDArray[np.intp],
    patients: Sequence[str],
    classes: int,
) -> list[ClassWord]:
    """Return each word with the class it is bound to most, the most bound first.

    Patients are counted, not images, because images of one patient come from one place. A patient
    with images of several classes counts in each.

    Args:
        words: What is written on each of N images.
        labels: Index of the class of each, ``(N,)``.
        patients: Patient of each.
        classes: Number of classes.
    """
    rows: dict[tuple[str, int], set[str]] = {}
    for found, label, patient in zip(words, labels.tolist(), patients, strict=True):
        rows.setdefault((patient, label), set()).update(found)
    known = sorted(set().union(*rows.values())) if rows else []
    totals = np.bincount([label for _, label in rows], minlength=classes)
    tested: list[ClassWord] = []
    for word in known:
        having = [label for (_, label), found in rows.items() if word in found]
        if len(having) < LEAST_PATIENTS:
            continue
        counts = np.bincount(having, minlength=classes)
        tested += [_tested(word, label, counts, totals) for label in range(classes)]
    corrected = holm([one.p_value for one in tested])
    best: dict[str, tuple[float, ClassWord]] = {}
    for one, p_value in zip(tested, corrected, strict=True):
        # By the p-value before the correction, which makes many of them 1.
        if one.word not in best or one.p_value < best[one.word][0]:
            best[one.word] = (one.p_value, replace(one, p_value=p_value))
    chosen = sorted(best.values(), key=lambda pair: (pair[0], pair[1].word))
    return [one for _, one in chosen]


def holm(p_values: ArrayLike) -> list[float]:
    """Return p-values corrected for their number (Holm, Scand. J. Statist. 6:65-70, 1979)."""
    raw = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(raw, kind="stable")
    scaled = raw[order] * np.arange(len(raw), 0, -1)
    corrected = np.empty_like(raw)
    corrected[order] = np.minimum(1.0, np.maximum.accumulate(scaled))
    values: list[float] = corrected.tolist()
    return values


def _tested(word: str, label: int, counts: NDArray[np.intp], totals: NDArray[np.intp]) -> ClassWord:
    here, there = int(counts[label]), int(counts.sum() - counts[label])
    size, rest = int(totals[label]), int(totals.sum() - totals[label])
    table = [[here, size - here], [there, rest - there]]
    p_value = float(fisher_exact(table, alternative="greater").pvalue)
    return ClassWord(word, label, here, size, there, rest, p_value)
