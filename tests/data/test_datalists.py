from pathlib import Path

import numpy as np
import pytest

from monai_covid.data.class_balance import class_counts
from monai_covid.data.datalists import STAGE2_SECTIONS, stage2_datalist, stage3_datalist
from monai_covid.errors import InputError
from monai_covid.labels import NIH_LABELS
from tests.data.collections_on_disk import (
    three_classes,
    write_manifest,
    write_nih,
    write_picture,
)

PATTERN = r"(?P<patient>p[A-Z]+\d+)_"


def patients(items):
    return {item["patient_id"] for item in items}


def names(items):
    return sorted(item["name"] for item in items)


@pytest.fixture
def nih(tmp_path):
    """Three patients per label for train_val, one for testing."""
    rows = [
        (f"{patient:08d}_{image:03d}.png", NIH_LABELS[patient % 15], str(patient))
        for patient in range(1, 61)
        for image in range(2)
    ]
    listed = [row[0] for row in rows]
    return write_nih(tmp_path / "nih", rows, listed[:90], listed[90:])


@pytest.fixture
def manifest(tmp_path):
    return write_manifest(tmp_path / "covid", three_classes())


def test_nih_sections(nih):
    training, validation, test = (stage2_datalist(nih, section) for section in STAGE2_SECTIONS)
    assert len(training) + len(validation) == 90
    assert len(test) == 30
    assert not patients(training) & patients(validation)
    assert class_counts(training, 15).min() >= 2
    assert class_counts(validation, 15).min() >= 2
    item = test[0]
    assert list(item) == ["image", "label", "patient_id", "name", "view", "sex", "age"]
    assert item["image"] == str(nih / "images" / item["name"])
    assert item["patient_id"] == "nih-00046"
    assert item["label"] == [float(label == NIH_LABELS[1]) for label in NIH_LABELS]
    assert all(type(value) is float for value in item["label"])


def test_nih_without_stage_three_patients(nih, tmp_path):
    file = tmp_path / "m.csv"
    file.write_text("image,patient_id\nx.png,nih-46\n00000060_000.jpg,other\n")
    for given in (file, str(file), [file]):
        test = stage2_datalist(nih, "test", exclude_manifests=given)
        assert patients(stage2_datalist(nih, "test")) - patients(test) == {"nih-00046", "nih-00060"}
    assert len(stage2_datalist(nih, "test", exclude_manifests=None)) == 30


def test_nih_label_missing_from_training(nih, tmp_path, caplog):
    with_hernia = "".join(f"x.png,nih-{patient}\n" for patient in (13, 28, 43))
    (tmp_path / "m.csv").write_text("image,patient_id\n" + with_hernia)
    labels = ("Mass", "Hernia")
    items = stage2_datalist(nih, "training", labels=labels, exclude_manifests=tmp_path / "m.csv")
    assert {item["label"][1] for item in items} == {0.0}
    assert "no training image of Hernia" in caplog.text


def test_nih_section_that_would_be_empty(nih, tmp_path):
    file = tmp_path / "m.csv"
    lines = "".join(f"x.png,nih-{patient}\n" for patient in range(46, 61))
    file.write_text("image,patient_id\n" + lines)
    with pytest.raises(InputError, match="no images are left for the test section"):
        stage2_datalist(nih, "test", exclude_manifests=file)


def test_limit_is_balanced_and_reproducible(nih, manifest):
    items = stage2_datalist(nih, "training", limit=30)
    assert class_counts(items, 15).tolist() == [2] * 15
    assert items == stage2_datalist(nih, "training", limit=30)
    assert class_counts(stage3_datalist(manifest, "training", limit=6), 3).tolist() == [2, 2, 2]


def test_covid_sections_are_disjoint_and_complete(manifest):
    everything = names(stage3_datalist(manifest, "all"))
    assert len(everything) == 72
    tests = []
    for fold in range(5):
        parts = [stage3_datalist(manifest, section, fold=fold) for section in STAGE2_SECTIONS]
        assert sorted(name for part in parts for name in names(part)) == everything
        assert len(set().union(*map(patients, parts))) == sum(len(patients(p)) for p in parts)
        assert all(class_counts(part, 3).min() > 0 for part in parts)
        tests += names(parts[2])
    assert sorted(tests) == everything


def test_covid_items(tmp_path):
    header = "image,label,patient_id,view,age,note"
    lines = [f"{line},AP,60,n" for line in three_classes()]
    file = write_manifest(tmp_path, lines, header)
    item = stage3_datalist(str(tmp_path), "all")[-1]
    assert item == {
        "image": str(file.parent / "p_normal_11_1.png"),
        "label": 2,
        "patient_id": "p-normal-011",
        "name": "p_normal_11_1.png",
        "view": "AP",
        "age": "60",
    }
    assert type(item["label"]) is int


def test_given_folds_are_honoured(tmp_path):
    lines = [f"{line},{3 + row // 2 % 3}" for row, line in enumerate(three_classes())]
    file = write_manifest(tmp_path, lines, "image,label,patient_id,fold")
    for fold in (3, 4, 5):
        expected = sorted(line.split(",")[0] for line in lines if line.endswith(f",{fold}"))
        assert names(stage3_datalist(file, "test", fold=fold)) == expected
    with pytest.raises(ValueError, match=r"fold must be one of \[3, 4, 5\]"):
        stage3_datalist(file, "test", fold=0)


def test_seed_changes_folds_and_validation(manifest):
    for section in ("validation", "test"):
        first, same, other = (
            names(stage3_datalist(manifest, section, seed=seed)) for seed in (0, 0, 1)
        )
        assert first == same
        assert first != other


