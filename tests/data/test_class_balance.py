import numpy as np
import pytest

from monai_covid.data.class_balance import balanced_subset, class_counts, class_weights


def single(*classes):
    return [{"label": label, "name": str(row)} for row, label in enumerate(classes)]


def test_counts():
    assert class_counts(single(0, 2, 2), 3).tolist() == [1, 0, 2]
    multi = [{"label": [1.0, 0.0]}, {"label": [1.0, 1.0]}, {"label": [0.0, 0.0]}]
    assert class_counts(multi, 2).tolist() == [2, 1]
    assert class_counts([], 2).tolist() == [0, 0]


@pytest.mark.parametrize("label", [2, -1, [1.0]])
def test_label_that_does_not_fit(label):
    with pytest.raises(ValueError, match="does not fit 2 classes"):
        class_counts([{"label": label, "name": "a.png"}], 2)


def test_weights_are_inverse_to_frequency_and_one_on_average():
    items = single(*[0] * 7, *[1] * 2, *[2] * 1)
    weights = class_weights(items, 3)
    assert weights.dtype == np.float64
    assert np.mean([weights[item["label"]] for item in items]) == pytest.approx(1)
    assert weights * [7, 2, 1] == pytest.approx([10 / 3] * 3)


def test_weights_need_every_class_and_one_label_per_image():
    with pytest.raises(ValueError, match=r"no images of class \[1\]"):
        class_weights(single(0, 2), 3)
    with pytest.raises(ValueError, match="one class index per image"):
        class_weights([{"label": [1.0, 0.0]}], 2)


def test_subset_is_balanced_reproducible_and_in_order():
    items = single(*[0] * 50, *[1] * 3, *[2] * 20)
    subset = balanced_subset(items, 15, seed=4)
    assert class_counts(subset, 3).tolist() == [6, 3, 6]
    assert subset == balanced_subset(items, 15, seed=4)
    assert subset != balanced_subset(items, 15, seed=5)
    assert [int(item["name"]) for item in subset] == sorted(int(item["name"]) for item in subset)


def test_subset_of_multi_label_items():
    items = [{"label": [0.0, 0.0], "name": str(n)} for n in range(40)]
    items += [{"label": [1.0, 1.0], "name": "x"}, {"label": [0.0, 1.0], "name": "y"}]
    subset = balanced_subset(items, 6)
    assert class_counts(subset, 2).tolist() == [1, 2]
    assert len(subset) == 6


def test_limit_above_the_number_of_items():
    assert len(balanced_subset(single(0, 1), 10)) == 2


@pytest.mark.parametrize("limit", [0, -3, 1.5, True, "4"])
def test_bad_limit(limit):
    with pytest.raises(ValueError, match="limit must be a whole number from 1"):
        balanced_subset(single(0, 1), limit)
