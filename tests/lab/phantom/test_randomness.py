import numpy as np
from scipy.interpolate import BSpline

from monai_covid.lab.phantom.randomness import smooth_noise, stretch


def test_stretch_evaluates_a_uniform_cubic_spline():
    coefficients = np.random.default_rng(0).standard_normal((9, 4))
    knots = np.arange(-3, 10)
    positions = (np.arange(50) + 0.5) * 6 / 50
    assert np.allclose(stretch(coefficients, 50), BSpline(knots, coefficients, 3)(positions))


def test_noise_has_unit_deviation_and_the_shape_asked_for():
    noise = smooth_noise(np.random.default_rng(1), (300, 200), 5.0)
    assert noise.shape == (300, 200)
    assert abs(noise.mean()) < 0.1
    assert abs(noise.std() - 1.0) < 0.1


def test_a_larger_cell_makes_smoother_noise():
    fine, coarse = (smooth_noise(np.random.default_rng(1), (128, 128), c) for c in (3.0, 12.0))
    assert np.abs(np.diff(coarse)).mean() < 0.5 * np.abs(np.diff(fine)).mean()
