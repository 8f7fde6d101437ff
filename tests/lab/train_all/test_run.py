import csv
import json
import shutil

import pandas as pd
import pytest
import torch

from monai_covid.errors import RunFolderError
from monai_covid.lab.train_all.plan import (
    Collections,
    Speed,
    epochs_that_fit,
    make_plan,
    recorded_plan,
)
from monai_covid.lab.train_all.run import TrainAll
from monai_covid.training.budget import TimeBudget
from monai_covid.training.cross_validation import cross_validate_stage, folds_of
from tests.training.stages import BUNDLE, write_covid, write_findings

pytestmark = pytest.mark.slow

SETTINGS = {
    "stage2_epochs": 2,
    "stage3_epochs": 2,
    "image_size": 32,
    "batch_size": 4,
    "imagenet": "none",
}


@pytest.fixture(scope="module")
def collections(tmp_path_factory):
    folder = tmp_path_factory.mktemp("collections")
    return Collections(write_findings(folder / "nih"), write_covid(folder / "covid"))


def everything(collections, output, minutes=None, **changes):
    plan = recorded_plan(collections, output, {**SETTINGS, **changes})
    budget = TimeBudget(minutes)
    return TrainAll(
        BUNDLE, collections, output, plan, budget, device="cpu", progress=False, resamples=40
    )


@pytest.fixture(scope="module")
def whole(tiny_network, collections, tmp_path_factory):
    """Folder in which all has been trained at once."""
    output = tmp_path_factory.mktemp("whole") / "all"
    assert everything(collections, output).run()
    return output


def test_all_stages_and_folds_are_trained_evaluated_and_aggregated(whole):
    with (whole / "stage3/cross_validation/cross_validation.csv").open() as stream:
        metrics = {row["metric"] for row in csv.DictReader(stream)}
    assert "accuracy" in metrics
    with (whole / "stage3/cross_validation/pooled/predictions.csv").open() as stream:
        images = [row["image"] for row in csv.DictReader(stream)]
    assert len(images) == len(set(images)) == 24  # every image once, in the fold that tests it
    assert (whole / "stage2/evaluation/metrics.json").is_file()
    summary = json.loads((whole / "stage3/fold_0/summary.json").read_text())
    assert summary["model"]["start"] == "stage 2 (from random), head keep"


def test_out_of_time_stops_and_the_same_call_goes_on_to_the_same_weights(
    whole, collections, tmp_path
):
    pieces = tmp_path / "pieces"
    calls = 1
    while not everything(collections, pieces, minutes=0.0).run():
        calls += 1
        assert calls < 20
    assert calls > 2
    for run in ("stage2", "stage3/fold_0", "stage3/fold_4"):
        first, second = (
            torch.load(folder / run / "model.pt", weights_only=True) for folder in (whole, pieces)
        )
        assert all(torch.equal(first[name], second[name]) for name in first)


def test_another_plan_in_the_same_folder_is_refused(collections, tmp_path):
    recorded_plan(collections, tmp_path / "out", SETTINGS)
    with pytest.raises(RunFolderError, match="stage3_epochs was 2 and is now 9"):
        recorded_plan(collections, tmp_path / "out", {**SETTINGS, "stage3_epochs": 9})


def test_the_plan_follows_the_time(tiny_network, collections):
    settings = {"image_size": 32, "batch_size": 4}
    short = make_plan(collections, settings, minutes=1e-6, device="cpu")
    long = make_plan(collections, settings, minutes=1e6, device="cpu")
    assert (short.stage2_epochs, short.stage3_epochs) == (2, 2)
    assert (long.stage2_epochs, long.stage3_epochs) == (60, 40)


def test_epochs_that_fit_is_the_time_over_the_time_of_an_epoch():
    # 1.2 x (100 x 0.1 s + 50 x 0.04 s) = 14.4 s an epoch
    assert epochs_that_fit(2.4, Speed(0.1, 0.04), 100, 50, most=60) == 10


def test_a_cross_validation_is_not_overwritten_unasked(tiny_network, collections, tmp_path):
    (tmp_path / "out/fold_0").mkdir(parents=True)
    (tmp_path / "out/fold_0/last.pt").touch()
    with pytest.raises(RunFolderError, match="--resume True"):
        cross_validate_stage(BUNDLE, collections.covid, tmp_path / "out")


def test_folds_come_from_the_manifest_or_the_option(collections):
    assert list(folds_of(collections.manifest, folds=3)) == [0, 1, 2]


@pytest.fixture(scope="module")
def in_hospitals(collections, tmp_path_factory):
    """The collection in three hospitals; north has patients of ChestX-ray14."""
    folder = tmp_path_factory.mktemp("hospitals") / "covid"
    shutil.copytree(collections.covid, folder)
    table = pd.read_csv(folder / "metadata.csv")
    table["source"] = ["north", "south", "west"] * (len(table) // 3)
    first = table["source"] == "north"
    table.loc[first, "patient_id"] = [f"nih-{90000 + row}" for row in range(first.sum())]
    table.to_csv(folder / "metadata.csv", index=False)
    return Collections(collections.nih, folder)


def test_one_hospital_after_the_other_is_held_out(tiny_network, in_hospitals, tmp_path):
    assert everything(in_hospitals, tmp_path / "out", hold_out_by="source").run()
    stage3 = tmp_path / "out/stage3"
    assert sorted(path.name for path in stage3.glob("fold_*")) == ["fold_1", "fold_2"]
    content = json.loads((stage3 / "cross_validation/hospitals.json").read_text())
    assert [each["hospital"] for each in content["by_patient"]["hospitals"]] == ["south", "west"]
    table = pd.read_csv(in_hospitals.covid / "metadata.csv").set_index("image")
    tested = pd.read_csv(stage3 / "fold_1/evaluation/predictions.csv")["image"]
    assert set(tested) == set(table.index[table["source"] == "south"])


def test_hospitals_are_the_folds(in_hospitals):
    hospitals = {0: "north", 1: "south", 2: "west"}
    assert folds_of(in_hospitals.covid, hold_out_by="source") == hospitals
    assert folds_of(in_hospitals.covid, hold_out_by="source", after_stage2=True) == {
        1: "south",
        2: "west",
    }
