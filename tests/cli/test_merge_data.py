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
