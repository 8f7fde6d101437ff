from itertools import combinations, product

import numpy as np
import pytest
from scipy import stats

from monai_covid.audits.groups.permutation import (
    blocks_of,
    differences,
    permutation_test,
    shuffled_groups,
)
from tests.audits.groups.invented import attribute, outcomes

RESAMPLES = 20_000


def outcome(true, right, groups, patients=None, compared=None, resamples=RESAMPLES):
    patients = patients or [str(index) for index in range(len(true))]
    groups = attribute(groups)
    present = np.isin(range(3), true)
    compared = np.tile(present, (len(groups.groups), 1)) if compared is None else compared
    blocks = blocks_of(outcomes(true, right), patients, groups)
    return permutation_test(blocks, compared, resamples, seed=1)


def close(p_value):
    """Five Monte Carlo standard errors around ``p_value``."""
    return pytest.approx(p_value, abs=5 * np.sqrt(p_value * (1 - p_value) / RESAMPLES) + 1e-4)


@pytest.mark.parametrize("hits", [(9, 4), (10, 3), (6, 6), (12, 2)])
def test_two_equal_groups_agree_with_fisher(hits):
    right = [index < count for count in hits for index in range(12)]
    found = outcome([0] * 24, right, [0] * 12 + [1] * 12)
    exact = stats.fisher_exact([[hits[0], 12 - hits[0]], [hits[1], 12 - hits[1]]]).pvalue
    assert found.p_value == close(exact)


def test_unequal_groups_agree_with_scipy():
    first, second = np.array([1, 1, 1, 0, 1, 1]), np.array([0, 1, 0, 0, 1, 0, 0, 1, 0])
    exact = stats.permutation_test(
        (first, second), lambda a, b: abs(a.mean() - b.mean()), alternative="greater"
    )
    found = outcome([0] * 15, [*first, *second], [0] * 6 + [1] * 9)
    assert found.p_value == close(exact.pvalue)
    np.testing.assert_allclose(found.differences[:, 0], [5 / 6 - 3 / 9, 3 / 9 - 5 / 6])


def test_images_of_patients_in_both_groups_agree_with_scipys_paired_test():
    first = np.array([1, 1, 1, 0, 1, 1, 1, 1])
    second = np.array([0, 1, 0, 0, 0, 1, 0, 1])
    exact = stats.permutation_test(
        (first, second),
        lambda a, b: abs(a.mean() - b.mean()),
        permutation_type="samples",
        alternative="greater",
    )
    patients = [f"p{index}" for index in range(8)] * 2
    found = outcome([0] * 16, [*first, *second], [0] * 8 + [1] * 8, patients)
    assert found.p_value == close(exact.pvalue)


def slow_statistic(true, right, groups, count):
    """The largest |d / se| of the docstring for one image per patient, loop by loop."""
    largest = 0.0
    for group in range(count):
        gaps, squares = [], []
        for label in np.unique(true):
            hits = right[true == label]
            within = groups[true == label] == group
            gap = hits[within].mean() - hits[~within].mean()
            square = hits.var() * (1 / within.sum() + 1 / (~within).sum())
            gaps.append(gap)
            squares.append(square)
            largest = max(largest, abs(gap) / np.sqrt(square))
        se = np.sqrt(sum(squares)) / len(gaps)
        largest = max(largest, abs(np.mean(gaps)) / se)
    return largest


def test_two_classes_agree_with_full_enumeration():
    true = np.array([0] * 6 + [1] * 6)
    right = np.array([1, 1, 0, 0, 0, 1, 1, 1, 1, 1, 0, 0], dtype=float)
    groups = np.array([0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 1, 1])
    observed = slow_statistic(true, right, groups, 2)
    statistics = []
    for some, more in product(combinations(range(6), 3), combinations(range(6, 12), 4)):
        labels = np.ones(12, dtype=int)
        labels[[*some, *more]] = 0
        statistics.append(slow_statistic(true, right, labels, 2))
    exact = np.mean(np.array(statistics) >= observed - 1e-9)
    assert 0.01 < exact < 0.5
    assert outcome(true, right, groups).p_value == close(exact)


