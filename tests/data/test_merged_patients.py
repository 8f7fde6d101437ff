"""Who is the same patient in two collections that are put together."""

import shutil

import pytest

from monai_covid.data.collections.reading import read_collection
from monai_covid.data.merging import merge
from monai_covid.data.unknown_patients import count_unknown
from monai_covid.errors import InputError
from tests.data.collections_on_disk import write_manifest, write_picture

CLASSES = ("normal", "pneumonia")


def folders_of_classes(folder):
    for label in CLASSES:
        for number in range(3):
            write_picture(folder / label / f"{number}.png", number)
    return folder


def merged(*places, names=None, same_patients=False):
    collections = [
        (name, read_collection(place))
        for name, place in zip(names or [place.name for place in places], places, strict=True)
    ]
    return merge(collections, CLASSES, same_patients=same_patients)


@pytest.mark.parametrize("same_patients", [False, True])
def test_unknown_patients_of_equal_names_are_others_and_stay_unknown(tmp_path, same_patients):
    one, two = folders_of_classes(tmp_path / "one"), folders_of_classes(tmp_path / "two")
    frame, notes = merged(one, two, same_patients=same_patients)
    assert len(frame) == frame["patient_id"].nunique() == count_unknown(frame["patient_id"]) == 12
    assert "image:two/normal/0.png" in set(frame["patient_id"])
    assert notes == ["one: 6 of 6 images", "two: 6 of 6 images"]
    frame.to_csv(tmp_path / "all.csv", index=False)
    assert count_unknown(read_collection(tmp_path / "all.csv").patients) == 12


def test_numbers_of_unrelated_collections(tmp_path):
    rows = ["a.png,normal,1", "b.png,pneumonia,2", "c.png,normal,3"]
    places = [write_manifest(tmp_path / name, rows) for name in ("first/x", "second/x", "third")]
    frame, notes = merged(*places, names=["x", "x", "third"])
    assert frame["patient_id"].tolist() == [
        *("x/1", "x/2", "x/3", "x 2/1", "x 2/2", "x 2/3"),
        *("third/1", "third/2", "third/3"),
    ]
    assert notes[-1].startswith("3 patient ids in several collections: taken for different")
    with pytest.raises(InputError, match="adds nothing: all its patients are in the collections"):
        merged(*places, names=["x", "x", "third"], same_patients=True)


def test_patients_of_chest_xray14_are_the_same_whatever_collection_has_them(tmp_path):
    first = write_manifest(tmp_path / "a", ["a.png,normal,nih-7", "00000008_000.png,normal,p8"])
    second = write_manifest(
        tmp_path / "b",
        ["b.png,normal,NIH-00007", "c.png,pneumonia,nih-8", "d.png,pneumonia,nih-9"],
    )
    frame, _ = merged(first, second, names=["a", "b"])
    assert frame["patient_id"].tolist() == ["nih-00007", "p8", "nih-00009"]


def test_the_patient_of_an_image_file_that_both_list_is_the_same(tmp_path):
    rows = ["a.png,normal,1", "b.png,pneumonia,2"]
    first = write_manifest(tmp_path, rows)
    second = shutil.copy(first, tmp_path / "again.csv")
    second.write_text("image,label,patient_id\na.png,normal,p1\nc.png,normal,p1\nd.png,normal,p2\n")
    for name in ("c.png", "d.png"):
        write_picture(tmp_path / name)
    frame, notes = merged(first, second, names=["metadata", "again"])
    assert frame["patient_id"].tolist() == ["1", "2", "p2"]
    assert notes[1] == "again: 1 of 3 images; left out: 2 of patients of the collections before it"
