import numpy as np
import pytest
from scipy import stats

from monai_covid.audits.groups.comparison import STANDARDISED, Difference, Images, compare_groups
from tests.audits.groups.invented import attribute, outcomes


def images(true, right, patients=None, resamples=200):
    patients = patients or [str(index) for index in range(len(true))]
    return Images(outcomes(true, right), patients, resamples, seed=0)


def fair_collection(generator):
    """Patients with one to three images that stand and fall together; groups that do not matter.

    The class mix differs between groups, some patients are in both views, and classes are not
    equally hard.
    """
    count = 70
    sex = generator.integers(2, size=count)
    label = (generator.random(count) < np.where(sex == 0, 0.3, 0.7)).astype(int)
    chance = np.where(label == 0, 0.85, 0.5) + generator.uniform(-0.15, 0.15, count)
    repeats = generator.integers(1, 4, size=count)
    owner = np.repeat(np.arange(count), repeats)
    whole = generator.random(count) < chance
    again = generator.random(len(owner)) < chance[owner]
    right = np.where(generator.random(len(owner)) < 0.7, whole[owner], again)
    view = generator.integers(2, size=len(owner))
    groups = [attribute(sex[owner], "sex"), attribute(view, "view")]
    return images(label[owner], right, [str(one) for one in owner], resamples=99), groups


def test_false_alarms_are_as_rare_as_stated():
    generator = np.random.default_rng(0)
    trials, alarms = 200, 0
    for _ in range(trials):
        found = compare_groups(*fair_collection(generator))
        tested = [one.tested for one in found if one.tested]
        alarms += min(one.p_value for some in tested for one in some.differences) <= 0.05
    # 22 or more of 200 would have a chance of 0.1 % at the stated rate of 5 %.
    assert alarms <= stats.binom.ppf(0.999, trials, 0.05)
    assert alarms > 0, "p-values that are never small prove nothing"


def test_raw_accuracy_would_raise_false_alarms_where_classes_are_not_equally_hard():
    generator = np.random.default_rng(1)
    alarms = 0
    for _ in range(100):
        some, (sex, _) = fair_collection(generator)
        right = some.outcomes.true == some.outcomes.predicted
        first, second = right[sex.codes == 0], right[sex.codes == 1]
        counts = [[one.sum(), len(one) - one.sum()] for one in (first, second)]
        alarms += stats.fisher_exact(counts).pvalue <= 0.05
    assert alarms > 30


def test_a_planted_difference_is_found_where_it_is():
    generator = np.random.default_rng(2)
    true = generator.integers(2, size=400)
    codes = generator.integers(3, size=400)
    right = generator.random(400) < np.where((codes == 1) & (true == 0), 0.4, 0.85)
    found = compare_groups(images(true, right, resamples=500), [attribute(codes)])
    problems = {(one.group, problem.quantity) for one in found for problem in one.problems}
    assert ("g1", "covid19") in problems
    assert not any(quantity == "pneumonia" for _, quantity in problems)
    tested = found[1].tested
    assert tested.difference.value == pytest.approx(tested.own - tested.others)
    assert tested.difference.low < tested.difference.value < tested.difference.high < 0
    whole, first, second = tested.differences
    assert whole.quantity == STANDARDISED
    assert whole.value == pytest.approx((first.value + second.value) / 2)


def test_errors_that_cancel_between_classes_are_found():
    # Group 0 is over-diagnosed, group 1 under-diagnosed: the mean over classes is the same.
    true = np.tile([0, 1], 200)
    codes = np.repeat([0, 1], 200)
    generator = np.random.default_rng(3)
    right = generator.random(400) < np.where(true == codes, 0.9, 0.6)
    first, _ = compare_groups(images(true, right, resamples=500), [attribute(codes)])
    assert abs(first.tested.difference.value) < 0.05
    assert {problem.quantity for problem in first.problems} == {"covid19", "pneumonia"}


def test_entangled_and_small_groups_are_not_tested():
    true = [0] * 40 + [1] * 40
    apart = attribute([0] * 40 + [1] * 40, "source")
    small = attribute([1] * 9 + [0] * 71, "age")
    alone = attribute([0] * 80, "sex")
    source, other, age, old = compare_groups(images(true, [1] * 80), [apart, small, alone])
    assert source.shared == other.shared == ()
    assert age.tested is old.tested is source.tested is None
    assert old.shared == ("covid19",)
    assert old.compared == ()


def test_a_difference_that_is_significant_but_small_is_no_problem():
    assert Difference(STANDARDISED, -0.05, 0.05).is_problem
    assert not Difference(STANDARDISED, -0.049, 0.001).is_problem
    assert not Difference(STANDARDISED, 0.3, 0.051).is_problem


def test_several_attributes_are_corrected_together():
    generator = np.random.default_rng(4)
    true = np.zeros(120, dtype=int)
    codes = np.repeat([0, 1], 60)
    right = np.arange(120) % 60 < np.where(codes == 0, 52, 38)
    noise = [attribute(generator.permutation(codes), f"noise{n}") for n in range(4)]
    alone = compare_groups(images(true, right, resamples=2000), [attribute(codes)])
    among = compare_groups(images(true, right, resamples=2000), [attribute(codes), *noise])
    first, corrected = (some[0].tested.differences[0].p_value for some in (alone, among))
    assert corrected == pytest.approx(5 * first)
    assert among[0].tested.noticeable > alone[0].tested.noticeable
