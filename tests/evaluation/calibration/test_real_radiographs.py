"""A network trained on real radiographs for a minute, calibrated, and asked about its test fold."""

import csv

import pytest

from monai_covid.cli.main import main
from monai_covid.data.datalists import stage3_datalist
from monai_covid.models.model_file import read_model_info
from monai_covid.training.cross_validation import train_stage
from tests.training.stages import BUNDLE, FROM_RANDOM

pytestmark = pytest.mark.real_data

EPOCHS = {"max_epochs": 4, "head_epochs": 0, "patience": 0, "learning_rate": 0.02}


def test_from_training_to_answers_that_are_marked_uncertain(real_data, tmp_path):
    data = {"dataset_dir": str(real_data / "covid"), "fold": 0}
    run, calm, out = tmp_path / "run", tmp_path / "calm.pt", tmp_path / "out"
    small = {"image_size": 32, "progress": False, **FROM_RANDOM, **EPOCHS}
    assert train_stage(BUNDLE, "stage3_covid.yaml", run, **data, **small)["finished"]
    calibrate = ["--model", run / "model.pt", "--data", real_data / "covid", "--out", calm]
    assert call("calibrate", *calibrate, "--coverage", 0.75, "--resamples", 100) == 0
    found = read_model_info(calm).calibration
    assert found.data == "validation part of covid, fold 0"
    assert found.log_loss_after <= found.log_loss_before
    cutoff = found.cutoff
    assert cutoff.coverage == pytest.approx(0.75, abs=1.5 / found.images)
    # What orders errors at all does so on images that it did not see, if only a little.
    assert cutoff.accuracy > cutoff.accuracy_of_all
    test = [item["image"] for item in stage3_datalist(data["dataset_dir"], "test", fold=0)]
    assert call("predict", *test, "--out", out, "--keep-unsuitable", "--model", calm) == 0
    with (out / "predictions.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == len(test) == 225
    # Four standard deviations of a share of 225 images, and of the 150 that set the cut-off.
    uncertain = sum(bool(row["uncertain"]) for row in rows) / len(rows)
    assert uncertain == pytest.approx(0.25, abs=0.2)
    limit = cutoff.value
    assert all((float(row["uncertainty"]) > limit) == bool(row["uncertain"]) for row in rows)


def call(*words):
    return main([str(word) for word in words])
