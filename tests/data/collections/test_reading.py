"""Every layout is known by what lies there, and gives the same kind of records."""

import shutil

import numpy as np
import pytest

from monai_covid.data.collections.reading import inspect_collection, read_collection
from monai_covid.errors import InputError, OptionError
from monai_covid.labels import COVID_LABELS, NIH_LABELS
from tests.data.collections_on_disk import (
    found,
    three_classes,
    write_manifest,
    write_nih,
    write_picture,
)

PATTERN = r"(?P<patient>person\d+|IM-\d+)"


def write(file, *lines, pictures=()):
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(lines) + "\n")
    for seed, name in enumerate(pictures):
        write_picture(file.parent / name, seed)
    return file


def problems(path, *arguments, **options):
    with pytest.raises(InputError) as caught:
        read_collection(path, *arguments, **options)
    return [message for *_, message in found(caught.value)]


def test_the_published_manifest_is_read_as_before(tmp_path):
    file = write_manifest(tmp_path, three_classes(3))
    for path in (tmp_path, file):
        records, before = read_collection(path), read_collection(path, COVID_LABELS)
        assert records.labels == COVID_LABELS == before.labels
        assert records.frame.equals(before.frame)
        assert records.paths.tolist() == before.paths.tolist()
        assert records.single_label_datalist() == before.single_label_datalist()


@pytest.mark.real_data
def test_the_published_collections_are_read_as_before(real_data):
    records, before = read_collection(real_data / "covid"), read_collection(real_data / "covid")
    assert records.single_label_datalist() == before.single_label_datalist()
    assert read_collection(real_data / "nih").labels == NIH_LABELS
    assert read_collection(real_data / "nlm_tb").labels == (
        "normal",
        "other_abnormal",
        "tuberculosis",
    )


def test_chestxray14(tmp_path):
    records = read_collection(write_nih(tmp_path))
    assert records.labels == NIH_LABELS
    assert set(records.frame["split"]) == {"train_val", "test"}
    assert not records.exclusive
    some = read_collection(tmp_path, ("hernia", "no_finding"))
    assert (some.labels, some.targets.sum(axis=0).tolist()) == (("hernia", "no_finding"), [1, 1])
    assert problems(tmp_path, ("Hernia", "Nodul", "tb")) == [
        "no finding for the label 'Nodul'; did you mean 'Nodule'?",
        "no finding for the label 'tb'",
    ]


def test_what_is_no_collection_is_told_what_would_be(tmp_path):
    (tmp_path / "empty").mkdir()
    (message,) = problems(tmp_path / "empty")
    assert message.startswith("is no collection of a known layout. Expected: ")
    for part in ("Data_Entry_2017", "Frontal/Lateral", "metadata.csv", "one folder a class"):
        assert part in message
    (message,) = problems(write(tmp_path / "a.csv", "name,class", "a.png,x"))
    assert "its columns are name, class" in message
    assert problems(tmp_path / "none") == ["does not exist"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"labels": ["a", "A"]}, "'a' and 'A' are one"),
        ({"labels": ["a", "b", "a", ""]}, "'' is no name; 'a' and 'a' are one"),
        ({"labels": []}, "there are none"),
        ({"labels": "a,b"}, "not the text 'a,b'"),
        ({"uncertain": "one"}, "uncertain is 'one'; it must be one of zeros, ones, ignore"),
        ({"blank": None}, "blank is None"),
        ({"layout": "folder"}, "did you mean 'folders'"),
        ({"patient_pattern": "p(\\d+)"}, "no group named patient, such as"),
        ({"patient_pattern": "p("}, "no regular expression"),
    ],
)
def test_arguments_that_cannot_be_used(tmp_path, options, message):
    write_manifest(tmp_path, three_classes(1))
    with pytest.raises(OptionError) as caught:
        read_collection(tmp_path, **options)
    assert message in str(caught.value)


def test_unknown_labels_of_a_manifest_are_one_line_each(tmp_path):
    lines = [*three_classes(6, 1), *(f"t{n}.png,Normall,t{n}" for n in range(7))]
    (message,) = problems(write_manifest(tmp_path, lines), COVID_LABELS)
    assert message.startswith("unknown label 'Normall'; did you mean 'normal'?")
    assert message.endswith("in 7 rows")


def test_two_spellings_of_a_label_are_no_two_labels(tmp_path):
    lines = ["a.png,TB,1", "b.png,tb,2", "c.png,normal,3"]
    (message,) = problems(write_manifest(tmp_path, lines))
    assert message == "label 'tb' is nearly 'TB'; correct it, or name both with --classes"


def test_a_label_of_too_few_patients(tmp_path):
    lines = ["a.png,x,1", "b.png,x,1", "c.png,y,2", "d.png,y,3"]
    file = write_manifest(tmp_path, lines)
    assert problems(file, least_patients=2) == ["label 'x' has 1 patients; 2 are needed"]
    assert len(problems(file, least_patients=3)) == 2


