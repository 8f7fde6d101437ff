import numpy as np
import pandas as pd
import pytest
from scipy.stats import bootstrap

from monai_covid.lab.explanation_benchmark.summary import estimate, summarise, tell_apart

NAMES = [f"{number:03d}" for number in range(60)]


def test_interval_is_scipy_s():
    values = np.random.default_rng(0).exponential(size=60)
    found = estimate(values.tolist(), NAMES, 4000, 1)
    expected = bootstrap(
        (values,), np.mean, n_resamples=4000, method="percentile", rng=np.random.default_rng(2)
    ).confidence_interval
    assert found.mean == pytest.approx(values.mean())
    assert found.images == 60
    assert (found.low, found.high) == pytest.approx(tuple(expected), abs=0.02)


def test_unknown_values_are_left_out_and_few_have_no_interval():
    values = [1.0, float("nan"), 3.0] + [float("nan")] * 57
    found = estimate(values, NAMES, 200, 0)
    assert found == (2.0, None, None, 2)
    nine, ten = (estimate([1.0] * n + [float("nan")] * (60 - n), NAMES, 200, 0) for n in (9, 10))
    assert nine.low is None
    assert ten.low == 1.0
    nothing = estimate([float("nan")] * 60, NAMES, 200, 0)
    assert np.isnan(nothing.mean)
    assert nothing[1:] == (None, None, 0)


def table(shift):
    """Two networks on the same images, whose maps differ by ``shift`` less than images do."""
    rows = []
    common = np.random.default_rng(3).random(60)
    for network, sign in (("lesions", 1), ("words", -1)):
        noise = 0.02 * np.random.default_rng(sign + 5).normal(size=60)
        values = {
            "mass_lesion": common + sign * shift + noise,
            "mass_text": common - sign * shift + noise,
        }
        rows.append(pd.DataFrame({"network": network, "method": "lrp", "image": NAMES, **values}))
    return pd.concat(rows)


def test_differences_are_paired_by_image():
    found = tell_apart(table(0.03), resamples=400)
    assert found["told_apart"].all()
    assert found["mean"].to_list() == pytest.approx([0.06, 0.06], abs=0.01)
    # Without pairing the spread of the images would hide it.
    summary = summarise(table(0.03), resamples=400).set_index(["network", "measure"])
    lesions, words = (summary.loc[(name, "mass_lesion")] for name in ("lesions", "words"))
    assert lesions["low"] < words["high"]


@pytest.mark.parametrize("shift", [0.0, -0.03])
def test_no_difference_and_the_wrong_one_are_not_told_apart(shift):
    assert not tell_apart(table(shift), resamples=400)["told_apart"].any()


def test_row_order_does_not_matter():
    mixed = table(0.03).sample(frac=1, random_state=0)
    one, other = (tell_apart(each, resamples=400) for each in (table(0.03), mixed))
    pd.testing.assert_frame_equal(one, other, atol=0.01)
