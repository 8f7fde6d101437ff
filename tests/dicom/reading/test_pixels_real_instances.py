import csv

import numpy as np
import pytest

from monai_covid.dicom.reading.pixels import read_radiograph

pytestmark = pytest.mark.real_data


@pytest.fixture(scope="module")
def rows(real_data):
    with (real_data / "dicom" / "index.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_real_instances_have_their_size_and_depth(rows, real_data):
    for row in rows:
        grey = read_radiograph(real_data / "dicom" / row["file"])
        assert grey.shape == (int(row["rows"]), int(row["cols"])), row["file"]
        assert 0 <= grey.min() < grey.max() <= 2 ** int(row["bits_stored"]) - 1, row["file"]


def test_real_instances_show_lungs_darker_than_the_spine(rows, real_data):
    for row in rows:
        grey = read_radiograph(real_data / "dicom" / row["file"])
        height, width = grey.shape
        middle_rows = slice(int(0.35 * height), int(0.6 * height))
        spine = np.median(grey[middle_rows, int(0.47 * width) : int(0.53 * width)])
        for side in (0.25, 0.75):
            column = int(side * width)
            lung = np.median(grey[middle_rows, column - width // 20 : column + width // 20])
            assert lung < spine, row["file"]
