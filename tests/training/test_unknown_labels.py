"""Stage 2 on a collection of which some labels are not known."""

import math

import pytest

from tests.data.collections_on_disk import write_manifest
from tests.training.stages import curve, run_stage

LABELS = "exclusive: false\nlabels: [{name: Mass}, {name: Nodule}, {name: Edema}]\n"


def write(folder, unknown):
    """40 images; 'Edema' of every second one is unknown: -1, or 0."""
    lines = [
        f"{number}.png,{number},{number % 2},{number // 2 % 2},"
        f"{unknown if number % 2 else number // 4 % 2}"
        for number in range(40)
    ]
    write_manifest(folder, lines, "image,patient_id,Mass,Nodule,Edema")
    return folder


@pytest.mark.usefixtures("tiny_network")
def test_what_is_not_known_is_not_learned(tmp_path):
    classes = tmp_path / "labels.yaml"
    classes.write_text(LABELS)
    curves = {}
    for unknown in ("-1", "0"):
        collection = write(tmp_path / f"set{unknown}", unknown)
        run = tmp_path / f"run{unknown}"
        run_stage("stage2_nih", collection, run, max_epochs=2, classes=str(classes))
        assert (run / "model.pt").is_file()
        curves[unknown] = curve(run)
        for row in curves[unknown]:
            for name in ("train_loss", "validation_loss", "validation_auc"):
                assert math.isfinite(float(row[name]))
    assert curves["-1"] != curves["0"]
