from collections import Counter

import numpy as np
import pytest

from monai_covid.data.nih import inspect_nih, read_nih
from monai_covid.errors import InputError
from monai_covid.labels import NIH_LABELS
from tests.data.collections_on_disk import (
    NIH_ROWS,
    NIH_TEST,
    NIH_TRAIN_VAL,
    found,
    write_nih,
    write_picture,
)

TABLE = {  # images per label: all, train_val, test (README of the real data)
    "No Finding": (600, 589, 11),
    "Pneumonia": (516, 360, 156),
    "Infiltration": (306, 234, 72),
    "Atelectasis": (198, 166, 32),
    "Effusion": (171, 130, 41),
    "Edema": (113, 66, 47),
    "Consolidation": (113, 91, 22),
    "Nodule": (107, 94, 13),
    "Pleural_Thickening": (94, 78, 16),
    "Mass": (89, 64, 25),
    "Cardiomegaly": (72, 56, 16),
    "Fibrosis": (64, 50, 14),
    "Pneumothorax": (56, 43, 13),
    "Emphysema": (51, 41, 10),
    "Hernia": (23, 18, 5),
}


def problems(folder, labels=NIH_LABELS):
    with pytest.raises(InputError) as caught:
        read_nih(folder, labels)
    return found(caught.value)


def test_records(tmp_path):
    records = read_nih(write_nih(tmp_path))
    assert records.labels == NIH_LABELS
    assert records.frame["image"].tolist() == [row[0] for row in NIH_ROWS]
    assert records.patients.tolist()[:3] == ["nih-00001", "nih-00001", "nih-00002"]
    assert records.frame["split"].tolist() == ["train_val"] * 3 + ["test"] * 2
    assert records.frame.loc[2, ["view", "sex", "age", "follow_up"]].tolist() == [
        "PA",
        "M",
        "58",
        "0",
    ]
    for row, (_, findings, _) in enumerate(NIH_ROWS):
        expected = [label in findings.split("|") for label in NIH_LABELS]
        assert records.targets[row].tolist() == expected


@pytest.mark.parametrize("images", ["images", "", "images_001/images", "images_012"])
@pytest.mark.parametrize("name", ["Data_Entry_2017.csv", "Data_Entry_2017_v2020.csv"])
def test_places_of_images_and_names_of_the_csv(tmp_path, images, name):
    records = read_nih(write_nih(tmp_path, images=images, name=name))
    assert records.paths.tolist() == [str(tmp_path / images / row[0]) for row in NIH_ROWS]


def test_images_spread_over_folders(tmp_path):
    folder = write_nih(tmp_path, images="images_001/images")
    moved = folder / "images_002" / "images" / NIH_ROWS[0][0]
    moved.parent.mkdir(parents=True)
    (folder / "images_001" / "images" / NIH_ROWS[0][0]).rename(moved)
    assert read_nih(folder).paths[0] == str(moved)


def test_header_without_trailing_column_and_only_required_columns(tmp_path):
    folder = write_nih(tmp_path)
    csv = folder / "Data_Entry_2017.csv"
    lines = [f"{patient},{image},{findings}" for image, findings, patient in NIH_ROWS]
    csv.write_text("\n".join(["Patient ID,Image Index,Finding Labels", *lines]))
    columns = read_nih(folder).frame.columns.tolist()
    assert columns == ["image", "findings", "patient_id", "split"]


def test_rows_in_no_list_are_left_out_and_counted(tmp_path):
    inspection = inspect_nih(write_nih(tmp_path, train_val=NIH_TRAIN_VAL[:2]))
    assert inspection.unlisted == 1
    assert inspection.problems == []
    assert len(inspection.records) == 4


def test_own_labels(tmp_path):
    records = read_nih(write_nih(tmp_path), ("Nodule", "Cardiomegaly"))
    assert records.targets.astype(int).tolist() == [[0, 1], [0, 1], [0, 0], [0, 0], [1, 0]]


