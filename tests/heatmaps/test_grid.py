import numpy as np
import pytest
import torch

from monai_covid.heatmaps import smoothed, to_image_grid
from monai_covid.transforms import resize_to_square


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


def test_smoothing_keeps_the_sum_and_removes_a_grid():
    grid = np.zeros((1, 32, 32), dtype=np.float32)
    grid[0, ::4, ::4] = 1.0
    smooth = smoothed(grid, 2.0)
    assert smooth.sum() == pytest.approx(grid.sum(), rel=1e-4)
    inner = smooth[8:-8, 8:-8]
    assert inner.max() < 1.1 * inner.min()
    np.testing.assert_array_equal(smoothed(grid, 0.0), grid[0])
