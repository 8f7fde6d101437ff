import numpy as np
import pytest
import torch

from monai_covid.preprocessing.region import find_region, mask_in_input, with_margin
from monai_covid.preprocessing.settings import PLAIN, Preprocessing
from tests.preprocessing.chests import chest, stranger


def inside(mask, box):
    top, bottom, first, last = box
    return mask[top:bottom, first:last].sum() / mask.sum()


@pytest.mark.parametrize("index", range(6))
def test_the_box_holds_the_lungs_and_little_else(index):
    case = chest(index)
    region = find_region(case.pixels, Preprocessing("crop"))
    assert region.fallback == ""
    assert region.visible is None
    assert inside(case.lung_mask, region.box) > 0.995
    rows, columns = (np.flatnonzero(case.lung_mask.any(axis)) for axis in (1, 0))
    truth = (np.ptp(rows) + 1) * (np.ptp(columns) + 1)
    top, bottom, first, last = region.box
    assert truth <= (bottom - top) * (last - first) < 1.45 * truth


@pytest.mark.parametrize("index", range(6))
def test_what_is_visible_holds_the_lungs_and_what_lies_between(index):
    case = chest(index)
    region = find_region(case.pixels, Preprocessing("mask"))
    assert region.box == (0, case.pixels.shape[0], 0, case.pixels.shape[1])
    assert region.visible[case.lung_mask].mean() > 0.995
    assert region.visible.mean() < 0.85
    # Each row is seen without a gap: the heart is there too.
    for row in region.visible[region.visible.any(1)]:
        assert np.ptp(np.flatnonzero(row)) + 1 == row.sum()


def test_mask_and_box_belong_together():
    whole = find_region(chest().pixels, Preprocessing("mask"))
    cut = find_region(chest().pixels, Preprocessing("crop_mask"))
    assert cut.box == find_region(chest().pixels, Preprocessing("crop")).box
    top, bottom, first, last = cut.box
    np.testing.assert_array_equal(cut.visible, whole.visible[top:bottom, first:last])


@pytest.mark.parametrize("lungs", ["crop", "mask", "crop_mask"])
@pytest.mark.parametrize("pixels", [stranger(), stranger((40, 200)), np.zeros((90, 80))])
def test_without_lungs_it_is_the_whole_image_and_says_why(lungs, pixels):
    region = find_region(pixels, Preprocessing(lungs))
    assert region.box == (0, pixels.shape[0], 0, pixels.shape[1])
    assert region.visible is None
    assert region.fallback


@pytest.mark.parametrize(("scale", "offset"), [(0.1, -7.3), (16.0, 0.0), (257.0, -3000.0)])
def test_the_scale_of_the_grey_values_changes_nothing(scale, offset):
    for index in range(3):
        pixels = chest(index).pixels.astype(np.float32)
        expected = find_region(pixels, Preprocessing("crop_mask"))
        found = find_region(
            (pixels * scale + offset).astype(np.float32), Preprocessing("crop_mask")
        )
        assert found.box == expected.box
        np.testing.assert_array_equal(found.visible, expected.visible)


def test_nothing_is_searched_for_unless_asked():
    pixels = np.full((9, 7), np.nan)  # on which any search would fail
    for preprocessing in (PLAIN, Preprocessing(grey="local")):
        region = find_region(pixels, preprocessing)
        assert region.box == (0, 9, 0, 7)
        assert (region.visible, region.text, region.fallback) == (None, None, "")


def test_the_margin_ends_at_the_edge():
    assert with_margin((10, 110, 0, 50), (112, 200)) == (4, 112, 0, 53)


def test_masks_are_cut_like_images():
    mask = np.zeros((40, 60), dtype=bool)
    mask[10:20, 30:45] = True
    assert mask_in_input(mask, 10, (10, 20, 30, 45)).all()
    assert not mask_in_input(mask, 10, (20, 40, 0, 60)).any()
    assert torch.equal(mask_in_input(mask, 20), mask_in_input(mask, 20, (0, 40, 0, 60)))
    assert mask_in_input(mask, 20).sum() == 5 * 5
