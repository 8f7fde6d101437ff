"""How alike different patients are: limits in closed form, planted copies, chance."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy.stats import median_abs_deviation, norm

from monai_covid.audits.leaks.background import (
    DEVIATIONS,
    FEWEST,
    USUAL_SPREAD,
    Background,
    background_of,
)
from monai_covid.audits.leaks.image_set import thumbnail
from monai_covid.audits.leaks.similarity import THRESHOLD, similarity


def test_limit_is_that_of_the_robust_deviation():
    similarities = np.random.default_rng(0).uniform(0.4, 0.8, size=10)
    z = np.log((1 + similarities) / (1 - similarities)) / 2
    seen = median_abs_deviation(z, scale="normal")
    # Ten pairs count as much as what is usual.
    least = np.median(z) + DEVIATIONS * np.sqrt((seen**2 + USUAL_SPREAD**2) / 2)

    background = Background(tuple(similarities))

    assert background.limit == pytest.approx(np.tanh(least), abs=1e-4)
    assert background.score(background.limit) == pytest.approx(THRESHOLD)
    assert background.score(0.5) < 0.5


def test_more_is_asked_where_more_pairs_could_be_alike_by_chance():
    """Every pair of a large collection is normal on Fisher's scale: none is taken for a copy."""
    z = np.random.default_rng(3).normal(0.5, USUAL_SPREAD, 300 * 299 // 2)
    similarities = tuple(np.tanh(z))
    few, all_of_them = (Background(similarities[:200], pairs) for pairs in (1, len(z)))

    assert few.deviations == DEVIATIONS
    assert all_of_them.deviations == pytest.approx(norm.isf(0.05 / len(z)))
    assert max(similarities) >= few.limit
    assert max(similarities) < all_of_them.limit


@pytest.mark.parametrize("similarities", [(0.9,) * (FEWEST - 1), (0.0, 0.1, 0.05, 0.2, 0.1) * 40])
def test_scores_are_similarities_where_different_patients_are_dissimilar(similarities):
    background = Background(similarities)

    assert background.limit == THRESHOLD
    assert [background.score(one) for one in (-1.0, 0.3, 1.0)] == [-1.0, 0.3, 1.0]


def test_scores_keep_their_order_and_their_range():
    background = Background((0.6, 0.7, 0.8, 0.65, 0.7, 0.75))

    scores = [background.score(one) for one in np.linspace(-1, 1, 21)]

    assert scores == sorted(scores)
    assert scores[10] == 0
    assert scores[-1] == pytest.approx(1, abs=0.01)


def test_all_pairs_of_a_small_collection_are_compared(phantoms):
    small = np.stack([thumbnail(one) for one in phantoms[:4]])
    patients = ["p1", "p2", "p2", "p3"]

    found = background_of(small, small, (patients, patients), seed=0, count=20)

    expected = [
        similarity(small[i], small[j])[0]
        for i, j in combinations(range(4), 2)
        if patients[i] != patients[j]
    ]
    assert sorted(found.similarities) == pytest.approx(sorted(expected))
    assert found.pairs == 6
    assert len(background_of(small, small, (patients, patients), 0, 2).similarities) == 2


def test_a_few_copies_do_not_hide_themselves(phantoms):
    small = np.stack([thumbnail(one) for one in phantoms[:5]])
    both = np.concatenate([small, small[:2]])
    names = [f"p{number}" for number in range(len(both))]

    found = background_of(both, both, (names, names), seed=0, count=200)

    assert sum(one >= found.limit for one in found.similarities) == 2