def test_statistic_agrees_with_a_slow_one_for_three_groups():
    generator = np.random.default_rng(3)
    true, groups = generator.integers(2, size=90), generator.integers(3, size=90)
    right = (generator.random(90) < 0.6).astype(float)
    blocks = blocks_of(outcomes(true, right), [str(n) for n in range(90)], attribute(groups))
    compared = np.tile([True, True, False], (3, 1))
    found = differences(blocks, blocks.groups[None], compared)
    assert found.standardised.max() == pytest.approx(slow_statistic(true, right, groups, 3))


def test_patients_stay_whole_and_keep_their_classes():
    # Patient a has both classes, b and c one; d is in both groups.
    true = [0, 1, 0, 0, 1, 0, 0]
    patients = list("aabbcdd")
    blocks = blocks_of(outcomes(true, [1] * 7), patients, attribute([0, 0, 1, 1, 0, 0, 1]))
    shape = sorted(map(tuple, np.column_stack([blocks.strata, blocks.images]).astype(int).tolist()))
    images = sorted(row[1:] for row in shape)
    assert images == [(0, 1, 0), (1, 0, 0), (1, 0, 0), (1, 1, 0), (2, 0, 0)]
    assert len(set(blocks.strata.tolist())) == 4, "only the two images of d are exchangeable"
    for labels in np.concatenate(list(shuffled_groups(blocks, 50, seed=0))):
        for stratum in set(blocks.strata.tolist()):
            within = blocks.strata == stratum
            assert sorted(labels[within]) == sorted(blocks.groups[within])


def test_repeated_images_of_a_patient_add_no_certainty():
    right = [True] * 8 + [False] * 4 + [True] * 4 + [False] * 8
    once = outcome([0] * 24, right, [0] * 12 + [1] * 12, resamples=5000)
    patients = [str(index) for index in range(24) for _ in range(7)]
    many = outcome([0] * 168, np.repeat(right, 7), np.repeat([0, 1], 84), patients, resamples=5000)
    assert many.p_value == once.p_value
    np.testing.assert_allclose(many.noticeable, once.noticeable)


def test_a_classifier_without_errors_has_no_differences():
    found = outcome([0] * 40, [1] * 40, [0, 1] * 20, resamples=100)
    assert found.p_value == 1.0
    assert found.noticeable[0, 0] == 0.0


def test_a_difference_as_large_as_the_noticeable_one_is_significant():
    generator = np.random.default_rng(0)
    right = generator.random(200) < 0.7
    groups = np.array([0] * 100 + [1] * 100)
    fair = outcome([0] * 200, right, groups, resamples=2000)
    wrong = np.flatnonzero(right[:100])
    least = int(np.ceil(100 * (fair.noticeable[0, 0] + right[:100].mean() - right[100:].mean())))
    changed = right.copy()
    changed[wrong[: least + 3]] = False
    assert outcome([0] * 200, changed, groups, resamples=2000).p_value <= 0.05


def test_standard_errors_count_patients_not_images():
    generator = np.random.default_rng(6)
    right, groups = generator.random(60) < 0.7, np.arange(60) % 2
    compared = np.array([[True, False, False]] * 2)
    errors = []
    for repeats in (1, 5):
        patients = [str(index) for index in range(60) for _ in range(repeats)]
        many = outcomes([0] * 60 * repeats, np.repeat(right, repeats))
        blocks = blocks_of(many, patients, attribute(np.repeat(groups, repeats)))
        errors.append(differences(blocks, blocks.groups[None], compared).errors[0, 0, 0])
    expected = np.sqrt(right.mean() * (1 - right.mean()) * (1 / 30 + 1 / 30))
    assert errors == pytest.approx([expected, expected])
