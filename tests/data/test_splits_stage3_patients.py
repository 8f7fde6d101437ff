"""Whom stage 2 must not see: all patients of stage 3, or those of its test fold."""

import pytest

from monai_covid.data.datalists import stage2_datalist, stage3_datalist
from monai_covid.data.splits import stage3_patients
from monai_covid.errors import InputError, OptionError
from monai_covid.labels import NIH_LABELS
from tests.data.collections_on_disk import write_manifest, write_nih

CLASSES = ("covid19", "pneumonia", "normal")


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    """Sixty patients in five folds, by NIH numbers written in several ways."""
    rows = [
        f"c{number}.png,{CLASSES[number % 3]},nih-{number},0{number % 5}" for number in range(1, 61)
    ]
    folder = tmp_path_factory.mktemp("covid")
    return write_manifest(folder, rows, "image,label,patient_id,fold")


@pytest.fixture(scope="module")
def nih(tmp_path_factory):
    """The same patients and thirty more."""
    rows = [
        (f"{number:08d}_000.png", NIH_LABELS[number % 15], str(number)) for number in range(1, 91)
    ]
    listed = [row[0] for row in rows]
    return write_nih(tmp_path_factory.mktemp("nih"), rows, listed[:80], listed[80:])


def patients(items):
    return {item["patient_id"] for item in items}


def test_without_a_fold_all_are_left_out(manifest):
    assert stage3_patients([manifest]) == {f"nih-{number:05d}" for number in range(1, 61)}
    assert stage3_patients([]) == set()


@pytest.mark.parametrize("fold", [0, 3])
def test_the_patients_of_one_fold(manifest, fold):
    expected = {f"nih-{number:05d}" for number in range(1, 61) if number % 5 == fold}
    assert stage3_patients([manifest.parent], fold) == expected
    assert expected == patients(stage3_datalist(manifest, "test", fold=fold))


def test_whom_stage_3_validates_on(manifest):
    found = stage3_patients([manifest], 2, 0.25, seed=7)
    options = {"fold": 2, "validation_fraction": 0.25, "seed": 7}
    held = [patients(stage3_datalist(manifest, name, **options)) for name in ("test", "validation")]
    assert found == held[0] | held[1]
    assert not found & patients(stage3_datalist(manifest, "training", **options))


def test_stage_2_trains_on_the_other_folds(nih, manifest):
    seen = {
        name: patients(
            [
                item
                for section in ("training", "validation")
                for item in stage2_datalist(nih, section, exclude_manifests=manifest, **options)
            ]
        )
        for name, options in {
            "all": {},
            "fold": {"exclude_fold": 1},
            "both": {"exclude_fold": 1, "exclude_validation_fraction": 0.2, "seed": 3},
        }.items()
    }
    assert len(seen["all"]) == 20
    assert len(seen["fold"]) == 20 + 48
    options = {"fold": 1, "validation_fraction": 0.2, "seed": 3}
    for section in ("test", "validation"):
        assert not seen["both"] & patients(stage3_datalist(manifest, section, **options))
    assert patients(stage3_datalist(manifest, "training", **options)) < seen["both"]


def test_the_image_name_tells_the_patient_too(tmp_path):
    file = tmp_path / "m.csv"
    file.write_text("image,patient_id,fold\n00000061_003.png,a,0\n00000062_000.png,b,1\n")
    assert stage3_patients([file], 0) == {"a", "nih-00061"}


def test_unusable_options(manifest, tmp_path):
    with pytest.raises(OptionError, match="exclude_fold needs exclude_manifests"):
        stage3_patients([], 0)
    with pytest.raises(OptionError, match="exclude_validation_fraction needs exclude_fold"):
        stage3_patients([manifest], None, 0.15)
    with pytest.raises(InputError, match=r"has no fold 7, .* its folds: 0, 1, 2, 3, 4"):
        stage3_patients([manifest], 7)
    file = tmp_path / "m.csv"
    file.write_text("image,patient_id\na.png,a\n")
    with pytest.raises(InputError, match=r"m\.csv:1: lacks column 'fold'"):
        stage3_patients([file], 0)


@pytest.mark.real_data
def test_one_fold_of_the_real_collection(real_data):
    covid = real_data / "covid"
    sizes = [len(stage3_patients([covid], fold)) for fold in range(5)]
    assert sum(sizes) == len(stage3_patients([covid])) == 761
    seen = stage2_datalist(real_data / "nih", "training", exclude_manifests=covid, exclude_fold=0)
    assert not patients(seen) & patients(stage3_datalist(covid, "test", fold=0))
    assert patients(seen) & patients(stage3_datalist(covid, "training", fold=0))
