import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.metrics import accuracy_score, balanced_accuracy_score

from monai_covid.audits.shortcuts.learning import (
    balanced_accuracy,
    majority,
    permuted,
    permuted_labels,
)


@pytest.fixture
def generator():
    return np.random.default_rng(0)


def test_labels_are_dealt_patient_after_patient(generator):
    patients = np.array([0, 2, 1, 0, 2, 2, 3])
    true = np.array([0, 2, 1, 0, 2, 1, 1])
    dealt = permuted_labels(true, patients, generator)
    order = np.random.default_rng(0).permutation(4)
    giver = [n for _, n in sorted((place, patient) for patient, place in enumerate(order))]
    row = [label for p in giver for label in true[patients == p]]
    expected = np.empty(7, dtype=int)
    taken = 0
    for patient in range(4):
        for image in np.flatnonzero(patients == patient):
            expected[image] = row[taken]
            taken += 1
    assert dealt.tolist() == expected.tolist()


def test_frequencies_stay_and_patients_of_equal_size_keep_one_label(generator):
    patients = np.repeat(np.arange(30), 3)
    true = np.repeat(generator.integers(0, 3, 30), 3)
    shuffled = generator.permutation(90)
    dealt = permuted_labels(true[shuffled], patients[shuffled], generator)
    assert np.bincount(dealt).tolist() == np.bincount(true).tolist()
    for patient in range(30):
        assert len(set(dealt[patients[shuffled] == patient])) == 1
    assert (dealt != true[shuffled]).any()


def test_balanced_accuracy_is_that_of_scikit_learn(generator):
    true, predicted = generator.integers(0, 2, 50) * 2, generator.integers(0, 3, 50)
    recalls = [(predicted[true == c] == c).mean() for c in (0, 2)]
    assert balanced_accuracy(true, predicted) == pytest.approx(np.mean(recalls))
    true = generator.integers(0, 3, 50)
    assert balanced_accuracy(true, predicted) == pytest.approx(
        balanced_accuracy_score(true, predicted)
    )


def test_perfect_decisions_have_the_smallest_p_value(generator):
    true = generator.integers(0, 3, 90)
    chance = permuted(true, true, [f"p{i // 2}" for i in range(90)], 199, seed=1)
    assert chance.p_value == 1 / 200
    assert chance.mean == pytest.approx(1 / 3, abs=0.03)
    assert chance.low < chance.mean < chance.high < 0.7


def test_decisions_without_knowledge_have_p_values_all_over(generator):
    # Over many random decisions the p-value is uniform: its mean is a half, a tenth is below 0.1.
    found = []
    for seed in range(200):
        true, said = generator.integers(0, 3, 60), generator.integers(0, 3, 60)
        found.append(permuted(true, said, [f"p{i}" for i in range(60)], 99, seed).p_value)
    assert np.mean(found) == pytest.approx(0.5, abs=0.07)
    assert np.mean(np.array(found) < 0.1) == pytest.approx(0.1, abs=0.06)


def test_majority_is_the_dummy_of_scikit_learn(generator):
    true = generator.choice(3, 80, p=[0.2, 0.5, 0.3])
    for label, target in ((None, true), (0, true == 0), (1, true == 1)):
        dummy = DummyClassifier(strategy="most_frequent").fit(np.zeros((80, 1)), target)
        expected = accuracy_score(target, dummy.predict(np.zeros((80, 1))))
        assert majority(true, label) == pytest.approx(expected)
