import pytest

from monai_covid.data.checks import check_collection, check_nih
from monai_covid.errors import InputError
from tests.data.collections_on_disk import (
    NIH_TRAIN_VAL,
    found,
    three_classes,
    write_manifest,
    write_nih,
    write_picture,
)


def test_summary_of_nih(tmp_path):
    folder = write_nih(tmp_path / "nih", train_val=NIH_TRAIN_VAL[:2])
    file = tmp_path / "m.csv"
    file.write_text("image,patient_id\nx.png,nih-3\n")
    summary = check_nih(folder, [file], progress=False)
    assert (summary.total.images, summary.total.patients) == (3, 2)
    assert summary.total.labels["Cardiomegaly"] == 2
    assert {name: part.images for name, part in summary.parts.items()} == {
        "test": 1,
        "train_val": 2,
    }
    assert summary.left_out == {
        "in neither list": 1,
        "of 1 patients who are in the excluded manifests": 1,
    }
    assert summary.formats == {".png": 3}


def test_summary_of_a_manifest_as_text(tmp_path):
    lines = [f"{line},{row // 2 % 11}" for row, line in enumerate(three_classes(11))]
    file = write_manifest(tmp_path, lines, "image,label,patient_id,fold")
    write_picture(tmp_path / "p_normal_0_0.png", 99, size=(60, 33))
    summary = check_collection(tmp_path, progress=False)
    assert list(summary.parts)[:3] == ["fold 0", "fold 1", "fold 2"]
    text = str(summary).splitlines()
    assert text[0] == str(file)
    assert text[2].split() == ["images", "66", *["6"] * 11]
    assert text[4].split() == ["covid19", "22", *["2"] * 11]
    assert "formats: .png 66" in text
    assert "sizes: width 40 to 60, height 33 to 36 pixels" in text


def test_same_pixels_are_noted(tmp_path):
    write_manifest(tmp_path, ["a.png,normal,1", "b.png,normal,2", "c.png,normal,2"])
    for name in ("a.png", "b.png", "c.png"):
        write_picture(tmp_path / name, 7)
    first, second = check_collection(tmp_path, progress=False).notes
    assert (
        first == "a.png (row 2) and b.png (row 3) have the same pixels but are of patients 1 and 2"
    )
    assert second.startswith("a.png (row 2) and c.png (row 4)")


def test_damaged_images_are_reported_with_the_other_problems(tmp_path):
    file = write_manifest(tmp_path, [*three_classes(1, 1), "last.png,nrmal,9"])
    (tmp_path / "p_normal_0_0.png").write_bytes(b"no picture")
    whole = write_picture(tmp_path / "p_covid19_0_0.png", 3, size=(200, 200)).read_bytes()
    (tmp_path / "p_covid19_0_0.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError) as caught:
        check_collection(file, progress=False)
    assert [row for _, row, _ in found(caught.value)] == [5, 2, 4]
    assert "p_covid19_0_0.png" in found(caught.value)[1][2]
    with pytest.raises(InputError) as caught:
        check_collection(file, deep=False)
    assert [row for _, row, _ in found(caught.value)] == [5]


def test_missing_image_is_reported_once(tmp_path):
    file = write_manifest(tmp_path, three_classes(1, 1))
    (tmp_path / "p_normal_0_0.png").unlink()
    with pytest.raises(InputError) as caught:
        check_collection(file, progress=False)
    assert [row for _, row, _ in found(caught.value)] == [4]


def test_damaged_image_of_nih(tmp_path):
    folder = write_nih(tmp_path)
    (folder / "images" / "00000002_000.png").write_bytes(b"")
    with pytest.raises(InputError) as caught:
        check_nih(folder, progress=False)
    assert [place[:2] for place in found(caught.value)] == [("Data_Entry_2017.csv", 4)]


def test_without_deep_check_no_image_is_opened(tmp_path):
    folder = write_nih(tmp_path)
    (folder / "images" / "00000002_000.png").write_bytes(b"")
    assert check_nih(folder, deep=False).sizes is None


def test_everyone_excluded(tmp_path):
    folder = write_nih(tmp_path / "nih")
    file = tmp_path / "m.csv"
    file.write_text("image,patient_id\n" + "".join(f"x.png,nih-{n}\n" for n in range(1, 5)))
    with pytest.raises(InputError, match="no images are left; left out: 5 of 4 patients"):
        check_nih(folder, file, progress=False)


def test_progress_goes_to_standard_error(tmp_path, capsys):
    check_collection(write_manifest(tmp_path, three_classes(1)), progress=True)
    output = capsys.readouterr()
    assert output.out == ""
    assert "reading images" in output.err


@pytest.mark.real_data
def test_real_collections(real_data):
    nih = check_nih(real_data / "nih", real_data / "covid", progress=False)
    assert nih.total[:2] == (599, 599)
    assert nih.parts["test"].images == 73
    covid = check_collection(real_data / "covid", progress=False)
    assert {name: part.images for name, part in covid.parts.items()} == dict(
        zip((f"fold {fold}" for fold in range(5)), (225, 225, 224, 223, 221), strict=True)
    )
    assert ["00002658_001.jpg" in note for note in covid.notes] == [True]
    assert check_collection(real_data / "covid_extra", progress=False).parts == {}


def test_the_summary_of_class_folders_and_of_patients(tmp_path):
    for number, place in enumerate(("train/TB", "train/normal", "test/TB", "test/normal")):
        write_picture(tmp_path / place / f"p{number}.png", number)
    summary = check_collection(tmp_path, labels=("tb", "normal"), progress=False)
    assert summary.total.labels == {"tb": 2, "normal": 2}
    assert {name: part.images for name, part in summary.parts.items()} == {"test": 2, "training": 2}
    assert "note: Patients unknown: intervals by image." in str(summary)
    known = check_collection(
        tmp_path, labels=("tb", "normal"), progress=False, patient_pattern=r"p(?P<patient>\d)"
    )
    assert not known.notes
