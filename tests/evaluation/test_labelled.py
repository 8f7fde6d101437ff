"""Predictions find their labels by the name of the image, or say why not."""

import pandas as pd
import pytest

from monai_covid.errors import InputError
from monai_covid.evaluation.labelled import (
    NO_ANSWER,
    REJECTED,
    UNREADABLE,
    match_names,
    read_labelled_predictions,
    read_labels,
)

HEAD = "image,prediction,probability_a,probability_b,unsuitable,error"


def write(path, *lines):
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def predictions(tmp_path):
    return write(
        tmp_path / "predictions.csv",
        HEAD,
        "in/x.png,a,0.9,0.1,,",
        "in/y.png,b,0.2,0.8,,",
        "in/z.png,,,,,z.png: is truncated",
        "in/w.png,,,,It is a photograph.,",
    )


@pytest.fixture
def labels(tmp_path):
    return write(
        tmp_path / "labels.csv",
        "image,label,patient_id,sex",
        "w.png,a,1,F",
        "z.png,b,2,M",
        "y.png,b,NIH-61,F",
        "x.png,a,4,M",
        "v.png,a,5,M",
    )


def problems_of(*arguments):
    with pytest.raises(InputError) as error:
        read_labelled_predictions(*arguments)
    return [(problem.row, problem.message) for problem in error.value.problems]


@pytest.mark.parametrize(
    ("names", "others", "rows"),
    [
        (["a/x.png"], ["a/x.png"], [0]),
        (["/data/a/x.png"], ["x.png"], [0]),
        (["x.png"], ["other/folder/x.png"], [0]),
        (["./x.png"], ["x.png"], [0]),
        ([r"C:\data\x.png"], ["x.png"], [0]),
        (["x.dcm"], ["x.png"], [0]),
        (["x.nii.gz"], ["x"], [0]),
        (["x.png", "x.jpg"], ["x.jpg", "x.png"], [1, 0]),
        (["d/a/x.png", "d/b/x.png"], ["b/x.png", "a/x.png"], [1, 0]),
        (["1.2.3"], ["1.2.4"], [None]),
        (["X.png"], ["x.png"], [None]),
    ],
)
def test_names_match_from_the_end(names, others, rows):
    matches = match_names(names, others)
    assert [match.rows[0] if match.rows else None for match in matches] == rows
    assert all(match.is_clear for match in matches if match.rows)


@pytest.mark.parametrize(
    ("names", "others"),
    [
        (["x.png"], ["a/x.png", "b/x.png"]),
        (["a/x.png", "b/x.png"], ["x.png"]),
        (["x.dcm"], ["x.png", "x.jpg"]),
        (["x.png", "x.jpg"], ["x.dcm"]),
    ],
)
def test_nothing_is_guessed_where_several_fit(names, others):
    assert not any(match.is_clear for match in match_names(names, others))


def test_a_clear_match_leaves_its_twin_unclear():
    first, second = match_names(["a/x.png", "b/x.png"], ["a/x.png", "x.png"])
    assert first.is_clear
    assert first.rows == (0,)
    assert not second.is_clear


def test_every_answer_gets_its_label_and_nothing_is_dropped(predictions, labels):
    table, unanswered, unpredicted = read_labelled_predictions(predictions, labels)
    assert table["image"].tolist() == ["in/x.png", "in/y.png"]
    assert table["label"].tolist() == ["a", "b"]
    assert table["patient_id"].tolist() == ["4", "nih-00061"]
    assert table["sex"].tolist() == ["M", "F"]
    assert unanswered["image"].tolist() == ["in/z.png", "in/w.png"]
    assert unanswered[NO_ANSWER].tolist() == [UNREADABLE, REJECTED]
    assert unanswered["sex"].tolist() == ["M", "F"]
    assert unpredicted == 1


def test_classes_that_the_model_does_not_have_may_be_labels_of_other_images(predictions, labels):
    labels.write_text(labels.read_text().replace("v.png,a", "v.png,tuberculosis"))
    assert read_labelled_predictions(predictions, labels).unpredicted == 1
    labels.write_text(labels.read_text().replace("x.png,a", "x.png,tuberculosis"))
    assert problems_of(predictions, labels) == [
        (5, "unknown label 'tuberculosis' (valid: a, b)"),
    ]


def test_the_images_need_not_be_there_and_a_folder_will_do(predictions, labels, tmp_path):
    folder = tmp_path / "collection"
    folder.mkdir()
    labels.rename(folder / "metadata.csv")
    assert len(read_labelled_predictions(predictions, folder).table) == 2


def test_an_image_without_a_label_is_refused_with_a_near_name(predictions, labels):
    text = labels.read_text()
    labels.write_text(text.replace("x.png", "X.PNG").replace("w.png", "photograph"))
    (first, near), (second, none) = problems_of(predictions, labels)
    assert (first, second) == (2, 5)
    assert f"image 'in/x.png' has no label in {labels} (nearest" in near
    assert "'X.PNG'" in near
    assert "'in/w.png' has no label" in none
    assert "nearest" not in none
    assert "leave the image out" in none


