from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from monai_covid.audits.shortcuts.cues import border_strips, grey_histogram, thumbnail


@pytest.fixture
def pixels():
    return np.random.default_rng(0).uniform(0, 255, (60, 83)).astype(np.float32)


def test_border_strips_are_those_of_plain_loops(pixels):
    expected = []
    # A twentieth of 60 is 3 pixels; 83 columns make three parts of 11 and five of 10.
    columns = [0, 11, 22, 33, 43, 53, 63, 73, 83]
    rows = [0, 8, 16, 24, 32, 39, 46, 53, 60]
    for strip in (pixels[:3], pixels[57:]):
        expected += [strip[:, a:b] for a, b in pairwise(columns)]
    for strip in (pixels[:, :3], pixels[:, 80:]):
        expected += [strip[a:b] for a, b in pairwise(rows)]
    values = [value for part in expected for value in (part.mean(), part.std())]
    np.testing.assert_allclose(border_strips(pixels), values, rtol=1e-6)


def test_border_strips_do_not_see_the_inside(pixels):
    before = border_strips(pixels)
    pixels[3:-3, 3:-3] = 0
    np.testing.assert_array_equal(border_strips(pixels), before)


def test_thumbnail_is_that_of_pillow(pixels):
    expected = np.asarray(Image.fromarray(pixels).resize((8, 8), Image.Resampling.BILINEAR))
    np.testing.assert_allclose(thumbnail(pixels, 8), expected.ravel(), atol=1e-3)


def test_equalised_thumbnail_does_not_see_exposure(pixels):
    first = thumbnail(pixels, 16, equalised=True)
    np.testing.assert_allclose(thumbnail(3 * pixels + 7, 16, equalised=True), first, atol=0.01)
    assert not np.allclose(thumbnail(3 * pixels + 7, 16), thumbnail(pixels, 16))


def test_histogram_is_that_of_plain_loops(pixels):
    counts = np.zeros(32)
    for value in pixels.ravel():
        counts[min(31, int(value / 255 * 32))] += 1
    np.testing.assert_allclose(grey_histogram(pixels), counts / pixels.size, atol=1e-12)


def test_histogram_of_deep_images_spans_their_own_range(pixels):
    deep = 1000 + 8 * pixels
    parts = grey_histogram(deep)
    assert parts.sum() == pytest.approx(1)
    assert parts[0] > 0
    assert parts[31] > 0


def test_histogram_of_a_flat_image_is_defined():
    parts = grey_histogram(np.full((40, 40), 300.0))
    assert parts.tolist() == [1.0] + 31 * [0.0]
