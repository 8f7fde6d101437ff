import numpy as np
import pytest

from monai_covid.preprocessing.suitability import statistics
from monai_covid.preprocessing.suitability.statistics import sample_of


@pytest.mark.parametrize("exponent", [0.0, -1.0, -2.0, -3.0])
def test_slope_of_noise_made_with_a_known_slope(exponent: float) -> None:
    random = np.random.default_rng(1)
    spectrum = np.fft.fft2(random.standard_normal((128, 128)))
    line = np.fft.fftfreq(128)
    frequency = np.hypot(line[:, None], line[None])
    frequency[0, 0] = 1
    image = np.fft.ifft2(spectrum * frequency ** (exponent / 2)).real
    assert statistics.spectrum_slope(sample_of(image)) == pytest.approx(exponent, abs=0.25)


def test_slope_agrees_with_polyfit() -> None:
    random = np.random.default_rng(2)
    x, y = random.random(40), random.random(40)
    assert statistics._slope(x, y) == pytest.approx(np.polyfit(x, y, 1)[0])


def test_tone_share_of_a_half_filled_image() -> None:
    sample = np.tile(np.linspace(0, 1, 1024, dtype=np.float32), (64, 1))
    sample[:32] = 0.5
    assert statistics.tone_share(sample) == pytest.approx(0.5 + 0.5 / 32, abs=0.01)


def test_clipped_share_counts_both_ends() -> None:
    sample = np.full((10, 10), 0.5, np.float32)
    sample[0], sample[1, :5] = 0, 1
    assert statistics.clipped_share(sample) == pytest.approx(0.15)


def test_contrast_is_the_distance_of_percentiles() -> None:
    sample = np.linspace(0, 1, 10001, dtype=np.float32).reshape(73, 137)
    assert statistics.contrast(sample) == pytest.approx(0.9, abs=1e-3)


def test_border_share_is_the_area_of_the_bars() -> None:
    sample = np.random.default_rng(0).random((100, 80)).astype(np.float32)
    assert statistics.border_share(sample) == 0
    sample[:10] = 0
    sample[:, 60:] = 0
    assert statistics.border_share(sample) == pytest.approx(1 - 90 * 60 / 8000)
    assert statistics.border_share(np.zeros((8, 8), np.float32)) == 1
