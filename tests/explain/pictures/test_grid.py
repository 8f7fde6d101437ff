import numpy as np
import pytest
import torch

from monai_covid.explain.pictures.grid import scaled_box, smoothed, to_image_grid
from monai_covid.preprocessing.resize import resize_to_square


def spot(row, column, size=32):
    values = np.zeros((1, size, size), dtype=np.float32)
    values[0, row, column] = 2.0
    return values


@pytest.mark.parametrize("shape", [(64, 96), (32, 32), (20, 24), (300, 40)])
def test_keeps_the_sum(shape):
    for values in (
        np.random.default_rng(0).normal(size=(3, 32, 32)).astype(np.float32),
        spot(0, 31),
        np.pad(
            np.zeros((1, 30, 30), dtype=np.float32), ((0, 0), (1, 1), (1, 1)), constant_values=1
        ),
    ):
        placed = to_image_grid(values, shape)
        assert placed.dtype == np.float32
        assert placed.sum(dtype=float) == pytest.approx(values.sum(dtype=float), rel=1e-4, abs=1e-3)


@pytest.mark.parametrize("shape", [(64, 96), (20, 24), (33, 31), (300, 40)])
def test_hands_on_by_the_weights_of_the_resize(shape):
    """The adjoint of the resize: <R, resize(x)> is <placed R, x> for any image x."""
    generator = np.random.default_rng(1)
    values = generator.normal(size=(32, 32)).astype(np.float32)
    image = torch.from_numpy(generator.normal(size=(1, *shape)).astype(np.float32))
    seen = resize_to_square(image, 32)[0].numpy()
    expected = (values * seen).sum(dtype=float)
    found = (to_image_grid(values, shape) * image[0].numpy()).sum(dtype=float)
    assert found == pytest.approx(expected, rel=1e-3, abs=1e-3)


def test_an_even_map_stays_nearly_even():
    """No grid is made where the sizes do not divide."""
    placed = to_image_grid(np.ones((32, 32)), (301, 277))
    inner = placed[20:-20, 20:-20]
    assert inner.std() < 0.03 * inner.mean()


@pytest.mark.parametrize("shape", [(64, 96), (320, 160)])
def test_puts_relevance_where_it_belongs(shape):
    placed = to_image_grid(spot(8, 24), shape)
    assert placed.shape == shape
    centre = np.unravel_index(placed.argmax(), shape)
    assert centre[0] / shape[0] == pytest.approx(8.5 / 32, abs=0.03)
    assert centre[1] / shape[1] == pytest.approx(24.5 / 32, abs=0.03)


def test_same_size_is_left_alone_and_channels_are_added():
    values = np.random.default_rng(1).normal(size=(3, 32, 32)).astype(np.float32)
    np.testing.assert_allclose(to_image_grid(values, (32, 32)), values.sum(0), rtol=1e-5)


BOX = (13, 61, 20, 95)


def test_a_map_of_a_box_lies_in_the_box_and_nowhere_else():
    values = np.random.default_rng(2).normal(size=(32, 32)).astype(np.float32)
    placed = to_image_grid(values, (80, 120), BOX)
    top, bottom, first, last = BOX
    np.testing.assert_array_equal(
        placed[top:bottom, first:last], to_image_grid(values, (bottom - top, last - first))
    )
    placed[top:bottom, first:last] = 0
    assert not placed.any()


def test_a_box_hands_on_by_the_weights_of_cutting_and_resizing():
    """The adjoint of both: <R, resize(cut(x))> is <placed R, x> for any image x."""
    generator = np.random.default_rng(3)
    values = generator.normal(size=(32, 32)).astype(np.float32)
    image = torch.from_numpy(generator.normal(size=(1, 80, 120)).astype(np.float32))
    top, bottom, first, last = BOX
    seen = resize_to_square(image[:, top:bottom, first:last], 32)[0].numpy()
    found = (to_image_grid(values, (80, 120), BOX) * image[0].numpy()).sum(dtype=float)
    assert found == pytest.approx((values * seen).sum(dtype=float), rel=1e-3, abs=1e-3)


@pytest.mark.parametrize("place", [(20, 30), (60, 90), (14, 93)])
def test_a_bright_spot_in_the_box_comes_back_where_it_was(place):
    """From the image through the network's square and back, to within a pixel."""
    image = torch.zeros(1, 80, 120)
    image[0, place[0], place[1]] = 1
    top, bottom, first, last = BOX
    seen = resize_to_square(image[:, top:bottom, first:last], 96)
    placed = to_image_grid(seen.numpy(), (80, 120), BOX)
    found = np.unravel_index(placed.argmax(), placed.shape)
    assert np.abs(np.subtract(found, place)).max() <= 1


def test_the_box_of_the_whole_image_is_none():
    values = np.random.default_rng(4).normal(size=(32, 32)).astype(np.float32)
    np.testing.assert_array_equal(
        to_image_grid(values, (40, 50), (0, 40, 0, 50)), to_image_grid(values, (40, 50))
    )


@pytest.mark.parametrize("box", [(0, 81, 0, 9), (5, 5, 0, 9), (-1, 5, 0, 9), (0, 9, 7, 121)])
def test_a_box_that_is_not_in_the_image(box):
    with pytest.raises(ValueError, match=f"rows {box[0]} to {box[1]}"):
        to_image_grid(np.ones((8, 8)), (80, 120), box)


def test_boxes_shrink_with_their_image():
    assert scaled_box((10, 50, 20, 99), (100, 200), (50, 100)) == (5, 25, 10, 50)
    assert scaled_box((0, 100, 0, 200), (100, 200), (37, 74)) == (0, 37, 0, 74)
    assert scaled_box((99, 100, 199, 200), (100, 200), (10, 20)) == (9, 10, 19, 20)


def test_smoothing_keeps_the_sum_and_removes_a_grid():
    grid = np.zeros((1, 32, 32), dtype=np.float32)
    grid[0, ::4, ::4] = 1.0
    smooth = smoothed(grid, 2.0)
    assert smooth.sum() == pytest.approx(grid.sum(), rel=1e-4)
    inner = smooth[8:-8, 8:-8]
    assert inner.max() < 1.1 * inner.min()
    np.testing.assert_array_equal(smoothed(grid, 0.0), grid[0])
