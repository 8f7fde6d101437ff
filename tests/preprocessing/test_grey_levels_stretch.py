import numpy as np
import pytest
import torch
from monai.transforms import ScaleIntensityRangePercentiles

from monai_covid.preprocessing.grey_levels import stretch_grey
from tests.preprocessing.chests import chest


@pytest.fixture
def image():
    """A chest in 8 bits, (1, 160, 160)."""
    return torch.from_numpy(chest(3, 160).pixels.astype(np.float32))[None]


def test_it_is_what_monai_makes(image):
    monai = ScaleIntensityRangePercentiles(1, 99, 0, 1, clip=True)
    torch.testing.assert_close(stretch_grey(image), monai(image).as_tensor(), atol=1e-6, rtol=0)


def test_between_the_percentiles_it_is_linear():
    values = torch.arange(201.0)
    expected = ((values - 2) / 196).clip(0, 1)
    torch.testing.assert_close(stretch_grey(values), expected, atol=1e-7, rtol=0)


@pytest.mark.parametrize(("slope", "offset"), [(0.1, 0), (16, -1024), (257, 3)])
def test_a_rescale_changes_nothing(image, slope, offset):
    found = stretch_grey(image.double() * slope + offset)
    torch.testing.assert_close(found, stretch_grey(image), atol=1e-6, rtol=0)


def test_a_bright_marker_does_not_darken_the_rest(image):
    marked = image.clone()
    marked[0, :8, :8] = 60_000
    change = (stretch_grey(marked) - stretch_grey(image))[0, 8:]
    assert change.abs().max() < 0.05


def test_an_even_image_is_black():
    assert torch.equal(stretch_grey(torch.full((1, 4, 6), 7)), torch.zeros(1, 4, 6))


def test_the_image_is_left_as_it_was(image):
    before = image.clone()
    stretch_grey(image)
    assert torch.equal(image, before)
