import numpy as np
import pytest

from monai_covid.lab.phantom.acquisition import Exposure, display, expose, transmission

IDEAL = Exposure(
    quanta=1e5, scatter=0.0, blur=0.01, low=0.5, high=4.5, contrast=4.0, background=0.1
)


def test_transmission_follows_the_beer_lambert_law():
    """Two layers in a row let through the product of what each lets through."""
    first, second = np.array([0.3, 1.7]), np.array([2.0, 0.1])
    assert transmission(np.zeros(1)) == 1.0
    assert np.allclose(transmission(first + second), transmission(first) * transmission(second))
    assert np.allclose(transmission(np.array([np.log(2.0)])), 0.5)


@pytest.mark.parametrize("scatter", [0.0, 0.3])
def test_more_attenuation_is_brighter(scatter):
    exposure = Exposure(**{**vars(IDEAL), "scatter": scatter})
    grey = display(expose(np.linspace(0.6, 4.4, 200)[None, :], exposure), exposure)[0]
    assert (np.diff(grey) > 0).all()


def test_display_window_spans_black_to_white():
    grey = display(np.exp(-np.array([[0.0, 0.5, 2.5, 4.5, 9.0]])), IDEAL)[0]
    assert np.allclose(grey, [0.0, 0.0, 127.5, 255.0, 255.0])


def test_quantum_noise_has_the_variance_of_a_poisson_process():
    random = np.random.default_rng(0)
    attenuation = np.full((400, 400), 2.0)
    measured = expose(attenuation, IDEAL, random.standard_normal(attenuation.shape))
    quanta = measured * IDEAL.quanta
    assert np.isclose(quanta.mean(), 1e5 * np.exp(-2), rtol=1e-3)
    assert np.isclose(quanta.var() / quanta.mean(), 1.0, atol=0.02)


def test_scatter_lowers_contrast():
    attenuation = np.array([[1.0, 3.0]])
    scattered = Exposure(**{**vars(IDEAL), "scatter": 0.5})
    clean, veiled = (np.ptp(display(expose(attenuation, e), e)) for e in (IDEAL, scattered))
    assert veiled < clean
