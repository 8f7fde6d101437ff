import numpy as np
import pytest
from scipy.spatial import Delaunay

from monai_covid.audits.shortcuts.blanking import (
    MARGIN,
    RAMP,
    convex_hull,
    lungs_alone,
    soft_cover,
    without_hull,
    without_rectangle,
)
from monai_covid.lab.phantom.generate import generate_covid_case
from monai_covid.lab.phantom.options import PhantomOptions


@pytest.fixture(scope="module")
def phantom():
    return generate_covid_case(3, 1, "covid19", PhantomOptions(size=128))


def hidden_changed(phantom, hidden):
    noise = np.random.default_rng(0).integers(0, 256, phantom.pixels.shape)
    return np.where(hidden, noise, phantom.pixels)


def test_hull_is_that_of_delaunay():
    region = np.zeros((20, 25), dtype=bool)
    region[3:9, 4:7] = True
    region[12, 18] = region[17, 9] = True
    rows, columns = np.nonzero(region)
    shifts = [(-0.5, -0.5), (-0.5, 0.5), (0.5, -0.5), (0.5, 0.5)]
    corners = np.concatenate([np.column_stack([rows + a, columns + b]) for a, b in shifts])
    every = np.column_stack([axis.ravel() for axis in np.indices(region.shape)])
    expected = Delaunay(corners).find_simplex(every, tol=1e-9) >= 0
    np.testing.assert_array_equal(convex_hull(region), expected.reshape(region.shape))


def test_hull_of_one_pixel_is_the_pixel():
    region = np.zeros((5, 5), dtype=bool)
    region[2, 3] = True
    np.testing.assert_array_equal(convex_hull(region), region)


def test_nothing_of_the_lungs_is_left_in_the_image_without_hull(phantom):
    hull = convex_hull(phantom.lung_mask)
    expected = without_hull(phantom.pixels, phantom.lung_mask)
    changed = without_hull(hidden_changed(phantom, hull), phantom.lung_mask)
    np.testing.assert_array_equal(changed, expected)
    assert np.unique(expected[hull]).size == 1


def test_hull_leaves_what_is_far_from_the_lungs(phantom):
    result = without_hull(phantom.pixels, phantom.lung_mask)
    far = soft_cover(convex_hull(phantom.lung_mask)) == 0
    assert 0.05 < far.mean() < 0.9
    np.testing.assert_array_equal(result[far], phantom.pixels[far])


def test_two_lungs_of_other_outline_but_same_hull_look_alike(phantom):
    lungs = phantom.lung_mask
    between = np.logical_or.accumulate(lungs, axis=1)
    between &= np.logical_or.accumulate(lungs[:, ::-1], axis=1)[:, ::-1]
    assert between.sum() > lungs.sum()
    first = without_hull(phantom.pixels, lungs)
    np.testing.assert_array_equal(without_hull(phantom.pixels, between), first)


def test_cover_falls_from_one_to_nothing_over_the_ramp():
    region = np.zeros((200, 200), dtype=bool)
    region[:, :50] = True
    row = soft_cover(region)[100]
    margin, ramp = MARGIN * 200, RAMP * 200
    assert (row[: 50 + int(margin)] == 1).all()
    assert (row[50 + int(margin + ramp) :] == 0).all()
    assert (np.diff(row) <= 0).all()
    # Half way along the ramp half is covered; pixel 49 + d lies d pixels beyond the region.
    assert row[49 + round(margin + ramp / 2)] == pytest.approx(0.5)


def test_nothing_of_the_lungs_is_left_in_the_image_without_rectangle(phantom):
    rows, columns = np.nonzero(phantom.lung_mask)
    box = np.zeros_like(phantom.lung_mask)
    box[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1] = True
    expected = without_rectangle(phantom.pixels, phantom.lung_mask)
    changed = without_rectangle(hidden_changed(phantom, box), phantom.lung_mask)
    np.testing.assert_array_equal(changed, expected)
    assert np.unique(expected[box]).size == 1


def test_fill_is_the_median_of_what_stays():
    pixels = np.tile(np.arange(100.0), (100, 1))
    lungs = np.zeros((100, 100), dtype=bool)
    lungs[:, 60:80] = True
    result = without_rectangle(pixels, lungs)
    kept = [*range(57), *range(83, 100)]
    assert (result[:, 57:83] == np.median(kept)).all()
    np.testing.assert_array_equal(result[:, kept], pixels[:, kept])


def test_nothing_but_the_lungs_is_left_in_lungs_alone(phantom):
    expected = lungs_alone(phantom.pixels, phantom.lung_mask)
    changed = lungs_alone(hidden_changed(phantom, ~phantom.lung_mask), phantom.lung_mask)
    np.testing.assert_array_equal(changed, expected)
    inside = phantom.lung_mask
    np.testing.assert_array_equal(expected[inside], phantom.pixels[inside])
    assert (expected[~inside] == np.median(phantom.pixels[inside])).all()


def test_image_that_is_all_lung_becomes_empty():
    pixels = np.random.default_rng(0).normal(size=(40, 40))
    assert (without_hull(pixels, np.ones((40, 40), dtype=bool)) == 0).all()


@pytest.mark.parametrize("blank", [without_hull, without_rectangle, lungs_alone])
def test_unusable_masks_are_refused(blank):
    pixels = np.zeros((40, 50))
    with pytest.raises(ValueError, match=r"\(40, 50\), lung mask of shape \(50, 40\)"):
        blank(pixels, np.ones((50, 40), dtype=bool))
    with pytest.raises(ValueError, match="the lung mask is empty"):
        blank(pixels, np.zeros((40, 50), dtype=bool))
