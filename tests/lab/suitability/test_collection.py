from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from monai_covid.lab.suitability import collection
from monai_covid.lab.suitability.measure import held_out_sets
from monai_covid.lab.suitability.train import MEASURED_ELSEWHERE


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three sets; patients 1 and 2 are in both, 1 in fold 0 of one and in training of the other."""
    rows = [
        ("00000001_000.jpg", "normal", "nih-00001", 0),
        ("00000002_000.jpg", "normal", "nih-00002", 1),
        (collection.UPSIDE_DOWN, "normal", "nih-03490", 1),
        ("covid19_a.jpg", "covid19", "ieee8023-1", 2),
        ("covid19_b.jpg", "covid19", "ieee8023-2", 0),
    ]
    (tmp_path / "covid").mkdir()
    (tmp_path / "nih").mkdir()
    (tmp_path / "covid_extra").mkdir()
    table = pd.DataFrame(rows, columns=["image", "label", "patient_id", "fold"])
    table.to_csv(tmp_path / "covid" / "metadata.csv", index=False)
    table[:0].to_csv(tmp_path / "covid_extra" / "metadata.csv", index=False)
    train = ["00000001_001.jpg", "00000002_000.jpg", "00000003_000.jpg", "00000005_000.jpg"]
    (tmp_path / "nih" / "train_val_list.txt").write_text("\n".join(train))
    (tmp_path / "nih" / "test_list.txt").write_text("00000004_000.jpg\n")
    return tmp_path


def test_nobody_who_is_measured_on_is_built_from(folder: Path) -> None:
    images = collection.building_images(folder, ["nih-00005"])
    assert sorted(images["patient"]) == ["ieee8023-1", "nih-00002", "nih-00003"]
    sets = held_out_sets(folder)
    assert [path.name for path in sets["covid fold 0, covid19"]] == ["covid19_b.jpg"]
    assert [path.name for path in sets["nih test list"]] == ["00000004_000.jpg"]


def test_a_base_is_the_squashed_image(tmp_path: Path) -> None:
    path = tmp_path / "image.png"
    pixels = np.tile(np.arange(256, dtype=np.uint8), (64, 1))
    Image.fromarray(pixels).save(path)
    base = collection.read_base(path)
    assert base.shape == (128, 128)
    assert base[40] == pytest.approx(np.linspace(0, 1, 128), abs=0.01)


def test_folds_keep_patients_together() -> None:
    patients = [f"p{number % 30}" for number in range(90)]
    folds = collection.assign_patient_folds(patients, 4, 1)
    assert all(len(set(folds[number::30])) == 1 for number in range(30))
    assert set(folds) == {0, 1, 2, 3}
    assert not np.array_equal(folds, collection.assign_patient_folds(patients, 4, 2))


@pytest.mark.real_data
def test_real_sets_have_no_patient_in_common(real_data: Path) -> None:
    images = collection.building_images(real_data, MEASURED_ELSEWHERE)
    covid = pd.read_csv(real_data / "covid" / "metadata.csv", dtype=str)
    measured = set(covid.loc[covid["fold"] == "0", "patient_id"]) | set(MEASURED_ELSEWHERE)
    test = (real_data / "nih" / "test_list.txt").read_text().split()
    measured |= {f"nih-{int(name.split('_')[0]):05d}" for name in test}
    assert len(images) > 1000
    assert not measured & set(images["patient"])
    assert not images["path"].duplicated().any()
    assert not images["path"].str.contains(collection.UPSIDE_DOWN).any()
