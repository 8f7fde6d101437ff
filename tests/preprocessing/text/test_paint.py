import numpy as np
import pytest

from monai_covid.preprocessing.text.paint import Place, paint_text

DARK = np.tile(np.linspace(0, 100, 120), (100, 1))


def extent(mask):
    rows, columns = np.nonzero(mask)
    return rows.min(), rows.max() + 1, columns.min(), columns.max() + 1


def test_the_word_stands_where_it_should_in_the_size_it_should_have():
    painted, mask = paint_text(DARK, "AP", Place(0.25, 0.5, 0.12))
    top, bottom, left, right = extent(mask)
    assert (top + bottom) / 2 == pytest.approx(50, abs=2)
    assert (left + right) / 2 == pytest.approx(30, abs=2)
    assert 0.5 * 12 < bottom - top <= 12
    assert np.array_equal(painted[~mask], DARK.astype(np.float32)[~mask])
    assert painted.max() >= 85


@pytest.mark.parametrize("corner", [(0, 0), (1, 0), (0, 1), (1, 1)])
@pytest.mark.parametrize("word", ["R", "A VERY LONG REMARK OF THE DEPARTMENT"])
def test_words_stay_within_the_image(corner, word):
    _, mask = paint_text(DARK, word, Place(*corner, 0.4))
    top, bottom, left, right = extent(mask)
    assert 0 <= top < bottom <= 100
    assert 0 <= left < right <= 120


def test_on_bright_ground_the_word_gets_a_dark_plate():
    bright = np.full((100, 120), 200.0)
    bright[:10] = 0
    painted, mask = paint_text(bright, "SUPINE", Place(0.5, 0.8, 0.1))
    top, bottom, left, right = extent(mask)
    assert mask[top:bottom, left:right].all()
    assert painted[mask].min() < 0.1 * 200
    assert painted[mask].max() > 0.8 * 200


def test_the_seed_decides_and_the_scale_of_grey_values_does_not_matter():
    first, where = paint_text(DARK, "ERECT", seed=3)
    again, _ = paint_text(DARK, "ERECT", seed=3)
    assert np.array_equal(first, again)
    scaled, there = paint_text(40 * DARK - 7, "ERECT", seed=3)
    assert scaled == pytest.approx(40 * first - 7, abs=0.01)
    assert np.array_equal(where, there)
    others = [extent(paint_text(DARK, "ERECT", seed=seed)[1]) for seed in range(8)]
    assert len(set(others)) > 3


def test_an_empty_word_is_refused():
    with pytest.raises(ValueError, match="empty"):
        paint_text(DARK, "  ")
