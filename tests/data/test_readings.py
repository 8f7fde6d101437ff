"""Readings files: what is taken, and what is refused with its row."""

import numpy as np
import pytest

from monai_covid.data.readings import read_readings
from monai_covid.errors import InputError
from monai_covid.labels import COVID_LABELS


def written(tmp_path, text):
    file = tmp_path / "readings.csv"
    file.write_text(text, encoding="utf-8")
    return file


def test_classes_are_numbers_and_other_columns_are_passed_over(tmp_path):
    file = written(tmp_path, "image,reader,pneumonia,normal\na.png,AB,1,\nb.png,AB,0,1\n")
    found = read_readings(file, COVID_LABELS)
    assert found.index.tolist() == ["a.png", "b.png"]
    assert set(found) == {"pneumonia", "normal"}
    np.testing.assert_array_equal(found["pneumonia"], [1, 0])
    np.testing.assert_array_equal(found["normal"], [np.nan, 1])


def test_without_a_class_the_columns_are_named(tmp_path):
    file = written(tmp_path, "image,opacity\na.png,1\n")
    with pytest.raises(InputError, match=r"no column is a class \(.*pneumonia.*found: opacity"):
        read_readings(file, COVID_LABELS)


def test_all_problems_are_named_with_their_rows(tmp_path):
    rows = "a.png,1\nb.png,yes\na.png,0\n,1\nc.png,0.5\n"
    file = written(tmp_path, f"image,pneumonia\n{rows}")
    with pytest.raises(InputError) as caught:
        read_readings(file, COVID_LABELS)
    text = str(caught.value)
    for expected in (
        ":3: pneumonia is 'yes'; it must be 1 (seen), 0 (not seen) or empty",
        ":4: image 'a.png' stands in an earlier row",
        ":5: 'image' is empty",
        ":6: pneumonia is '0.5'",
    ):
        assert expected in text, text


def test_a_column_that_is_nearly_a_class_is_not_passed_over(tmp_path):
    file = written(tmp_path, "image,pneumonia,covid-19\na.png,1,0\n")
    with pytest.raises(InputError, match="no class 'covid-19'; did you mean 'covid19'"):
        read_readings(file, COVID_LABELS)


def test_cells_that_are_all_empty_are_no_readings(tmp_path):
    file = written(tmp_path, "image,pneumonia\na.png,\nb.png,\n")
    with pytest.raises(InputError, match="no image was read: pneumonia has neither 1 nor 0"):
        read_readings(file, COVID_LABELS)


@pytest.mark.parametrize(
    "text", ["\ufeffimage,pneumonia\r\na.png,1\r\n", 'image,"pneumonia"\n a.png , 1 \n']
)
def test_other_ways_to_write_a_csv(tmp_path, text):
    found = read_readings(written(tmp_path, text), COVID_LABELS)
    assert found["pneumonia"].to_dict() == {"a.png": 1.0}


def test_semicolons_are_read(tmp_path):
    found = read_readings(written(tmp_path, "image;pneumonia\na.png;1\n"), COVID_LABELS)
    assert found["pneumonia"].to_dict() == {"a.png": 1.0}
