"""Folds as scikit-learn makes them, and in a fraction of its time."""

import time
import warnings

import numpy as np
import pytest
from sklearn.model_selection import StratifiedGroupKFold

from monai_covid.data.balanced_folds import balanced_folds

pytestmark = pytest.mark.slow


def slow_folds(patients, classes, folds, seed):
    """What made the folds of all results so far."""
    splitter = StratifiedGroupKFold(n_splits=folds, shuffle=True, random_state=seed)
    fold_of = np.empty(len(patients), dtype=np.intp)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # for rare classes
        for fold, (_, test) in enumerate(splitter.split(patients, classes, patients)):
            fold_of[test] = fold
    return fold_of


@pytest.mark.parametrize("labels", [1, 2, 3, 9, 20])
@pytest.mark.parametrize("folds", [2, 3, 5, 10])
def test_equal_to_scikit_learn(labels, folds):
    for seed in range(6):
        generator = np.random.default_rng(seed)
        images = int(generator.integers(12 * folds, 400))
        numbers = generator.integers(0, (images, images // 3, 10**6)[seed % 3], images)
        patients = np.array([f"p{number}" for number in numbers], dtype=object)
        shares = np.geomspace(1, 0.05, labels) if seed % 2 else np.ones(labels)
        classes = generator.choice(labels, images, p=shares / shares.sum())
        expected = slow_folds(patients, classes, folds, seed)
        assert balanced_folds(patients, classes, folds, seed).tolist() == expected.tolist()


@pytest.mark.real_data
def test_equal_to_scikit_learn_on_real_collections(real_data):
    from monai_covid.data.collections.reading import read_collection

    records = read_collection(real_data / "covid")
    for folds, seed in ((5, 0), (10, 1), (3, 2)):
        given = (records.patients, records.classes, folds, seed)
        assert balanced_folds(*given).tolist() == slow_folds(*given).tolist()


def test_100000_patients_take_seconds():
    generator = np.random.default_rng(0)
    patients = np.array([f"p{number}" for number in range(100_000)], dtype=object)
    classes = generator.integers(0, 3, 100_000)
    started = time.process_time()
    folds = balanced_folds(patients, classes, 5, 0)
    assert time.process_time() - started < 15  # 1 to 3 s; scikit-learn takes 40 s
    for label in range(3):
        counts = np.bincount(folds[classes == label], minlength=5)
        assert np.ptp(counts) <= 1


def test_fewer_patients_than_folds():
    with pytest.raises(ValueError, match="3 folds need 3 patients"):
        balanced_folds(np.array(["a", "b"] * 4, dtype=object), np.zeros(8, dtype=np.intp), 3, 0)