@pytest.mark.parametrize("section", ["train", "", None, "Test"])
def test_bad_section(manifest, nih, section):
    with pytest.raises(ValueError, match="section must be one of training, validation, test"):
        stage3_datalist(manifest, section)
    with pytest.raises(ValueError, match="section must be one of training, validation, test"):
        stage2_datalist(nih, section)


@pytest.mark.parametrize("fold", [5, -1, "0", True, None, 0.5])
def test_bad_fold(manifest, fold):
    with pytest.raises(ValueError, match=r"fold must be one of \[0, 1, 2, 3, 4\]"):
        stage3_datalist(manifest, "test", fold=fold)


def test_bad_fraction_and_folder(manifest, nih, tmp_path):
    with pytest.raises(ValueError, match="between 0 and 1"):
        stage3_datalist(manifest, "test", validation_fraction=1)
    with pytest.raises(ValueError, match="between 0 and 1"):
        stage2_datalist(nih, "test", validation_fraction=0)
    for missing in (tmp_path / "none", manifest):
        with pytest.raises(InputError, match=str(missing)):
            stage2_datalist(missing, "test")


def test_too_few_patients_for_the_folds(tmp_path):
    file = write_manifest(tmp_path, three_classes(4))
    with pytest.raises(InputError, match="5 folds need 5 patients of class 'covid19', found 4"):
        stage3_datalist(file, "test")
    assert stage3_datalist(file, "test", folds=4)


def test_class_missing_from_training(tmp_path):
    lines = [f"{line},{int('normal' in line)}" for line in three_classes()]
    file = write_manifest(tmp_path, lines, "image,label,patient_id,fold")
    with pytest.raises(InputError, match="training section has no image of 'normal'"):
        stage3_datalist(file, "training", fold=1)
    with pytest.raises(InputError, match="no image of 'covid19'"):
        stage3_datalist(file, "training", fold=0)


def test_only_one_fold_leaves_nothing_to_train(tmp_path):
    lines = [f"{line},0" for line in three_classes(2)]
    file = write_manifest(tmp_path, lines, "image,label,patient_id,fold")
    with pytest.raises(InputError, match="no images are left for the training section"):
        stage3_datalist(file, "training")


@pytest.mark.real_data
def test_real_nih(real_data):
    sections = {
        section: stage2_datalist(
            real_data / "nih", section, exclude_manifests=[real_data / "covid" / "metadata.csv"]
        )
        for section in STAGE2_SECTIONS
    }
    assert len(sections["training"]) + len(sections["validation"]) == 526
    assert len(sections["test"]) == 73
    assert class_counts(sections["validation"], 15).min() >= 1
    assert class_counts(sections["training"], 15).min() >= 1


@pytest.mark.real_data
@pytest.mark.parametrize("fold", range(5))
def test_real_covid(real_data, fold):
    options = {"fold": fold, "extra_manifests": [real_data / "covid_extra"]}
    training, validation, test = (
        stage3_datalist(real_data / "covid", section, **options) for section in STAGE2_SECTIONS
    )
    assert class_counts(test, 3).tolist() == [(25, 25, 24, 23, 21)[fold], 100, 100]
    assert len(training) + len(validation) + len(test) == 1118 + 564
    assert not patients(training) & patients(validation)
    assert not patients(training) & patients(test)
    assert not patients(validation) & patients(test)
    assert len(validation) / (1118 - len(test)) == pytest.approx(0.15, abs=0.03)
    assert all(Path(item["image"]).is_file() for item in training)


def test_a_table_of_findings_for_stage_2(tmp_path):
    lines = [f"{n}.png,{n},{n % 2},{'' if n % 3 else -1},{'test' if n > 15 else 'train'}"
             for n in range(20)]  # fmt: skip
    write_manifest(tmp_path, lines, "image,patient_id,Mass,Nodule,split")
    parts = {
        name: stage2_datalist(tmp_path, name, validation_fraction=0.3) for name in STAGE2_SECTIONS
    }
    assert [item["name"] for item in parts["test"]] == [f"{n}.png" for n in range(16, 20)]
    assert sum(map(len, parts.values())) == 20
    for item in parts["training"]:
        number = int(item["patient_id"])
        assert item["label"][0] == number % 2
        assert np.isnan(item["label"][1]) == (number % 3 == 0)
    ignored = stage2_datalist(tmp_path, "training", blank="ignore")
    assert all(np.isnan(item["label"][1]) for item in ignored)


def test_one_folder_a_class_for_stage_3(tmp_path):
    for label in ("NORMAL", "TB"):
        for number in range(12):
            write_picture(tmp_path / "train" / label / f"p{label}{number // 2}_{number}.jpeg")
    parts = [
        stage3_datalist(tmp_path, name, labels=("tb", "normal"), patient_pattern=PATTERN, folds=3)
        for name in ("training", "validation", "test")
    ]
    patients = [{item["patient_id"] for item in part} for part in parts]
    assert sum(map(len, parts)) == 24
    assert len(set.union(*patients)) == sum(map(len, patients)) == 12
    assert {item["label"] for item in parts[0]} == {0, 1}


def test_images_with_several_classes_are_none_for_stage_3(tmp_path):
    lines = ["a.png,1,1,1", "b.png,2,0,1"]
    write_manifest(tmp_path, lines, "image,patient_id,Mass,Nodule")
    with pytest.raises(InputError, match=r"1 images do not .* 'a.png' with Mass, Nodule"):
        stage3_datalist(tmp_path, "training", labels=("Mass", "Nodule"))
