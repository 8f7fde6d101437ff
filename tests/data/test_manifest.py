import re

import pytest

from monai_covid.data.collections.reading import read_collection
from monai_covid.errors import InputError
from monai_covid.labels import COVID_LABELS
from tests.data.collections_on_disk import found, three_classes, write_manifest, write_picture

LINES = ["a.png,covid19,007", "b.png,pneumonia,nih-61", "c.png,normal,x"]


def problems(manifest, labels=COVID_LABELS, **options):
    with pytest.raises(InputError) as caught:
        read_collection(manifest, labels, **options)
    return found(caught.value)


@pytest.mark.parametrize("images", ["", "images"])
def test_records(tmp_path, images):
    file = write_manifest(tmp_path, LINES, images=images)
    for manifest in (file, str(file), tmp_path):
        records = read_collection(manifest)
        assert records.file == file
        assert records.patients.tolist() == ["007", "nih-00061", "x"]
        assert records.classes.tolist() == [0, 1, 2]
        assert records.paths.tolist() == [str(tmp_path / images / f"{n}.png") for n in "abc"]


def test_relative_manifest_gives_absolute_paths(tmp_path, monkeypatch):
    write_manifest(tmp_path / "set", LINES)
    monkeypatch.chdir(tmp_path)
    assert read_collection("set/metadata.csv").paths[0] == str(tmp_path / "set" / "a.png")


def test_image_dir_wins(tmp_path):
    file = write_manifest(tmp_path / "set", LINES)
    for name in "abc":
        write_picture(tmp_path / "elsewhere" / f"{name}.png")
    records = read_collection(file, image_dir=tmp_path / "elsewhere")
    assert records.paths[0] == str(tmp_path / "elsewhere" / "a.png")
    assert len(problems(file, image_dir=tmp_path)) == 3
    assert "does not exist" in problems(file, image_dir=tmp_path / "none")[0][2]


def test_paths_in_the_image_column(tmp_path):
    write_picture(tmp_path / "x" / "a.png")
    other = write_picture(tmp_path / "other" / "b.png")
    lines = ["x/a.png,covid19,1", f"{other},normal,2", "../other/b.png,normal,2"]
    file = tmp_path / "x" / "metadata.csv"
    file.write_text("\n".join(["image,label,patient_id", "a.png,covid19,1", *lines[1:]]))
    ((_, row, message),) = problems(file)
    assert row == 4
    assert "already in row 3" in message
    file = tmp_path / "manifest.csv"
    file.write_text("\n".join(["image,label,patient_id", *lines[:2]]))
    assert read_collection(file).paths.tolist() == [str(tmp_path / "x" / "a.png"), str(other)]


def test_missing_path_and_empty_image_dir(tmp_path):
    file = write_manifest(tmp_path, ["a.png,covid19,1", "no/b.png,normal,2"])
    (tmp_path / "no" / "b.png").unlink()
    ((_, row, message),) = problems(file, image_dir="")
    assert row == 3
    assert "image 'no/b.png' is not in" in message


def test_optional_columns_are_kept(tmp_path):
    header = "image,label,patient_id,path,name,fold"
    records = read_collection(write_manifest(tmp_path, ["a.png,normal,1,p,n,03"], header))
    assert records.frame.loc[2].to_dict() == {
        "image": "a.png",
        "label": "normal",
        "patient_id": "1",
        "path": "p",
        "name": "n",
        "fold": "3",
    }


