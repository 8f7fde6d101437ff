import numpy as np
import pandas as pd
import pytest

from monai_covid.data.collections.reading import read_collection
from monai_covid.data.nih import read_nih
from monai_covid.data.patients import (
    canonical_patient_id,
    drop_manifest_patients,
    drop_patients,
    nih_patient_id,
    nih_patient_of_image,
    patients_in,
    patients_in_manifests,
)
from monai_covid.errors import InputError
from tests.data.collections_on_disk import write_manifest, write_nih


def test_ids():
    assert nih_patient_id(61) == nih_patient_id("00061") == "nih-00061"
    assert nih_patient_id(123456) == "nih-123456"
    assert canonical_patient_id("NIH-61") == "nih-00061"
    for other in ("61", "ieee8023-46", "nih-61a", "my-nih-61"):
        assert canonical_patient_id(other) == other


@pytest.mark.parametrize(
    ("name", "patient"),
    [
        ("00000061_012.png", "nih-00061"),
        ("images/00000061_012.jpeg", "nih-00061"),
        ("normal_00000061_012.jpg", "nih-00061"),
        ("100000061_012.png", None),
        ("00000061_12.png", None),
        ("00000061_012", None),
        ("covid.png", None),
    ],
)
def test_patient_of_image(name, patient):
    assert nih_patient_of_image(name) == patient


def test_patients_by_id_image_and_original_file():
    frame = pd.DataFrame(
        {
            "patient_id": ["nih-1", "a", "b", ""],
            "image": ["x.png", "00000002_000.jpg", "y.png", "z.png"],
            "original_file": ["", "", "00000003_001.png", ""],
        }
    )
    assert patients_in(frame) == {"nih-00001", "nih-00002", "nih-00003", "a", "b"}


def test_drop_by_id_or_name(tmp_path):
    records = read_nih(write_nih(tmp_path / "nih"))
    for number, line in enumerate(["x.png,nih-1", "00000002_007.jpg,renumbered"]):
        (tmp_path / f"{number}.csv").write_text(f"image,patient_id\n{line}\n")
    manifests = [tmp_path / "0.csv", tmp_path / "1.csv"]
    remaining, images, patients = drop_manifest_patients(records, manifests)
    assert (images, patients) == (3, 2)
    assert sorted(remaining.patients) == ["nih-00003", "nih-00004"]
    assert np.array_equal(remaining.targets, records.targets[3:])


def test_drop_by_original_file(tmp_path):
    header = "image,label,patient_id,original_file"
    lines = ["a.png,normal,1,00000061_000.png", "b.png,normal,2,b.tif"]
    records = read_collection(write_manifest(tmp_path, lines, header))
    assert drop_patients(records, {"nih-00061"}).records.patients.tolist() == ["2"]


def test_nothing_to_drop(tmp_path):
    records = read_nih(write_nih(tmp_path))
    assert len(drop_patients(records, set()).records) == 5
    assert patients_in_manifests([]) == set()


def test_manifest_without_patients(tmp_path):
    (tmp_path / "m.csv").write_text("image,label\na,b\n")
    with pytest.raises(InputError, match="lacks column 'patient_id'"):
        patients_in_manifests([tmp_path / "m.csv"])


@pytest.mark.real_data
def test_real_overlap(real_data):
    records = read_nih(real_data / "nih")
    remaining, images, patients = drop_manifest_patients(records, [real_data / "covid"])
    assert (images, patients) == (1006, 682)
    assert (len(remaining), len(set(remaining.patients))) == (599, 599)
    splits = remaining.frame["split"].tolist()
    assert (splits.count("train_val"), splits.count("test")) == (526, 73)
