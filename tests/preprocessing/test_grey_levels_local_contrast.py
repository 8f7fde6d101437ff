import numpy as np
import pytest
import torch
from torch.nn import functional as F

from monai_covid.preprocessing.grey_levels import (
    LEAST_CONTRAST,
    NEIGHBOURHOOD,
    RANGE,
    local_contrast,
)


def texture(size=64):
    return np.random.default_rng(0).uniform(0.3, 0.7, (size, size)).astype(np.float32)


def changed(values):
    return local_contrast(torch.from_numpy(np.asarray(values, dtype=np.float32))[None])[0].numpy()


def averaged(values):
    """Mean of each pixel's neighbourhood by one convolution with the whole Gaussian."""
    deviation = NEIGHBOURHOOD * len(values)
    reach = int(4 * deviation + 0.5)
    line = torch.exp(
        -0.5 * (torch.arange(-reach, reach + 1.0, dtype=torch.float64) / deviation) ** 2
    )
    kernel = torch.outer(line, line) / line.sum() ** 2
    padded = torch.from_numpy(np.pad(values, reach, mode="edge"))
    return F.conv2d(padded[None, None], kernel[None, None])[0, 0].numpy()


def test_mean_and_contrast_of_the_neighbourhood_are_taken_out():
    values = texture().astype(float)
    difference = values - averaged(values)
    contrast = np.sqrt(averaged(difference**2)) + LEAST_CONTRAST
    expected = np.clip(0.5 + difference / contrast / (2 * RANGE), 0, 1)
    np.testing.assert_allclose(changed(values), expected, atol=1e-5)


def test_shading_is_gone():
    plain = texture()
    shaded = plain * 0.6 + np.linspace(0, 0.4, 64, dtype=np.float32)[None]
    assert np.corrcoef(changed(plain).ravel(), changed(shaded).ravel())[0, 1] > 0.98
    left, right = (changed(shaded)[:, part].mean() for part in (slice(16), slice(-16, None)))
    assert abs(left - right) < 0.1 * abs(shaded[:, :16].mean() - shaded[:, -16:].mean())


@pytest.mark.parametrize("value", [0.0, 0.4, 1.0])
def test_an_even_image_is_grey(value):
    np.testing.assert_allclose(changed(np.full((32, 32), value)), 0.5, atol=1e-6)


def test_stays_within_zero_and_one():
    spike = np.zeros((48, 48))
    spike[24, 24] = 1
    assert changed(spike).max() == 1
    assert changed(1 - spike).min() == 0
