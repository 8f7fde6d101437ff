import sys

import numpy as np
import pytest

from monai_covid.errors import OptionError
from monai_covid.lab.phantom.generate import generate_covid_case
from monai_covid.lab.phantom.options import PhantomOptions
from monai_covid.preprocessing.text.boxes import TextBox, is_text, text_mask
from monai_covid.preprocessing.text.finder import (
    TextFinder,
    check_text_extra,
    eight_bits,
    working_picture,
)


@pytest.fixture(scope="module")
def finder():
    return TextFinder(side=736)


@pytest.mark.parametrize("size", [224, 512])
def test_words_and_side_markers_are_found_and_read(finder, size):
    case = generate_covid_case(5, 3, "covid19", PhantomOptions(size=size))
    assert set(case.words) == {"L", "ERECT", "PA"}
    boxes = finder.find(case.pixels.astype(np.float32) / 7 - 3)
    mask = text_mask(boxes, case.pixels.shape)
    assert (mask & case.text_mask).sum() > 0.9 * case.text_mask.sum()
    assert mask.sum() < 3 * case.text_mask.sum()
    assert {"L", "ERECT"} <= {box.text for box in boxes}


def test_nothing_is_found_where_nothing_is_written(finder):
    case = generate_covid_case(5, 1, "pneumonia", PhantomOptions(size=256, text=False))
    assert finder.find(case.pixels.astype(np.float32)) == []


def test_what_is_no_grey_image_is_refused(finder):
    with pytest.raises(ValueError, match=r"shape \(3, 3, 3\)"):
        finder.find(np.zeros((3, 3, 3)))
    with pytest.raises(ValueError, match="finite"):
        finder.find(np.full((64, 64), np.nan))


def test_points_of_the_working_picture_lead_back_to_the_image():
    picture = working_picture(np.random.default_rng(0).random((100, 150)), 400)
    assert picture.pixels.shape == (400 + 64, 600 + 64, 3)
    ends = picture.to_image(np.array([[32.0, 32.0], [632.0, 432.0]]))
    assert ends == pytest.approx(np.array([[0, 0], [150, 100]]))
    assert eight_bits(np.array([[-4.0, 0.0], [4.0, 4.0]])).tolist() == [[0, 128], [255, 255]]
    assert eight_bits(np.ones((2, 2))).max() == 0


def test_very_long_images_do_not_grow_without_bound():
    assert max(working_picture(np.zeros((32, 3200)), 400).pixels.shape) <= 800 + 64


@pytest.mark.parametrize(
    ("centre", "side", "text", "score", "expected"),
    [
        ((500, 500), 40, "AP", 0.9, True),
        ((500, 500), 40, "AP", 0.2, False),
        ((500, 500), 40, "↑", 0.9, False),
        ((100, 100), 40, "", 0.0, True),
        ((100, 100), 130, "", 0.0, False),
        ((100, 100), 300, "AP", 0.9, False),
    ],
)
def test_what_is_taken_for_text(centre, side, text, score, expected):
    unit = np.array([[-1, -0.5], [1, -0.5], [1, 0.5], [-1, 0.5]])
    assert is_text(TextBox(centre + side * unit, text, score), (1000, 1000)) is expected


def test_a_missing_reader_is_an_error_that_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "rapidocr_onnxruntime", None)
    with pytest.raises(OptionError, match=r"rapidocr_onnxruntime.*monai-covid\[audit\].*no-deps"):
        check_text_extra()
