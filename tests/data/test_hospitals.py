"""Hospitals held out: their images tested, their patients nowhere else."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from monai_covid.data.hospitals import (
    folds_by_hospital,
    hospital_cells,
    hospital_names,
    hospital_sections,
    hospital_targets,
    only_in,
    without_hospital,
)
from monai_covid.data.records import Records
from monai_covid.errors import InputError, OptionError

LABELS = ("covid19", "pneumonia", "normal")


def records(*rows):
    """Rows of image, label, patient and hospital."""
    frame = pd.DataFrame(rows, columns=["image", "label", "patient_id", "source"], dtype=str)
    frame.index = frame.index + 2
    targets = np.array([[label == name for name in LABELS] for label in frame["label"]])
    return Records(Path("all.csv"), LABELS, frame, frame["image"].to_numpy(), targets)


@pytest.fixture
def three():
    """Patient 1 of north was in south too; only west has pneumonia; one image tells its patient."""
    return records(
        ("a.png", "normal", "1", "north"),
        ("b.png", "covid19", "2", "north"),
        ("c.png", "normal", "1", "south"),
        ("d.png", "covid19", "3", "south"),
        ("e.png", "normal", "nih-00007", "south"),
        ("f.png", "pneumonia", "5", "west"),
        ("g.png", "normal", "6", "west"),
        ("x_00000007_003.png", "normal", "renumbered", "west"),
    )


def test_a_hospital_is_tested_and_its_patients_are_nowhere_else(three):
    assert hospital_names(three, "source") == ["north", "south", "west"]
    assert hospital_sections(three, "source", 0).tolist() == [
        *("test", "test", "unused", "", "", "", "", "")
    ]
    assert hospital_sections(three, "source", 1).tolist() == [
        *("unused", "", "test", "test", "test", "", "", "unused")
    ]


def test_the_only_hospital_of_a_class_is_never_held_out(three):
    assert only_in(three, "source") == {"west": ["pneumonia"]}
    assert folds_by_hospital(three, "source") == {0: "north", 1: "south"}
    with pytest.raises(OptionError, match=r"'west' cannot be held out: no other .* pneumonia"):
        hospital_sections(three, "source", 2)
    with pytest.raises(OptionError, match=r"one of 0 \(north\), 1 \(south\), 2 \(west\) in all"):
        hospital_sections(three, "source", 3)
    apart = records(("a.png", "normal", "1", "north"), ("b.png", "covid19", "2", "south"))
    with pytest.raises(
        InputError, match=r"no hospital of 'source' can be held out: each has .*north has n"
    ):
        folds_by_hospital(apart, "source")


def test_each_class_of_each_hospital_is_a_target(three):
    targets = hospital_targets(three, "source")
    assert targets.shape == (8, 9)
    assert targets.sum(axis=0).tolist() == [1, 0, 1, 1, 0, 2, 0, 1, 2]
    assert (targets.sum(axis=1) == 1).all()


def test_further_images_of_the_hospital_stay_out(three):
    assert without_hospital(three, "source", "west").frame["image"].tolist() == [
        *("a.png", "b.png", "c.png", "d.png", "e.png")
    ]
    with pytest.raises(InputError, match=r"all.csv:1: has no column 'ward': is 'west'"):
        without_hospital(three, "ward", "west")
    three.frame.loc[4, "source"] = ""
    with pytest.raises(InputError, match=r"all.csv:4: 'source' is empty"):
        without_hospital(three, "source", "west")


def test_columns_that_name_no_hospitals(three):
    frame = three.frame
    with pytest.raises(InputError, match=r"all.csv:1: has no column 'Source'.*mean 'source'"):
        hospital_cells(Path("all.csv"), frame, "Source")
    one = frame.assign(source="north")
    with pytest.raises(InputError, match=r"all.csv: 'source' names one hospital, 'north'; give im"):
        hospital_cells(Path("all.csv"), one, "source")
    blank = frame.assign(source=["", *frame["source"][1:]])
    with pytest.raises(InputError, match=r"all.csv:2: 'source' is empty; expected the hospital"):
        hospital_cells(Path("all.csv"), blank, "source")
    with pytest.raises(InputError, match=r"1 problem .*\n.*csv:2: 'source' is empty in 8 rows"):
        hospital_cells(Path("all.csv"), frame.assign(source=""), "source")
    many = pd.concat([frame] * 30, ignore_index=True)
    many["date"] = [str(number) for number in range(len(many))]
    with pytest.raises(InputError, match=r"'date' has 240 values, such as '0' and '1'; give"):
        hospital_cells(Path("all.csv"), many, "date")