def test_suspicious_patients_are_pointed_out(tmp_path):
    ids = ["1.2E+11", "1.2E+11", "1,2E+11", "nan", "#N/A", "12.0", "5", "5E10"]
    lines = [f"{n}.png,{'xy'[n % 2]},{name}" for n, name in enumerate(ids)]
    file = write_manifest(tmp_path, [line.replace("1,2", '"1,2') for line in lines])
    file.write_text(file.read_text().replace('"1,2E+11', '"1,2E+11"'))
    notes = inspect_collection(file).notes
    assert len(notes) == 3
    assert notes[0].startswith("patient_id '1.2E+11' (row 2, 3 images like it) is a rounded number")
    assert notes[1].startswith("patient_id 'nan' (row 5, 2 images like it) is no id")
    assert notes[2].startswith("patient_id '12.0' (row 7, 1 image like it)")


def test_a_manifest_without_patients(tmp_path):
    lines = ["p1_a.png,x", "p1_b.png,x", "p2_a.png,y", "q.png,y"]
    file = write_manifest(tmp_path, lines, "image,label")
    records, _, notes = inspect_collection(file)
    assert records.patients.tolist() == [f"image:{line.split(',')[0]}" for line in lines]
    assert notes == ["Patients unknown: intervals by image."]
    records, _, notes = inspect_collection(file, patient_pattern=r"p(?P<patient>\d+)_")
    assert records.patients.tolist() == ["1", "1", "2", "image:q.png"]
    assert notes == ["Patients unknown for 1 of 4 images: intervals by image for these."]
    file = write_manifest(tmp_path, ["a.png,x,1"], "image,label,Patient ID")
    (message,) = problems(file)
    assert "did you mean 'Patient ID'? Rename it" in message


# --- one folder a class


FOLDERS = ("train/NORMAL", "train/PNEUMONIA", "test/NORMAL", "test/PNEUMONIA")


def write_folders(root, folders=FOLDERS, images=2):
    for folder in folders:
        for number in range(images):
            write_picture(root / folder / f"person{number}_{folder[:2].strip('/')}_1.jpeg", number)
    return root


def test_one_folder_a_class(tmp_path):
    records = read_collection(write_folders(tmp_path, ("b", "A", "c/inner")))
    assert records.labels == ("A", "b", "c")
    assert records.frame["image"].tolist()[-1] == "c/inner/person1_c_1.jpeg"
    assert records.exclusive
    assert records.file == tmp_path


def test_folders_below_train_and_test(tmp_path):
    write_folders(tmp_path)
    (tmp_path / "train" / "NORMAL" / "notes.txt").write_text("none")
    (tmp_path / "train" / ".hidden").mkdir()
    records, wrong, notes = inspect_collection(tmp_path, patient_pattern=PATTERN)
    assert not wrong
    assert records.labels == ("NORMAL", "PNEUMONIA")
    assert records.frame["split"].tolist() == ["test"] * 4 + ["training"] * 4
    assert records.frame["image"].tolist()[0] == "test/NORMAL/person0_te_1.jpeg"
    assert records.patients.tolist() == ["person0", "person1"] * 4
    assert notes[0].startswith("2 patients have images in several of the folders")


def test_labels_are_matched_to_folders_by_letters(tmp_path):
    write_folders(tmp_path, ("COVID-19", "Viral Pneumonia", "NORMAL"))
    labels = ("normal", "covid19", "viral_pneumonia")
    records = read_collection(tmp_path, labels)
    assert records.labels == labels
    assert records.targets.sum(axis=0).tolist() == [2, 2, 2]
    assert sorted(problems(tmp_path, ("normal", "covid19", "viral_pneumonai"))) == [
        "folder 'Viral Pneumonia' is none of the labels normal, covid19, viral_pneumonai; "
        "did you mean 'viral_pneumonai'?",
        "no folder for the label 'viral_pneumonai'; did you mean 'Viral Pneumonia'?",
    ]


def test_folders_that_are_one_label_or_have_no_image(tmp_path):
    write_folders(tmp_path, ("tb", "normal"))
    (tmp_path / "TB ").mkdir()
    assert sorted(problems(tmp_path)) == [
        "folders 'TB ' and 'tb' are one label; join them",
        "has no image",
    ]


@pytest.mark.real_data
def test_kermany_as_it_lies(real_data):
    root = real_data / "kermany"
    records = read_collection(
        root, ("normal", "pneumonia"), patient_pattern=PATTERN, layout="folders"
    )
    assert records.targets.sum(axis=0).tolist() == [400, 600]
    by_table = read_collection(root)
    table = dict(zip(by_table.frame["image"], by_table.classes.tolist(), strict=True))
    assert table == dict(zip(records.frame["image"], records.classes.tolist(), strict=True))
    assert not any(each.startswith("image:") for each in records.patients)
    assert read_collection(root, layout="folders").labels == ("NORMAL", "PNEUMONIA")


# --- columns of labels