def test_ambiguous_names_are_refused_with_the_candidates(predictions, labels):
    labels.write_text(labels.read_text().replace("v.png", "old/x.png"))
    ((row, message),) = problems_of(predictions, labels)
    assert row == 2
    assert "'x.png' (row 5) or 'old/x.png' (row 6)" in message


def test_two_images_for_one_label_are_refused(predictions, labels):
    predictions.write_text(predictions.read_text().replace("in/y.png", "more/x.png"))
    (first, _), (second, message) = problems_of(predictions, labels)
    assert (first, second) == (2, 3)
    assert f"fit 'x.png' ({labels}:5)" in message


@pytest.mark.parametrize(
    ("old", "new", "row", "said"),
    [
        ("x.png,a", "x.png,c", 5, "unknown label 'c'"),
        ("x.png,a,4", "x.png,a,", 5, "'patient_id' is empty"),
        ("v.png,a", "./x.png,b", 6, "labelled 'b' here and 'a' in row 5"),
        ("image,label", "image,truth", 1, "lacks column 'label'"),
    ],
)
def test_faults_of_the_labels_are_named(predictions, labels, old, new, row, said):
    labels.write_text(labels.read_text().replace(old, new))
    ((line, message),) = problems_of(predictions, labels)
    assert line == row
    assert said in message


def test_rows_are_counted_as_in_the_file(tmp_path, labels):
    """Rows without an answer stand above the wrong one."""
    file = write(
        tmp_path / "p.csv",
        HEAD,
        "z.png,,,,,no",
        "w.png,,,,no,",
        "x.png,a,0.9,0.3,,",
        "y.png,b,0,1,,",
    )
    ((row, message),) = problems_of(file, labels)
    assert row == 4
    assert "sum to 1.2" in message


def test_labels_that_both_files_have_must_agree(tmp_path, labels):
    """So that a table of an evaluation gets further columns."""
    head = "image,patient_id,label,probability_a,probability_b"
    file = write(tmp_path / "p.csv", head, "x.png,4,a,0.9,0.1", "y.png,nih-61,b,0.2,0.8")
    table = read_labelled_predictions(file, labels).table
    assert table["sex"].tolist() == ["M", "F"]
    assert table["patient_id"].tolist() == ["4", "nih-61"]
    file.write_text(file.read_text().replace("4,a", "4,b").replace("nih-61", "62"))
    (first, label), (second, patient) = problems_of(file, labels)
    assert (first, label) == (2, f"label is 'b', but 'a' in {labels}:5")
    assert (second, patient) == (3, f"patient_id is '62', but 'nih-00061' in {labels}:4")


def test_several_labels_an_image_have_columns_of_targets(tmp_path):
    head = "image,prediction,probability_a,probability_b,error"
    file = write(tmp_path / "p.csv", head, "x.png,a|b,0.9,0.7,", "y.png,,0.2,0.1,", "z.png,,,,no")
    labels = write(
        tmp_path / "l.csv",
        "image,patient_id,target_a,target_b",
        *("x.png,1,1,0", "y.png,2,0,0", "z.png,3,0,1"),
    )
    table, unanswered, _ = read_labelled_predictions(file, labels)
    assert table[["target_a", "target_b"]].to_numpy().tolist() == [[1, 0], [0, 0]]
    assert len(unanswered) == 1
    labels.write_text(labels.read_text().replace("1,1,0", "1,2,0"))
    assert "must be 0 or 1" in problems_of(file, labels)[0][1]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["image,prediction"], "columns image and probability_CLASS of each class are needed"),
        (["image,probability_a", "x,1"], "has no column label; give a CSV of labels with --labels"),
        (["image,label,probability_a", "x,a,1"], "has no column patient_id"),
        (["image,patient_id,label,probability_a"], "the table has no rows"),
        (["image,patient_id,label,probability_a", "x,1,a,"], "no image has probabilities"),
    ],
)
def test_what_a_table_lacks_is_said(tmp_path, lines, said):
    ((_, message),) = problems_of(write(tmp_path / "p.csv", *lines))
    assert said in message


def test_a_file_that_is_not_there_is_named(tmp_path):
    ((_, message),) = problems_of(tmp_path / "absent.csv")
    assert "no such file" in message


def test_a_labelled_table_is_read_as_it_is(tmp_path):
    head = "image,patient_id,label,probability_a,probability_b"
    file = write(tmp_path / "p.csv", head, "x.png,007,a,0.9,0.1", "y.png,8,b,0.2,0.8")
    table, unanswered, unpredicted = read_labelled_predictions(file)
    expected = pd.DataFrame({"patient_id": ["007", "8"], "prediction": ["a", "b"]})
    pd.testing.assert_frame_equal(table[["patient_id", "prediction"]], expected, check_dtype=False)
    assert (len(unanswered), unpredicted) == (0, 0)


def test_labels_without_patients(tmp_path):
    predictions, labels = tmp_path / "predictions.csv", tmp_path / "labels.csv"
    predictions.write_text("image,probability_a,probability_b\nx.png,0.2,0.8\n")
    labels.write_text("image,label\nx.png,b\n")
    table = read_labelled_predictions(predictions, labels).table
    assert table["patient_id"].tolist() == ["image:x.png"]
    assert read_labels(labels, r"(?P<patient>\w+)\.png")["patient_id"].tolist() == ["x"]
