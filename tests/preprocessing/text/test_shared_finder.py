"""Text of an image is looked for once in a process."""

import numpy as np
import pytest

from monai_covid.preprocessing.text import shared_finder as burnt_in_text
from monai_covid.preprocessing.text.boxes import TextBox, text_mask
from monai_covid.preprocessing.text.shared_finder import SharedFinder

CORNERS = np.array([[2, 3], [12, 3], [12, 7], [2, 7]], dtype=np.float64)


class Counting:
    """Finds one text on every image that is not blank, and counts how often it looks."""

    def __init__(self):
        self.looked = 0

    def find(self, pixels):
        self.looked += 1
        return [TextBox(CORNERS, "AP", 0.9)] if pixels.any() else []


@pytest.fixture
def finder():
    return Counting()


def picture(value=1, shape=(20, 30), dtype=np.uint8):
    return np.full(shape, value, dtype=dtype)


def test_the_same_pixels_are_looked_at_once(finder):
    shared = SharedFinder(finder)
    masks = [shared.mask(picture()) for _ in range(3)]
    assert finder.looked == 1
    expected = text_mask([TextBox(CORNERS, "AP", 0.9)], (20, 30))
    assert all(np.array_equal(mask, expected) for mask in masks)
    assert masks[0].any()


def test_a_mask_that_a_caller_changes_changes_no_later_one(finder):
    shared = SharedFinder(finder)
    shared.mask(picture())[:] = True
    assert not shared.mask(picture()).all()


@pytest.mark.parametrize(
    "other",
    [
        picture(2),
        picture(shape=(30, 20)),
        picture(dtype=np.float32),
        np.where(np.arange(600).reshape(20, 30) == 599, 2, 1).astype(np.uint8),
    ],
    ids=["value", "shape", "type", "one pixel"],
)
def test_other_pixels_are_other_images(finder, other):
    shared = SharedFinder(finder)
    shared.mask(picture())
    assert shared.mask(other).shape == other.shape
    assert finder.looked == 2


def test_pixels_need_not_lie_together_in_memory(finder):
    shared = SharedFinder(finder)
    wide = np.arange(1200, dtype=np.uint8).reshape(20, 60)
    shared.mask(wide[:, ::2])
    shared.mask(np.ascontiguousarray(wide[:, ::2]))
    assert finder.looked == 1


def test_images_without_text_are_remembered_too(finder):
    shared = SharedFinder(finder)
    assert not shared.mask(picture(0)).any()
    assert not shared.mask(picture(0)).any()
    assert finder.looked == 1


def test_the_image_that_was_used_longest_ago_is_forgotten_first(finder, monkeypatch):
    monkeypatch.setattr(burnt_in_text, "REMEMBERED", 2)
    shared = SharedFinder(finder)
    for value in (1, 2, 1, 3, 1, 2):
        shared.mask(picture(value))
    assert finder.looked == 4  # 1, 2, 3, and 2 again
