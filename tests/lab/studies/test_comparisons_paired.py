import numpy as np
import pytest
from scipy import stats

from monai_covid.lab.studies.comparisons import RESAMPLES, sign_flip_test, t_interval


def differences(count, shift=0.3, seed=0):
    return np.random.default_rng(seed).normal(shift, 1.0, count)


@pytest.mark.parametrize("count", [2, 5, 9])
def test_exact_p_values_are_those_of_scipy(count):
    values = differences(count, seed=count)
    expected = stats.permutation_test(
        (values,), np.mean, permutation_type="samples", n_resamples=np.inf
    )
    found = sign_flip_test(values)
    assert found.p_value == pytest.approx(expected.pvalue)
    assert found.test.endswith("exact")


def test_on_signed_ranks_it_is_wilcoxons_test():
    values = differences(10)
    ranks = np.sign(values) * stats.rankdata(np.abs(values))
    expected = stats.wilcoxon(values, method="exact").pvalue
    assert sign_flip_test(ranks).p_value == pytest.approx(expected)


def test_ties_and_zeros_count_as_extreme_in_spite_of_rounding():
    assert sign_flip_test([0.1, 0.1, 0.1]).p_value == 2 / 8
    assert sign_flip_test([0.0, 0.0]).p_value == 1.0
    assert sign_flip_test([0.3, 0.0, 0.0]).p_value == 1.0


def test_many_pairs_are_resampled_and_never_give_zero():
    found = sign_flip_test(differences(20, shift=9.0))
    assert found.p_value == 1 / (RESAMPLES + 1)
    assert found.test == "paired sign-flip permutation, 10000 resamples"


def test_many_pairs_agree_with_scipy():
    values = differences(17, shift=0.4)
    expected = stats.permutation_test(
        (values,), np.mean, permutation_type="samples", n_resamples=np.inf
    ).pvalue
    # Standard error of a resampled p-value: sqrt(p (1 - p) / 10,000) <= 0.005.
    assert sign_flip_test(values).p_value == pytest.approx(expected, abs=0.02)


def test_the_t_interval_is_that_of_scipy():
    values = differences(7)
    expected = stats.ttest_1samp(values, 0.0)
    interval = expected.confidence_interval(0.95)
    found = t_interval(values)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    assert found.p_value == pytest.approx(expected.pvalue)


def test_the_correction_widens_as_nadeau_and_bengio_say():
    # Ten pairs, a quarter as many test as training images: variance times (1/10 + 1/4) / (1/10).
    values = differences(10)
    plain, corrected = t_interval(values), t_interval(values, shared=0.25)
    ratio = (corrected.high - corrected.low) / (plain.high - plain.low)
    assert ratio == pytest.approx(np.sqrt(3.5))


def test_the_correction_keeps_the_level_where_pairs_are_correlated():
    # Equicorrelated differences: with correlation rho the variance of the mean is
    # s^2 (1/n + rho / (1 - rho)), which is the correction for rho = n_test / (n_test + n_train).
    generator = np.random.default_rng(3)
    shared, repeats = 0.25, 2000
    rho = shared / (1 + shared)
    common = generator.normal(size=(repeats, 1)) * np.sqrt(rho)
    values = common + generator.normal(size=(repeats, 5)) * np.sqrt(1 - rho)
    missed = {
        correction: np.mean(
            [not (i.low <= 0 <= i.high) for i in (t_interval(v, correction) for v in values)]
        )
        for correction in (0.0, shared)
    }
    assert missed[shared] == pytest.approx(0.05, abs=0.02)
    assert missed[0.0] > 0.1


def test_one_pair_has_no_interval():
    assert t_interval([0.4]) == (None, None, None)
    assert t_interval([0.4, 0.4]) == (0.4, 0.4, None)
