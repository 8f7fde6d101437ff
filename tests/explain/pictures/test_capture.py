import numpy as np
import pytest
from matplotlib.colors import to_rgb

from monai_covid.explain.pictures.blend import AGAINST, FOR, blend, display_grey
from monai_covid.explain.pictures.capture import LONGER_SIDE, draw_capture

LINES = ["RESEARCH USE ONLY", "COVID-19 70.0%"]
LEGEND = ("for", "against")


def drawn(shape=(300, 200), lines=LINES, limit=1.0):
    rows, columns = shape
    grey = np.tile(np.linspace(0, 4095, columns, dtype=np.float32), (rows, 1))
    relevance = np.zeros(shape, np.float32)
    relevance[: rows // 4] = 1
    relevance[-rows // 4 :] = -1
    return draw_capture(grey, relevance, limit, lines, LEGEND)


def below_caption(picture, shape):
    height = round(shape[0] * LONGER_SIDE / max(shape))
    return picture[-height:]


@pytest.mark.parametrize("shape", [(300, 200), (200, 300), (256, 256), (3000, 2500)])
def test_the_radiograph_keeps_its_proportions(shape):
    picture = drawn(shape)
    assert picture.dtype == np.uint8
    assert picture.shape[1] == round(shape[1] * LONGER_SIDE / max(shape))
    assert picture.shape[0] > round(shape[0] * LONGER_SIDE / max(shape))


def test_relevance_is_in_colour_and_the_rest_grey():
    shape = (300, 200)
    picture = below_caption(drawn(shape), shape).astype(float)
    top, middle, bottom = picture[60], picture[512], picture[-60]
    assert np.ptp(middle, axis=1).max() == 0
    # The darkest column shows the colour alone, at its full opacity.
    assert np.abs(top[0] - 255 * 0.85 * np.array(to_rgb(FOR))).max() <= 1
    assert np.abs(bottom[0] - 255 * 0.85 * np.array(to_rgb(AGAINST))).max() <= 1


def test_the_lungs_are_outlined_in_white():
    shape = (LONGER_SIDE, LONGER_SIDE)
    grey = np.tile(np.linspace(0, 1, shape[1], dtype=np.float32), (shape[0], 1))
    lungs = np.zeros((64, 64), dtype=bool)
    lungs[16:48, 16:48] = True
    picture = below_caption(
        draw_capture(grey, np.zeros(shape, np.float32), 1.0, LINES, LEGEND, lungs=lungs), shape
    )
    for row, column in ((256, 500), (767, 500), (500, 256), (500, 767)):
        around = picture[row - 4 : row + 5, column - 4 : column + 5].min(axis=2)
        assert 9 <= (around == 255).sum() <= 27
    assert (picture[300:700, 300:700].min(axis=2) < 255).all()


def test_the_caption_is_legible_and_its_legend_has_the_colours():
    picture = drawn()
    caption = picture[: len(picture) - LONGER_SIDE]
    assert (caption.min(axis=2) == 255).sum() > 500
    for colour in (FOR, AGAINST):
        wanted = np.rint(255 * np.array(to_rgb(colour)))
        assert (np.abs(caption - wanted).max(axis=2) == 0).sum() > 100


def test_long_lines_are_broken_not_cut():
    words = " ".join(f"Probability{index}" for index in range(40))
    narrow = drawn((1000, 300), [words])
    assert len(narrow) > len(drawn((1000, 300), ["short"])) + 200
    # Nothing touches the right edge.
    assert narrow[: len(narrow) - LONGER_SIDE, -8:].max() == 0


def test_the_colours_are_those_of_the_other_pictures():
    shape = (LONGER_SIDE, LONGER_SIDE)
    generator = np.random.default_rng(0)
    grey = generator.random(shape).astype(np.float32)
    relevance = generator.normal(size=shape).astype(np.float32)
    picture = below_caption(draw_capture(grey, relevance, 2.0, LINES, LEGEND), shape)
    expected = 255 * blend(display_grey(grey), relevance, 2.0)
    assert np.abs(picture - expected).max() <= 1.5
