import numpy as np
from scipy.ndimage import label

from monai_covid.preprocessing.lungs.find import (
    SMOOTHING,
    largest_region,
    separate_fields,
    to_image,
    without_spurs,
)


def test_largest_region_stays_and_its_hole_is_filled():
    mask = np.zeros((20, 20), dtype=bool)
    mask[2:10, 2:10] = True
    mask[5, 5] = False
    mask[15:18, 15:18] = True
    expected = np.zeros_like(mask)
    expected[2:10, 2:10] = True
    np.testing.assert_array_equal(largest_region(mask), expected)


def test_corners_do_not_connect():
    mask = np.eye(6, dtype=bool)
    assert largest_region(mask).sum() == 1


def test_largest_region_of_noise_against_counting():
    mask = np.random.default_rng(1).random((40, 40)) > 0.5
    labels, count = label(mask)
    largest = max(np.count_nonzero(labels == k) for k in range(1, count + 1))
    assert np.count_nonzero(largest_region(mask) & mask) == largest


def test_nothing_stays_nothing():
    assert not largest_region(np.zeros((4, 4), dtype=bool)).any()


def test_sides_do_not_overlap_and_the_more_probable_wins():
    probabilities = np.zeros((2, 30, 30), dtype=np.float32)
    probabilities[0, :, :16] = 0.9
    probabilities[1, :, 15:] = 0.95
    left, right = separate_fields(probabilities)
    assert left[:, :15].all()
    assert right[:, 15:].all()
    assert not (left & right).any()


def test_one_half_is_the_limit():
    probabilities = np.full((2, 4, 4), 0.5, dtype=np.float32)
    assert not any(side.any() for side in separate_fields(probabilities))


def test_stretching_repeats_pixels_by_whole_factors():
    mask = np.zeros((4, 4), dtype=bool)
    mask[1:3, :2] = True
    stretched = to_image(mask, (4, 8))
    np.testing.assert_array_equal(stretched, np.repeat(mask, 2, axis=1))


def test_stretching_keeps_shares():
    rows, columns = np.mgrid[:128, :128]
    disc = (rows - 60) ** 2 + (columns - 70) ** 2 < 40**2
    for shape in [(300, 200), (90, 140), (1024, 33)]:
        stretched = to_image(disc, shape)
        assert stretched.shape == shape
        assert abs(stretched.mean() - disc.mean()) < 0.005


def slow_opening(mask):
    """Every disc that fits, drawn one after the other; the edge of the image continues."""
    pad = 2 * SMOOTHING
    inside = np.pad(mask, pad, mode="edge")
    result = np.zeros_like(inside)
    rows, columns = np.indices(inside.shape)
    for row in range(SMOOTHING, inside.shape[0] - SMOOTHING):
        for column in range(SMOOTHING, inside.shape[1] - SMOOTHING):
            disc = (rows - row) ** 2 + (columns - column) ** 2 <= SMOOTHING**2
            if inside[disc].all():
                result |= disc
    return result[pad:-pad, pad:-pad]


def test_spurs_are_cut_off_as_by_drawing_discs():
    mask = np.zeros((34, 34), dtype=bool)
    mask[4:20, :18] = True
    mask[10:13, 18:33] = True
    mask[25:34, 25:34] = True
    opened = without_spurs(mask)
    np.testing.assert_array_equal(opened, slow_opening(mask))
    assert not opened[10:13, 20:].any()
    assert opened[4:20, 0].sum() >= 12
