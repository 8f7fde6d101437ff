"""Covariances of feature maps against NumPy and SciPy, one image at a time."""

import numpy as np
import pytest
import torch
from scipy.linalg import logm

from monai_covid.models.features import FLOOR, MOST_CHANNELS, frozen_backbone, log_covariances


def drawn(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator).relu()


def test_they_are_logarithms_of_numpys_covariances():
    maps = [drawn(3, 4, 9, 9), drawn(3, 6, 5, 5, seed=1)]
    found = log_covariances(maps)
    assert (found.shape, found.dtype) == ((3, 10 + 21), torch.float64)
    for place in range(3):
        expected = []
        for one in maps:
            covariance = np.cov(one[place].flatten(1).double().numpy(), bias=True)
            floor = FLOOR * np.trace(covariance) / len(covariance)
            logarithm = logm(covariance + floor * np.eye(len(covariance)))
            rows, columns = np.triu_indices(len(covariance))
            expected.append(logarithm[rows, columns] * np.where(rows == columns, 1, np.sqrt(2)))
        np.testing.assert_allclose(found[place].numpy(), np.concatenate(expected), atol=1e-4)


def test_distances_are_those_of_the_matrices():
    maps = drawn(2, 5, 8, 8)
    first, second = log_covariances([maps])
    matrices = []
    for one in maps:
        covariance = np.cov(one.flatten(1).double().numpy(), bias=True)
        floor = FLOOR * np.trace(covariance) / 5
        matrices.append(logm(covariance + floor * np.eye(5)))
    expected = np.linalg.norm(matrices[0] - matrices[1])
    assert float((first - second).norm()) == pytest.approx(expected, rel=1e-4)


def test_where_things_are_does_not_count():
    maps = drawn(1, 5, 8, 8)
    order = torch.randperm(64, generator=torch.Generator().manual_seed(1))
    moved = maps.flatten(2)[:, :, order].reshape(maps.shape)
    torch.testing.assert_close(log_covariances([maps]), log_covariances([moved]), atol=1e-5, rtol=0)


def test_maps_of_many_channels_are_left_out():
    few, many = drawn(2, 3, 4, 4), drawn(2, MOST_CHANNELS + 1, 4, 4)
    assert torch.equal(log_covariances([few, many]), log_covariances([few]))
    with pytest.raises(ValueError, match="no feature maps of 128 channels or fewer"):
        log_covariances([many])


def test_an_image_of_one_grey_value_has_finite_numbers():
    images = torch.stack([torch.zeros(1, 64, 64), torch.randn(1, 64, 64)])
    with torch.inference_mode():
        found = log_covariances(frozen_backbone("efficientnet_lite0").maps(images))
    assert found.shape == (2, sum(c * (c + 1) // 2 for c in (16, 24, 40, 80, 112)))
    assert found.isfinite().all()
    assert log_covariances([torch.zeros(1, 3, 4, 4)]).isfinite().all()