@pytest.mark.parametrize("labels", [(), ("Mass", "Mass"), "Mass", (1, 2)])
def test_unusable_labels(tmp_path, labels):
    with pytest.raises(ValueError, match="labels must be"):
        read_nih(write_nih(tmp_path), labels)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (("00000002_000.png", "Pnuemonia", "2"), "unknown label 'Pnuemonia'; did you mean 'Pneumo"),
        (("00000002_000.png", "Mass|", "2"), "the label is empty"),
        (("00000002_000.png", "", "2"), "the label is empty"),
        (("00000002_000.png", "No Finding|Mass", "2"), "'No Finding' stands together with 'Mass'"),
        (("00000002_000.png", "Mass", "3"), "does not fit image '00000002_000.png'"),
        (("00000002_000.png", "Mass", ""), "'Patient ID' is empty"),
        (("00000002_000.png", "Mass", "two"), "Patient ID 'two' is not a whole number"),
    ],
)
def test_bad_row(tmp_path, row, message):
    rows = [*NIH_ROWS[:2], row, *NIH_ROWS[3:]]
    listed = [("Data_Entry_2017.csv", 4)]
    reported = problems(write_nih(tmp_path, rows))
    assert [place[:2] for place in reported if message in place[2]] == listed


def test_duplicate_rows(tmp_path):
    rows = [*NIH_ROWS, NIH_ROWS[0], ("00000002_000.png", "Mass", "2")]
    first, second = problems(write_nih(tmp_path, rows))
    assert first[1:] == (7, "image '00000001_000.png' is already in row 2; keep one of them")
    assert second[1] == 8
    assert "labelled 'Mass' here and 'No Finding' in row 4" in second[2]


def test_lists_against_csv_disk_and_each_other(tmp_path):
    folder = write_nih(
        tmp_path,
        train_val=[*NIH_TRAIN_VAL, "", "00000009_000.png", NIH_TRAIN_VAL[0], "00000003_000.jpg"],
        test=[*NIH_TEST, NIH_TRAIN_VAL[1]],
    )
    (folder / "images" / "00000004_000.png").unlink()
    reported = problems(folder)
    assert [place[:2] for place in reported] == [
        ("train_val_list.txt", 6),
        ("test_list.txt", 3),
        ("train_val_list.txt", 5),
        ("train_val_list.txt", 5),
        ("train_val_list.txt", 7),
        ("train_val_list.txt", 7),
        ("test_list.txt", 2),
    ]
    messages = [place[2] for place in reported]
    assert "already in row 1 of train_val_list.txt" in messages[0]
    assert "has no row in Data_Entry_2017.csv" in messages[2]
    assert "did you mean '00000003_000.png'" in messages[4]
    assert "'00000004_000.png' is not in the image folders" in messages[6]


def test_patient_in_both_lists(tmp_path):
    folder = write_nih(tmp_path, train_val=NIH_TRAIN_VAL[1:], test=[*NIH_TEST, NIH_TRAIN_VAL[0]])
    ((file, row, message),) = problems(folder)
    assert (file, row) == ("test_list.txt", 3)
    assert "patient 'nih-00001'" in message
    assert "row 1 of train_val_list.txt (00000001_001.png)" in message


def test_missing_files_are_reported_together(tmp_path):
    assert [name for name, _, _ in problems(tmp_path)] == [
        tmp_path.name,
        "train_val_list.txt",
        "test_list.txt",
    ]
    (message,) = [message for *_, message in problems(tmp_path / "none")]
    assert "does not exist" in message


def test_two_csv_files_are_ambiguous(tmp_path):
    folder = write_nih(tmp_path)
    write_nih(tmp_path, name="Data_Entry_2017_v2020.csv")
    ((_, _, message),) = problems(folder)
    assert "Data_Entry_2017.csv, Data_Entry_2017_v2020.csv" in message


def test_empty_list(tmp_path):
    assert "expected one image name per line" in problems(write_nih(tmp_path, test=[]))[0][2]


def test_pictures_that_no_list_names_do_not_matter(tmp_path):
    folder = write_nih(tmp_path)
    write_picture(folder / "images" / "other.png")
    assert len(read_nih(folder)) == 5


@pytest.mark.real_data
def test_real_counts(real_data):
    inspection = inspect_nih(real_data / "nih")
    records = inspection.records
    assert (len(records), len(set(records.patients)), inspection.unlisted) == (1605, 1281, 0)
    splits = records.frame["split"].to_numpy()
    assert Counter(splits) == {"train_val": 1378, "test": 227}
    for column, label in enumerate(records.labels):
        carries = records.targets[:, column]
        parts = [int(carries[splits == split].sum()) for split in ("train_val", "test")]
        assert (int(carries.sum()), *parts) == TABLE[label]
    assert np.all(records.paths != "")
