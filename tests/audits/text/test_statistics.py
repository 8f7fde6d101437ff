from math import comb

import numpy as np
import pytest

from monai_covid.audits.text.class_words import class_words
from monai_covid.audits.text.painting import exact_mcnemar
from monai_covid.audits.text.removal import beside_text, mean_of, ratio_of


@pytest.mark.parametrize(("first", "second"), [(0, 0), (5, 0), (7, 2), (1, 4)])
def test_mcnemar_is_a_tail_of_the_binomial(first, second):
    total = first + second
    expected = sum(comb(total, k) for k in range(first, total + 1)) / 2**total
    assert exact_mcnemar(first, second) == pytest.approx(expected)


def test_fishers_test_is_a_tail_of_the_hypergeometric_over_patients():
    # Patients 0-5 are of class 0, of whom five show AP (one of them twice); 6-13 are of class 1.
    patients = ["0", *map(str, range(14))]
    labels = np.array([0] * 7 + [1] * 8)
    words = [frozenset({"AP"}) if index <= 5 else frozenset() for index in range(15)]
    (found,) = class_words(words, labels, patients, classes=2)
    assert (found.label, found.patients_with, found.patients) == (0, 5, 6)
    assert (found.others_with, found.others) == (0, 8)
    raw = comb(6, 5) * comb(8, 0) / comb(14, 5)
    assert found.p_value == pytest.approx(2 * raw)  # two tests: one for each class
    assert found.is_associated


def test_words_of_all_classes_and_rare_words_are_not_associated():
    labels = np.tile([0, 1], 20)
    words = [frozenset({"L"} | ({"RARE"} if index < 2 else set())) for index in range(40)]
    found = class_words(words, labels, list(map(str, range(40))), classes=2)
    assert [(one.word, one.is_associated) for one in found] == [("L", False)]
    assert class_words([], np.array([], dtype=int), [], classes=2) == []


def test_a_word_that_is_not_associated_is_named_with_the_class_that_has_it_most():
    labels = np.repeat([0, 1, 2], [4, 5, 5])
    shown = (0, 1, 5, 6, 7, 10, 11)
    words = [frozenset({"AP"}) if index in shown else frozenset() for index in range(14)]
    (found,) = class_words(words, labels, list(map(str, range(14))), classes=3)
    assert (found.label, found.patients_with, found.others_with) == (1, 3, 4)
    assert found.p_value == 1.0  # as for the two other classes: one half or more, three tests


def test_ratios_are_of_sums_and_intervals_are_over_patients():
    over, under = np.array([1.0, 3.0, 2.0, 2.0]), np.array([1.0, 1.0, 2.0, 4.0])
    patients = ["a", "a", "b", "c"]
    found = ratio_of(over, under, patients, 400, 0)
    assert found.value == pytest.approx(8 / 8)
    assert found.low == pytest.approx(0.5)  # c alone
    assert found.high == pytest.approx(2.0)  # a alone
    assert mean_of(over, patients, 400, 0).value == pytest.approx(2.0)
    assert mean_of(over[:1], ["a"], 400, 0).low is None
    assert mean_of(over[:0], [], 400, 0).value is None


def test_the_control_lies_beside_the_text():
    mask = np.zeros((4, 8), dtype=bool)
    mask[1, 1:5] = True
    control = beside_text(mask)
    assert not (control & mask).any()
    assert np.flatnonzero(control[1]).tolist() == [5, 6]
