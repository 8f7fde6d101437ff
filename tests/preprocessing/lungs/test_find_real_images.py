"""Real radiographs: how many are taken for what they are, upright and turned."""

import csv

import numpy as np
import pytest

from monai_covid.data.images import read_image
from monai_covid.preprocessing.lungs.find import find_lungs

pytestmark = pytest.mark.real_data
TURNS = [lambda p: np.rot90(p, 1), lambda p: np.rot90(p, 2), lambda p: np.rot90(p, 3)]


@pytest.fixture(scope="module")
def radiographs(real_data):
    with (real_data / "covid" / "metadata.csv").open(encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["fold"] == "1"]
    return [read_image(real_data / "covid" / "images" / row["image"]) for row in rows[::5]]


def test_most_upright_ones_are_plausible(radiographs):
    assert np.mean([find_lungs(pixels).plausible for pixels in radiographs]) > 0.9


def test_hardly_any_turned_or_inverted_one_is_plausible(radiographs):
    changed = [turn(pixels) for pixels in radiographs for turn in TURNS]
    changed += [pixels.max() - pixels for pixels in radiographs]
    assert np.mean([find_lungs(pixels).plausible for pixels in changed]) < 0.05
