import numpy as np
import pytest

from monai_covid.preprocessing.text.boxes import TextBox, text_mask


def box(x0, y0, x1, y1, angle=0.0):
    corners = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], dtype=float)
    centre, turn = corners.mean(axis=0), np.deg2rad(angle)
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return TextBox((corners - centre) @ matrix.T + centre, "AP", 0.9)


def test_an_upright_box_covers_its_pixels_and_no_others():
    mask = text_mask([box(10, 5, 20, 9)], (30, 40), margin=0)
    rows, columns = np.nonzero(mask)
    assert set(range(10, 20)) <= set(columns) <= set(range(9, 21))
    assert set(range(5, 9)) <= set(rows) <= set(range(4, 10))


@pytest.mark.parametrize("angle", [0, 17, 90])
def test_growing_adds_the_margin_on_every_side(angle):
    grown = TextBox(box(50, 50, 90, 60, angle).grown(0.3), "", 0.0)
    assert grown.sides == pytest.approx((10 + 2 * 3, 40 + 2 * 3))
    assert grown.centre == pytest.approx([70, 55])


def test_a_tilted_box_has_the_area_of_an_upright_one():
    mask = text_mask([box(20, 30, 80, 50, 33)], (100, 100), margin=0)
    assert mask.sum() == pytest.approx(60 * 20, rel=0.12)  # the outline is drawn as well


def test_boxes_beyond_the_edge_are_cut_off():
    mask = text_mask([box(-5, -5, 4, 3)], (20, 20))
    assert mask[0, 0]
    assert not mask[10:, 10:].any()
    assert not text_mask([], (20, 20)).any()
