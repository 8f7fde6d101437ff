import numpy as np
import pytest

from monai_covid.preprocessing.lungs.network import CHANNELS, INPUT_SIZE, prepare


def pixels(shape=(90, 130)):
    return np.random.default_rng(3).integers(0, 256, shape).astype(np.float32)


@pytest.mark.parametrize("shape", [(128, 128), (90, 130), (40, 400), (1000, 700)])
def test_shape_and_type(shape):
    result = prepare(pixels(shape))
    assert result.shape == (CHANNELS, INPUT_SIZE, INPUT_SIZE)
    assert result.dtype == np.float32
    assert result[0].min() == -1.0
    assert result[0].max() == 1.0


@pytest.mark.parametrize(("scale", "offset"), [(1 / 255, 0.0), (64.0, -1000.0), (1e-6, 0.0)])
def test_scale_and_offset_are_taken_out(scale, offset):
    changed = prepare(pixels() * np.float32(scale) + np.float32(offset))
    assert np.quantile(np.abs(changed - prepare(pixels())), 0.99) < 0.02


def test_slow_shading_is_removed_from_the_second_channel():
    texture = 0.05 * np.random.default_rng(0).standard_normal((128, 128))
    shaded = prepare(np.linspace(0, 1, 128) + texture)
    profiles = shaded[:, 20:-20, 20:-20].mean(axis=1)
    slopes = [np.polyfit(np.arange(88), profile, 1)[0] for profile in profiles]
    assert slopes[0] > 0.01
    assert abs(slopes[1]) < 0.002


def test_large_offset_of_doubles_costs_no_precision():
    values = pixels().astype(np.float64)
    np.testing.assert_allclose(prepare(values + 1e9), prepare(values), atol=1e-4)


def slow_local_contrast(grey, row, column):
    """Mean and contrast of one pixel's window, edges repeated."""
    half = 12
    padded = np.pad(grey.astype(np.float64), 2 * half, mode="edge")

    def window_mean(r, c):
        return padded[r + half : r + 3 * half + 1, c + half : c + 3 * half + 1].mean()

    window = [
        (padded[r + 2 * half, c + 2 * half] - window_mean(r, c)) ** 2
        for r in range(row - half, row + half + 1)
        for c in range(column - half, column + half + 1)
    ]
    deviation = grey[row, column] - window_mean(row, column)
    return deviation / (np.sqrt(np.mean(window)) + 0.02)


@pytest.mark.parametrize(("row", "column"), [(40, 60), (64, 64), (100, 90)])
def test_second_channel_pixel_by_pixel(row, column):
    result = prepare(pixels())
    grey = (result[0].astype(np.float64) + 1) / 2
    expected = slow_local_contrast(grey, row, column)
    assert result[1, row, column] == pytest.approx(expected, abs=1e-3)


def test_constant_image_is_finite():
    assert np.isfinite(prepare(np.full((50, 50), 7.0))).all()
