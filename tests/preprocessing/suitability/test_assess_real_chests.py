"""Real radiographs pass; turned and inverted ones are refused."""

import numpy as np
import pandas as pd
import pytest

from monai_covid.data.images import read_image
from monai_covid.preprocessing.suitability.assess import REASONS, assess

pytestmark = pytest.mark.real_data

SPOILT = {
    "turned_90": lambda pixels: np.rot90(pixels, 1),
    "turned_180": lambda pixels: np.rot90(pixels, 2),
    "turned_270": lambda pixels: np.rot90(pixels, 3),
    "inverted": lambda pixels: pixels.max() + pixels.min() - pixels,
}


@pytest.fixture(scope="module")
def radiographs(real_data):
    """40 images of fold 0, which nothing was fitted or chosen on: of each class about alike."""
    table = pd.read_csv(real_data / "covid" / "metadata.csv")
    fold = table[table["fold"] == 0]
    names = [name for _, part in fold.groupby("label") for name in part["image"].iloc[:14]][:40]
    return [read_image(real_data / "covid" / "images" / name) for name in names]


def test_originals_pass(radiographs):
    assert len(radiographs) == 40
    assert [assess(pixels).codes for pixels in radiographs] == [()] * 40


def test_the_caution_of_mirrored_images_is_rarely_wrong(real_data):
    """At most 1 % false ones in hospitals that its threshold was not chosen on; it finds most."""
    nih = (real_data / "nih" / "test_list.txt").read_text().split()
    files = [real_data / "nih" / "images" / name for name in nih]
    files += sorted((real_data / "nlm_tb" / "images").glob("MCUCXR*.jpg"))
    images = [read_image(file) for file in files]
    assert len(images) > 350
    for pixels, least, most in (
        (images, 0, 0.01),
        ([np.ascontiguousarray(image[:, ::-1]) for image in images[::3]], 0.6, 1),
    ):
        told = ["mirrored" in assess(image).caution_codes for image in pixels]
        assert least <= sum(told) / len(told) <= most


@pytest.mark.parametrize("kind", SPOILT)
def test_spoilt_copies_are_refused(radiographs, kind):
    found = [assess(np.ascontiguousarray(SPOILT[kind](pixels))) for pixels in radiographs]
    assert [one.suitable for one in found] == [False] * 40


def test_the_reason_is_mostly_the_right_one(radiographs):
    found = [assess(np.ascontiguousarray(np.rot90(pixels, 2))) for pixels in radiographs]
    assert sum(REASONS["turned_180"] in one.reasons for one in found) >= 38
