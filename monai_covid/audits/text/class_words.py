"""Words that are associated with one class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import fisher_exact

from monai_covid.evaluation.multiple_testing import holm

LEVEL = 0.05
LEAST_PATIENTS = 3
"""Patients with a word below which no test could show anything."""


@dataclass(frozen=True)
class ClassWord:
    """A word and the class that it is most associated with.

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
    def is_associated(self) -> bool:
        """Whether it is significantly more frequent in its class."""
        return self.p_value < LEVEL


def class_words(
    words: Sequence[frozenset[str]],
    labels: NDArray[np.intp],
    patients: Sequence[str],
    classes: int,
) -> list[ClassWord]:
    """Return each word with the class that it is most associated with, most significant first.

    Patients are counted, not images, because images of one patient come from one place. A patient
    with images of several classes counts in each.

    Args:
        words: Words on each of N images.
        labels: Index of the class of each, ``(N,)``.
        patients: Patient of each.
        classes: Number of classes.
    """
    words_of: dict[tuple[str, int], set[str]] = {}
    for words_on_image, label, patient in zip(words, labels.tolist(), patients, strict=True):
        words_of.setdefault((patient, label), set()).update(words_on_image)
    totals = np.bincount([label for _, label in words_of], minlength=classes)
    tested: list[ClassWord] = []
    for word in sorted(set().union(*words_of.values())):
        with_word = [label for (_, label), its_words in words_of.items() if word in its_words]
        if len(with_word) < LEAST_PATIENTS:
            continue
        counts = np.bincount(with_word, minlength=classes)
        tested += [_tested(word, label, counts, totals) for label in range(classes)]
    corrected, _ = holm([test.p_value for test in tested])
    best: dict[str, tuple[float, ClassWord]] = {}
    for test, p_value in zip(tested, corrected, strict=True):
        # By the p-value before the correction, which makes many of them 1.
        if test.word not in best or test.p_value < best[test.word][0]:
            best[test.word] = (test.p_value, replace(test, p_value=p_value))
    ordered = sorted(best.values(), key=lambda pair: (pair[0], pair[1].word))
    return [word for _, word in ordered]


def _tested(word: str, label: int, counts: NDArray[np.intp], totals: NDArray[np.intp]) -> ClassWord:
    here, there = int(counts[label]), int(counts.sum() - counts[label])
    size, rest = int(totals[label]), int(totals.sum() - totals[label])
    table = [[here, size - here], [there, rest - there]]
    p_value = float(fisher_exact(table, alternative="greater").pvalue)
    return ClassWord(word, label, here, size, there, rest, p_value)
