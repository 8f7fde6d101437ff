import warnings

import numpy as np
import pytest

from monai_covid.data.splits import assign_folds, check_folds, hold_out

SEEDS = range(60)


def collection(seed, labels=6, multi=True):
    """A random collection with frequent, rare and single-patient labels."""
    generator = np.random.default_rng(seed)
    images = int(generator.integers(5, 300))
    numbers = generator.integers(0, max(2, images // 2), images)
    patients = np.array([f"p{number}" for number in numbers], dtype=object)
    if not multi:
        return patients, np.eye(labels, dtype=bool)[generator.integers(0, labels, images)]
    frequencies = np.geomspace(0.5, 0.005, labels)
    return patients, generator.random((images, labels)) < frequencies


def patients_with(patients, targets, label):
    return set(patients[targets[:, label]])


@pytest.mark.parametrize("multi", [True, False])
@pytest.mark.parametrize("seed", SEEDS)
def test_no_patient_on_both_sides_and_labels_shared(seed, multi):
    patients, targets = collection(seed, multi=multi)
    fraction = (0.05, 0.1, 0.3, 0.6)[seed % 4]
    held = hold_out(patients, targets, fraction, seed)
    assert not set(patients[held]) & set(patients[~held])
    for label in range(targets.shape[1]):
        owners = patients_with(patients, targets, label)
        if len(owners) >= 2:
            sides = {bool(held[patients == owner][0]) for owner in owners}
            if sides != {True, False}:
                assert not can_be_shared(patients, targets, held, label)


def can_be_shared(patients, targets, held, label):
    """Whether moving one patient would bring ``label`` to both sides at no other label's cost."""
    for owner in patients_with(patients, targets, label):
        side = held[patients == owner][0]
        stays = (held == side) & (patients != owner)
        carried = targets[patients == owner].any(axis=0)
        if targets[stays].any(axis=0)[carried].all():
            return True
    return False


@pytest.mark.parametrize("seed", SEEDS)
def test_no_patient_in_two_folds(seed):
    patients, targets = collection(seed, labels=3, multi=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # scikit-learn's, for rare classes
        folds = assign_folds(patients, targets.argmax(axis=1), 2, seed)
    assert set(folds) == {0, 1}
    for patient in set(patients):
        assert len(set(folds[patients == patient])) == 1


def test_fraction_is_kept_for_every_label():
    generator = np.random.default_rng(1)
    patients = np.array([f"{n:05d}" for n in generator.integers(0, 5000, 9000)], dtype=object)
    targets = generator.random((9000, 8)) < np.geomspace(0.4, 0.01, 8)
    held = hold_out(patients, targets, 0.1, 0)
    assert len(set(patients[held])) / len(set(patients)) == pytest.approx(0.1, abs=0.02)
    for label in range(8):
        owners = patients_with(patients, targets, label)
        part = len(owners & set(patients[held])) / len(owners)
        assert part == pytest.approx(0.1, abs=0.025), label


def test_result_depends_on_seed_but_not_on_row_order():
    patients, targets = collection(3, multi=False)
    shuffle = np.random.default_rng(0).permutation(len(patients))
    for split in (
        lambda p, t, seed: hold_out(p, t, 0.2, seed),
        lambda p, t, seed: assign_folds(p, t.argmax(axis=1), 3, seed),
    ):
        first = split(patients, targets, 0)
        assert np.array_equal(first, split(patients, targets, 0))
        assert np.array_equal(first[shuffle], split(patients[shuffle], targets[shuffle], 0))
        assert not np.array_equal(first, split(patients, targets, 1))


def test_rare_labels_get_at_least_one_patient_on_either_side():
    patients = np.array(list("abcdefghij"), dtype=object)
    targets = np.zeros((10, 2), dtype=bool)
    targets[:2, 0] = targets[2:, 1] = True
    for seed in range(20):
        for fraction in (0.01, 0.99):
            held = hold_out(patients, targets, fraction, seed)
            assert held[:2].sum() == 1
            assert 1 <= held[2:].sum() <= 7


def test_label_of_one_patient_stays_in_training():
    targets = np.array([[True, True], [False, True], [False, True]])
    for seed in range(20):
        assert not hold_out(np.array(["a", "b", "c"], dtype=object), targets, 0.5, seed)[0]


def test_unlabelled_patients_are_held_out_too():
    patients = np.array([str(n) for n in range(40)], dtype=object)
    held = hold_out(patients, np.zeros((40, 3), dtype=bool), 0.25, 0)
    assert held.sum() == 10


def test_labels_are_shared_by_a_move_where_quotas_alone_fail():
    patients = np.array(list("abcd"), dtype=object)
    targets = np.array([[1, 0, 0], [1, 0, 1], [0, 1, 0], [0, 1, 1]], dtype=bool)
    for seed in range(50):
        held = hold_out(patients, targets, 0.3, seed)
        for label in range(2):
            assert len(set(held[targets[:, label]])) == 2


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 1.5, float("nan"), "0.1", True])
def test_fraction_out_of_range(fraction):
    with pytest.raises(ValueError, match="between 0 and 1, got"):
        hold_out(np.array(["a"], dtype=object), np.ones((1, 1), dtype=bool), fraction, 0)


@pytest.mark.parametrize("folds", [1, 0, -1, 2.0, "5", True])
def test_folds_out_of_range(folds):
    with pytest.raises(ValueError, match="whole number from 2"):
        check_folds(folds)
