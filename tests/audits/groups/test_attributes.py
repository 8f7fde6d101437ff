import numpy as np
import pytest

from monai_covid.audits.groups.attributes import NOT_GIVEN, age_group, attributes_of
from monai_covid.data.collections.reading import read_collection
from monai_covid.errors import InputError
from tests.audits.groups.invented import records


@pytest.mark.parametrize(
    ("text", "group"),
    [
        ("58", "40-59"),
        ("58.0", "40-59"),
        ("058Y", "40-59"),
        ("59.9", "40-59"),
        ("60", "60-79"),
        ("0", "0-17"),
        ("17", "0-17"),
        ("18", "18-39"),
        ("39", "18-39"),
        ("79", "60-79"),
        ("80", "80+"),
        ("120", "80+"),
        ("006M", "0-17"),
        ("240M", "18-39"),
        ("003W", "0-17"),
        ("021D", "0-17"),
        ("", NOT_GIVEN),
        (" NaN ", NOT_GIVEN),
        ("414", NOT_GIVEN),
        ("adult", None),
        ("-3", None),
        ("50-60", None),
    ],
)
def test_age_groups(text, group):
    assert age_group(text) == group


def test_all_wrong_ages_are_named_with_their_rows():
    some = records([0, 1, 2, 0], age=["50", "old", "", "4x"])
    with pytest.raises(InputError) as error:
        attributes_of(some)
    assert [problem.row for problem in error.value.problems] == [3, 5]
    assert "'old'" in str(error.value)
    assert "058Y" in str(error.value)


def test_attributes_and_their_groups():
    some = records(
        [0, 1, 2, 1],
        source=["b", "a", "b", " a "],
        sex=["f", "M", "", "Female"],
        age=["80", "5", "", "20"],
        view=["", "", "unknown", ""],
    )
    found = {one.name: one for one in attributes_of(some)}
    assert list(found) == ["source", "sex", "age", "class"], "a view is given for no image"
    assert found["source"].groups == ("a", "b")
    assert found["source"].codes.tolist() == [1, 0, 1, 0]
    assert found["sex"].groups == ("F", "M", NOT_GIVEN)
    assert found["sex"].codes.tolist() == [0, 1, 2, 0]
    assert found["age"].groups == ("0-17", "18-39", "80+", NOT_GIVEN)
    assert found["age"].codes.tolist() == [2, 0, 3, 1]
    assert found["class"].groups == ("COVID-19", "Pneumonia", "Normal")
    assert found["class"].codes.tolist() == [0, 1, 2, 1]


def test_columns_that_are_not_there_are_no_attributes():
    assert [one.name for one in attributes_of(records([0, 1]))] == ["class"]


@pytest.mark.real_data
def test_real_collection(real_data):
    found = {one.name: one for one in attributes_of(read_collection(real_data / "covid"))}
    view = dict(zip(found["view"].groups, np.bincount(found["view"].codes).tolist(), strict=True))
    assert view == {"AP": 580, "AP Supine": 16, "PA": 522}
    sex = dict(zip(found["sex"].groups, np.bincount(found["sex"].codes).tolist(), strict=True))
    assert sex == {"F": 511, "M": 594, NOT_GIVEN: 13}
    assert np.bincount(found["age"].codes)[0] == 72 + 23 + 1, "normal, pneumonia, covid19 below 18"
