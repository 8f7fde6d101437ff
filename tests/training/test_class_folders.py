"""Stage 3 on one folder a class, from training to the report, with and without patients."""

import json

import pytest

from monai_covid.training.cross_validation import evaluate_stage
from tests.data.collections_on_disk import write_picture
from tests.training.stages import BUNDLE, run_stage

PATTERN = r"person(?P<patient>\d+)_"


@pytest.mark.usefixtures("tiny_network")
@pytest.mark.parametrize("pattern", [None, PATTERN])
def test_results_say_whether_patients_are_known(tmp_path, pattern):
    for number in range(48):
        label = ("NORMAL", "TB")[number % 2]
        place = tmp_path / "set" / ("train", "test")[number > 40] / label
        write_picture(place / f"person{number // 4}{number % 2}_{number}.jpeg", number)
    run = tmp_path / "run"
    options = {"patient_pattern": pattern} if pattern else {}
    run_stage("stage3_covid", tmp_path / "set", run, max_epochs=1, folds=3, **options)
    data = {"dataset_dir": str(tmp_path / "set"), "folds": 3, "resamples": 40, **options}
    folder = evaluate_stage(BUNDLE, run, progress=False, batch_size=4, **data)
    report = json.loads((folder / "metrics.json").read_text())
    assert report["class_names"] == ["NORMAL", "TB"]
    unknown = "Patients unknown: intervals by image."
    assert (unknown in report["remarks"]) == (pattern is None)
    assert (report["n_patients"] == report["n_images"]) == (pattern is None)
