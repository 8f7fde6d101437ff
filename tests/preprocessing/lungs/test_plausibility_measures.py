import numpy as np
import pytest

from monai_covid.preprocessing.lungs.plausibility import measure


def two_boxes():
    left, right = np.zeros((100, 100), dtype=bool), np.zeros((100, 100), dtype=bool)
    left[20:70, 10:40] = True
    right[30:90, 60:80] = True
    return left, right


def test_two_boxes_by_hand():
    left, right = two_boxes()
    probabilities = np.stack([left, right]).astype(np.float32)
    measures = measure(left, right, probabilities)
    assert measures.smaller_area == pytest.approx(0.12)
    assert measures.area == pytest.approx(0.27)
    assert measures.balance == pytest.approx(12 / 15)
    assert measures.overlap == pytest.approx(40 / 50)
    assert measures.height == pytest.approx(0.7)
    across = (1500 * 24.5 + 1200 * 69.5) / 2700 / 100
    along = (1500 * 44.5 + 1200 * 59.5) / 2700 / 100
    assert measures.centre == pytest.approx((across, along))
    assert measures.cut == 0.0
    assert measures.certainty == 1.0


@pytest.mark.parametrize("turned", [False, True])
def test_cut_compares_the_edge_with_the_widest_row(turned):
    left, right = two_boxes()
    left[:70, 10:25] = True
    if turned:
        left, right = left[::-1], right[::-1]
    measures = measure(left, right, np.stack([left, right]).astype(np.float32))
    assert measures.cut == pytest.approx(15 / 50)


def test_certainty_is_the_mean_distance_from_one_half():
    left, right = two_boxes()
    probabilities = np.stack([left * 0.8, right * 0.6]).astype(np.float32)
    expected = (1500 * 0.6 + 1200 * 0.2) / 2700
    assert measure(left, right, probabilities).certainty == pytest.approx(expected, abs=1e-6)


def test_nothing_found():
    nothing = np.zeros((50, 50), dtype=bool)
    measures = measure(nothing, nothing, np.zeros((2, 50, 50), dtype=np.float32))
    assert measures.area == measures.overlap == measures.certainty == 0.0
