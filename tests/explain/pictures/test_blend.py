import numpy as np
import pytest

from monai_covid.explain.pictures.blend import blend, display_grey


def test_without_relevance_the_radiograph_is_grey_as_it_was():
    grey = np.random.default_rng(0).random((8, 9)).astype(np.float32)
    shown = blend(grey, np.zeros_like(grey), 1.0)
    np.testing.assert_allclose(shown, np.repeat(grey[..., None], 3, axis=2), atol=1e-6)


def test_for_is_orange_and_against_blue_and_stronger_is_more_so():
    grey = np.full((1, 5), 0.4, dtype=np.float32)
    shown = blend(grey, np.array([[-1.0, -0.1, 0.0, 0.1, 1.0]], dtype=np.float32), 1.0)
    warmth = shown[0, :, 0] - shown[0, :, 2]
    assert (np.diff(warmth) > 0).all()
    assert warmth[2] == 0
    assert warmth[0] < -0.5
    assert warmth[4] > 0.5


def test_beyond_the_scale_it_gets_no_stronger_and_anatomy_shows_through():
    relevance = np.array([[1.0, 50.0]], dtype=np.float32)
    dark = blend(np.zeros((1, 2), dtype=np.float32), relevance, 1.0)
    bright = blend(np.ones((1, 2), dtype=np.float32), relevance, 1.0)
    np.testing.assert_array_equal(dark[0, 0], dark[0, 1])
    assert (bright - dark > 0.1).all()


def test_refuses_what_does_not_fit():
    grey = np.zeros((4, 4), dtype=np.float32)
    with pytest.raises(ValueError, match="does not fit the image"):
        blend(grey, np.zeros((4, 5), dtype=np.float32), 1.0)
    with pytest.raises(ValueError, match="above 0, got 0"):
        blend(grey, grey, 0.0)


def test_grey_values_of_any_scale_are_shown_in_full_range():
    pixels = np.linspace(-1000, 3000, 10_000, dtype=np.float32).reshape(100, 100)
    pixels[0, 0] = 60_000.0
    grey = display_grey(pixels)
    assert (grey.min(), grey.max()) == (0.0, 1.0)
    assert grey[50, 50] == pytest.approx(0.5, abs=0.02)
    assert (display_grey(np.full((5, 5), 7.0)) == 0).all()
