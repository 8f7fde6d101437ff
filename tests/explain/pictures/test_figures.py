"""The pictures are looked at as pixels: what is where, in which colour."""

import numpy as np
import pytest

from monai_covid import RESEARCH_USE_ONLY
from monai_covid.explain.pictures.figures import (
    Cell,
    ClassMap,
    Scale,
    draw_cells,
    draw_map,
    draw_overlay,
    draw_panel,
)

SHAPE = (60, 40)
SCALE = Scale(1.0, np.zeros((2, 3)))


def one_sided(name, probability, sign=1.0):
    """Relevance in the upper left quarter alone."""
    relevance = np.zeros(SHAPE, dtype=np.float32)
    relevance[:30, :20] = sign
    return ClassMap(name, probability, relevance)


def drawn(axes):
    """Return the picture of axes as RGB."""
    values = axes.images[0].to_rgba(axes.images[0].get_array())
    return np.asarray(values)[..., :3] / (255 if values.dtype == np.uint8 else 1)


def texts(figure):
    own = [text.get_text() for text in figure.texts]
    inner = [text.get_text() for axes in figure.axes for text in axes.texts]
    return own + inner + [axes.get_title(loc="left") for axes in figure.axes]


def test_map_is_white_where_nothing_is_relevant():
    figure = draw_map(one_sided("COVID-19", 0.8), "LRP", "alone")
    picture = drawn(figure.axes[0])
    np.testing.assert_allclose(picture[45, 30], 1.0, atol=0.02)
    assert picture[10, 5, 0] > picture[10, 5, 2] + 0.3
    assert {"LRP", "alone", RESEARCH_USE_ONLY, "COVID-19", "0.800"} <= set(texts(figure))


def test_overlay_keeps_the_radiograph():
    grey = np.full(SHAPE, 0.5, dtype=np.float32)
    figure = draw_overlay(grey, one_sided("Normal", 0.1, -1.0), "LRP")
    picture = drawn(figure.axes[0])
    np.testing.assert_allclose(picture[45, 30], 0.5, atol=0.01)
    assert picture[10, 5, 2] > picture[10, 5, 0] + 0.3
    assert RESEARCH_USE_ONLY in texts(figure)


def test_lungs_are_outlined_on_every_picture():
    lungs = np.zeros(SHAPE, dtype=bool)
    lungs[10:50, 5:35] = True
    grey, one = np.full(SHAPE, 0.5, dtype=np.float32), one_sided("Normal", 0.1)
    figures = (
        draw_map(one, "a", "b", lungs),
        draw_overlay(grey, one, "a", "b", lungs),
        draw_panel(grey, [one], "a", "b", lungs),
    )
    for figure in figures:
        ((outline,),) = (axes.collections for axes in figure.axes if axes.collections)
        corners = np.concatenate([path.vertices for path in outline.get_paths()])
        np.testing.assert_allclose(corners.min(axis=0), (4.5, 9.5), atol=0.01)
        np.testing.assert_allclose(corners.max(axis=0), (34.5, 49.5), atol=0.01)


def test_long_lines_below_the_title_are_broken():
    short, long = (draw_map(one_sided("Normal", 0.1), "a", text) for text in ("b", "word " * 60))
    assert long.get_size_inches()[1] > short.get_size_inches()[1] + 0.4
    long.canvas.draw()
    width, height = long.canvas.get_width_height()
    for text in long.texts:
        box = text.get_window_extent()
        assert 0 <= box.x0 < box.x1 <= width
        assert box.y1 <= height


def test_panel_shows_radiograph_and_classes_on_one_scale():
    weak = ClassMap("Normal", 0.2, 0.1 * one_sided("", 0).relevance)
    classes = [one_sided("COVID-19", 0.7), one_sided("Pneumonia", 0.1, -1.0), weak]
    figure = draw_panel(np.full(SHAPE, 0.5, dtype=np.float32), classes, "LRP")
    pictures = [axes for axes in figure.axes if axes.get_title(loc="left")]
    titles = [axes.get_title(loc="left") for axes in pictures]
    assert titles == ["Radiograph", "COVID-19", "Pneumonia", "Normal"]
    assert {"0.700", "0.100", "0.200"} <= set(texts(figure))
    warmth = [drawn(axes)[10, 5, 0] - drawn(axes)[10, 5, 2] for axes in pictures[1:]]
    assert warmth[0] > 3 * warmth[2] > 0 > warmth[1]
    weights = {axes._left_title.get_text(): axes._left_title.get_weight() for axes in pictures}
    assert [name for name, weight in weights.items() if weight == "bold"] == ["COVID-19"]


@pytest.mark.parametrize("shape", [(60, 40), (40, 60), (50, 50), (20, 100)])
def test_nothing_overlaps_and_proportions_are_kept(shape):
    relevance = np.ones(shape, dtype=np.float32)
    classes = [ClassMap(name, 0.3, relevance) for name in ("COVID-19", "Pneumonia", "Normal")]
    figure = draw_panel(np.zeros(shape, dtype=np.float32), classes, "LRP", "each class alone")
    figure.canvas.draw()
    boxes = [axes.get_position() for axes in figure.axes]
    for index, one in enumerate(boxes):
        for other in boxes[:index]:
            apart = one.x0 >= other.x1 or other.x0 >= one.x1 or one.y0 >= other.y1
            assert apart or other.y0 >= one.y1
        assert 0 <= one.x0 < one.x1 <= 1
        assert 0 <= one.y0 < one.y1 <= 1
    width, height = figure.get_size_inches()
    picture = boxes[0]
    ratio = (picture.height * height) / (picture.width * width)
    assert ratio == pytest.approx(shape[0] / shape[1], rel=1e-6)


def test_refuses_pictures_of_different_sizes():
    with pytest.raises(ValueError, match="one size"):
        draw_cells([Cell(np.zeros((3, 4)), "a"), Cell(np.zeros((4, 4)), "b")], SCALE, "", "")
    with pytest.raises(ValueError, match="one size"):
        draw_cells([], SCALE, "", "")


def test_the_scale_has_the_colours_of_the_picture():
    """Full relevance looks on the picture as at the end of the scale."""
    grey = np.full(SHAPE, 0.5, dtype=np.float32)
    shown = one_sided("COVID-19", 0.8)
    for figure in (draw_overlay(grey, shown, "LRP"), draw_map(shown, "LRP")):
        picture, scale = drawn(figure.axes[0]), drawn(figure.axes[-1])
        np.testing.assert_allclose(scale[0, -1], picture[10, 5], atol=0.02)
        np.testing.assert_allclose(scale[0, 128], picture[45, 30], atol=0.05)
