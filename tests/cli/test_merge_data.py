"""``merge-data`` writes a manifest that other commands read."""

import pandas as pd
import pytest

from monai_covid.cli.main import main
from tests.data.collections_on_disk import three_classes, write_manifest, write_nih


@pytest.fixture
def call(tmp_path):
    covid = write_manifest(tmp_path / "covid", three_classes(patients=2, images=1))
    more = write_manifest(tmp_path / "more", three_classes(patients=1, images=1, prefix="q"))
    nih = write_nih(tmp_path / "nih")
    out = ["--out", str(tmp_path / "all.csv")]
    return ["merge-data", "--data", str(covid), str(more.parent), "--nih", str(nih), *out]


def test_a_manifest_with_the_hospitals(call, tmp_path, capsys):
    assert main(call) == 0
    table = pd.read_csv(tmp_path / "all.csv")
    assert table["source"].value_counts().to_dict() == {
        "covid": 6,
        "more": 3,
        "NIH ChestX-ray14": 1,
    }
    assert table["label"].iloc[-1] == "normal"
    printed = capsys.readouterr().out
    assert "more: 3 of 3 images" in printed
    assert "NIH ChestX-ray14        0          0       1" in printed
    assert main(["check-data", "--data", str(tmp_path / "all.csv"), "--quiet"]) == 0


def test_a_file_stays_unless_asked(call, tmp_path):
    assert main(call) == 0
    with pytest.raises(SystemExit, match=r"all.csv exists already; replace it with --overwrite"):
        main(call)
    assert main([*call, "--overwrite", "--nih-source", "Bethesda"]) == 0
    assert "Bethesda" in set(pd.read_csv(tmp_path / "all.csv")["source"])


def test_the_table_is_a_csv(call, tmp_path):
    with pytest.raises(SystemExit, match=r"--out .*all: give a CSV file"):
        main([*call[:-1], str(tmp_path / "all")])


def test_patients_of_nih_are_taken_once(tmp_path):
    lines = ["a.png,normal,nih-2", "b.png,covid19,1", "c.png,pneumonia,2"]
    covid = write_manifest(tmp_path / "covid", lines)
    rows = (("00000002_000.png", "No Finding", "2"), ("00000005_000.png", "No Finding", "5"))
    nih = write_nih(tmp_path / "nih", rows, ["00000002_000.png"], ["00000005_000.png"])
    out = ["--out", str(tmp_path / "all.csv")]
    assert main(["merge-data", "--data", str(covid), "--nih", str(nih), *out]) == 0
    patients = pd.read_csv(tmp_path / "all.csv", dtype=str)["patient_id"].tolist()
    assert patients == ["nih-00002", "1", "2", "nih-00005"]


def test_collections_that_number_patients_alike(tmp_path, capsys):
    one = write_manifest(tmp_path / "one", ["a.png,normal,1", "b.png,covid19,2"])
    two = write_manifest(tmp_path / "two", ["c.png,normal,1", "d.png,covid19,3"])
    line = ["merge-data", "--data", str(one), str(two), "--out", str(tmp_path / "all.csv")]
    assert main(line) == 0
    assert "\n1 patient id in several collections: " in capsys.readouterr().out
    assert len(pd.read_csv(tmp_path / "all.csv")) == 4
    assert main([*line, "--same-patients", "--overwrite"]) == 0
    assert "two: 1 of 2 images; left out: 1 of patients" in capsys.readouterr().out
    assert len(pd.read_csv(tmp_path / "all.csv")) == 3