CHEXPERT = (
    "Path,Sex,Age,Frontal/Lateral,AP/PA,No Finding,Edema,Pleural Effusion",
    "CheXpert-v1.0-small/train/patient00001/study1/view1_frontal.jpg,Female,68,Frontal,AP,1.0,,",
    "CheXpert-v1.0-small/train/patient00001/study1/view2_lateral.jpg,Female,68,Lateral,,1.0,,",
    "CheXpert-v1.0-small/train/patient00002/study1/view1_frontal.jpg,Male,57,Frontal,PA,,-1.0,1.0",
    "CheXpert-v1.0-small/train/patient00002/study2/view1_frontal.jpg,Male,57,Frontal,PA,,0.0,-1.0",
)


@pytest.fixture
def chexpert(tmp_path):
    names = [line.split(",")[0].split("/", 1)[1] for line in CHEXPERT[1:]]
    return write(tmp_path / "train.csv", *CHEXPERT, pictures=names)


def test_chexpert_by_default_ignores_what_is_uncertain(chexpert):
    records, wrong, notes = inspect_collection(chexpert)
    assert not wrong
    assert records.labels == ("No Finding", "Edema", "Pleural Effusion")
    assert records.patients.tolist() == ["patient00001", "patient00002", "patient00002"]
    assert records.frame[["view", "sex", "age"]].iloc[1].tolist() == ["PA", "Male", "57"]
    labels = np.array([item["label"] for item in records.multi_label_datalist()])
    nan = np.nan
    assert np.array_equal(labels, [[1, 0, 0], [0, nan, 1], [0, 0, nan]], equal_nan=True)
    assert notes[:3] == [
        "1 lateral views are left out",
        "2 labels are uncertain (-1): ignored",
        "4 labels are blank: taken as absent",
    ]
    kept = records.select(np.array([True, False, True]))
    assert kept.known.tolist() == [[True, True, True], [True, True, False]]


@pytest.mark.parametrize("uncertain", ["zeros", "ones", "ignore"])
@pytest.mark.parametrize("blank", ["zeros", "ones", "ignore"])
def test_policies_do_what_they_say_cell_by_cell(chexpert, uncertain, blank):
    meaning = {"zeros": 0.0, "ones": 1.0, "ignore": None}
    says = {"1.0": 1.0, "0.0": 0.0, "-1.0": meaning[uncertain], "": meaning[blank]}
    rows = [line.split(",")[-3:] for line in CHEXPERT[1:] if "frontal" in line]
    expected = [[says[cell] for cell in row] for row in rows]
    records = read_collection(chexpert, uncertain=uncertain, blank=blank)
    items = records.multi_label_datalist()
    assert [[None if np.isnan(v) else v for v in item["label"]] for item in items] == expected


def test_some_labels_of_chexpert_and_one_that_is_not_there(chexpert):
    records = read_collection(chexpert.parent, ("pleural effusion", "edema"))
    assert records.labels == ("pleural effusion", "edema")
    assert records.targets.tolist() == [[False, False], [True, False], [False, False]]
    (message,) = problems(chexpert, ("Edema", "Pleural Efusion"))
    assert message == (
        "no column for the label 'Pleural Efusion'; did you mean 'Pleural Effusion'?"
    )


def test_cells_that_are_no_labels(tmp_path):
    rows = [f"{n}.png,{n},{'2' if n == 5 else n % 2},{n % 3 == 0:d}" for n in range(30)]
    file = write(
        tmp_path / "metadata.csv", "image,patient_id,Mass,Nodule", *rows,
        pictures=[f"{n}.png" for n in range(30)],
    )  # fmt: skip
    assert problems(file) == ["Mass is '2'; expected 1, 0, -1 or nothing"]


def test_one_column_a_label(tmp_path):
    file = write(
        tmp_path / "metadata.csv",
        "image;patient_id;age;fold;Mass;Nodule;remark",
        *("a.png;1;58;0;1;0;x", "b.png;2;1;1;0;;y", "c.png;3;0;1;1;-1;"),
        pictures=["a.png", "b.png", "c.png"],
    )
    records, wrong, notes = inspect_collection(file, uncertain="ones")
    assert not wrong
    assert (records.labels, records.known) == (("Mass", "Nodule"), None)
    assert records.targets.tolist() == [[True, False], [False, False], [True, True]]
    assert notes == [
        "1 labels are uncertain (-1): taken as present",
        "1 labels are blank: taken as absent",
    ]
    assert read_collection(tmp_path, ("nodule",), blank="ignore").known.tolist() == [
        [True], [False], [False],
    ]  # fmt: skip


def test_folders_beside_a_table_are_no_classes(tmp_path):
    write_folders(tmp_path, ("train/patient1", "valid/patient2", "images"))
    write(tmp_path / "valid.csv", *CHEXPERT[:1])
    (message,) = problems(tmp_path)
    assert message.startswith("has a header but no rows")
    write(tmp_path / "train.csv", "name", "x")
    assert problems(tmp_path) == ["holds train.csv, valid.csv; name one of them"]


def test_one_table_of_a_folder_whatever_its_name(tmp_path):
    file = write_manifest(tmp_path, three_classes(1))
    shutil.move(file, tmp_path / "labels.csv")
    assert len(read_collection(tmp_path)) == 6