def test_own_classes(tmp_path):
    file = write_manifest(tmp_path, ["a.png,yes,1", "b.png,no,2"])
    assert read_collection(file, ("no", "yes")).classes.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("a.png,COVID-19,1", "unknown label 'COVID-19'; did you mean 'covid19'?"),
        ("a.png,,1", "the label is empty; expected one of covid19, pneumonia, normal"),
        ("a.png,normal,", "'patient_id' is empty"),
        (",normal,1", "'image' is empty"),
        ("a.png,normal", "'patient_id' is empty"),
    ],
)
def test_bad_row(tmp_path, line, message):
    ((file, row, text),) = problems(write_manifest(tmp_path, ["z.png,normal,9", line]))
    assert (file, row) == ("metadata.csv", 3)
    assert message in text


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{}.png,,{}", "the label is empty; expected one of .*, in 20 rows"),
        ("{}.png,normal,", "'patient_id' is empty in 20 rows"),
        (",normal,{}", "'image' is empty in 20 rows"),
        ("{}.png,norml,{}", "unknown label 'norml'; did you mean 'normal'.*, in 20 rows"),
    ],
)
def test_twenty_equal_problems_are_one_line(tmp_path, line, message):
    rows = [line.format(f"p{k}", k) for k in range(20)]
    ((_, row, text),) = problems(write_manifest(tmp_path, ["z.png,normal,z", *rows]))
    assert row == 3
    assert re.search(message, text)


def test_everything_is_reported_at_once_in_row_order(tmp_path):
    header = "image,label,patient_id,fold"
    lines = [
        "a.png,covid19,1,0",
        "b.png,normal,1,1",
        "a.png,normal,2,0",
        "a.png,covid19,1,0",
        "c.png,norml,3,1.0",
        "d.png,normal,,",
        "e.png,normal,4,-1",
    ]
    file = write_manifest(tmp_path, lines, header)
    (tmp_path / "e.png").unlink()
    reported = problems(file)
    assert [row for _, row, _ in reported] == [3, 4, 5, 6, 6, 7, 7, 8, 8]
    text = "\n".join(message for *_, message in reported)
    for part in (
        "patient '1' is in fold 1 here and in fold 0 in row 2",
        "labelled 'normal' here and 'covid19' in row 2",
        "already in row 2",
        "did you mean 'normal'",
        "fold '1.0' is not a whole number",
        "fold '' is not a whole number",
        "fold '-1' is not a whole number",
        f"image 'e.png' is not in {tmp_path}",
    ):
        assert part in text


def test_patient_in_two_splits(tmp_path):
    header = "image,label,patient_id,split"
    lines = ["a.png,normal,1,train", "b.png,normal,1,test", "c.png,normal,1,test"]
    ((_, row, message),) = problems(write_manifest(tmp_path, lines, header))
    assert row == 3
    assert "is in split test here and in split train in row 2" in message


def test_nih_ids_written_differently_are_one_patient(tmp_path):
    header = "image,label,patient_id,fold"
    lines = ["a.png,normal,nih-61,0", "b.png,normal,NIH-00061,1"]
    assert (
        "patient 'nih-00061' is in fold 1"
        in problems(write_manifest(tmp_path, lines, header))[0][2]
    )


def test_empty_fold_column_means_no_folds(tmp_path):
    header = "image,label,patient_id,fold"
    assert len(read_collection(write_manifest(tmp_path, ["a.png,normal,1,"], header))) == 1


def test_missing_columns(tmp_path):
    file = write_manifest(tmp_path, ["a,b"], "image,patient")
    ((_, row, message),) = problems(file)
    assert row == 1
    assert "has no column 'patient_id'; did you mean 'patient'?" in message


@pytest.mark.real_data
def test_real_folds(real_data):
    records = read_collection(real_data / "covid")
    assert (len(records), len(set(records.patients))) == (1118, 761)
    folds = records.frame["fold"].to_numpy()
    counts = [records.targets[folds == str(fold)].sum(axis=0).tolist() for fold in range(5)]
    assert counts == [[covid, 100, 100] for covid in (25, 25, 24, 23, 21)]


@pytest.mark.real_data
def test_real_extra(real_data):
    records = read_collection(real_data / "covid_extra", COVID_LABELS)
    assert (len(records), len(set(records.patients))) == (564, 377)
    assert records.targets.sum(axis=0).tolist() == [564, 0, 0]


def test_many_rows_keep_their_line(tmp_path):
    lines = [*three_classes(3, 1), "bad.png,nrmal,1"]
    assert problems(write_manifest(tmp_path, lines))[0][1] == 11
