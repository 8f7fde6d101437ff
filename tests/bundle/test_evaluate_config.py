"""evaluate.yaml on both collections, and what it says to unusable input."""

import json
import shutil
from pathlib import Path
from typing import Any

import monai.bundle
import numpy as np
import pandas as pd
import pytest

from monai_covid.inference.classifier import FLIPS_REMARK, Classifier
from monai_covid.labels import COVID_LABELS, NIH_LABELS
from tests.bundle.collections_for_training import covid_folder, nih_folder
from tests.bundle.offline import run_bundle

pytestmark = pytest.mark.usefixtures("tiny_network")

FILES = {"metrics.json", "metrics.csv", "metrics.txt", "predictions.csv", "roc.png"}
SINGLE_LABEL = {*FILES, "confusion_matrix.csv", "confusion_matrix.png"}
MULTI_LABEL = {*FILES, "label_auc.png"}


@pytest.fixture
def covid(tmp_path: Path) -> Path:
    return covid_folder(tmp_path / "covid")


@pytest.fixture
def options(bundle: Path, covid: Path, covid_model: Path, tmp_path: Path) -> dict[str, Any]:
    return {
        "config_file": str(bundle / "configs/evaluate.yaml"),
        "bundle_root": str(bundle),
        "dataset_dir": str(covid),
        "output_dir": str(tmp_path / "results"),
        "checkpoint": str(covid_model),
        "resamples": 40,
        "progress": False,
        "logging_file": False,
    }


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def refused(options: dict[str, Any], **changed: Any) -> str:
    """Run with ``changed`` options, which must end with a message; return it."""
    with pytest.raises(SystemExit) as stopped:
        monai.bundle.run(**{**options, **changed})
    assert isinstance(stopped.value.code, str)
    return stopped.value.code


def test_stage_3_from_the_command_line(options: dict[str, Any], tmp_path: Path) -> None:
    del options["logging_file"]
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    done = run_bundle("run", "evaluating", *words, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    for alarm in ("ERROR", "Traceback", "Cannot find", "deprecated"):
        assert alarm not in done.stdout
    assert names(tmp_path / "results") == SINGLE_LABEL


def test_accuracy_is_that_of_the_classifier(
    options: dict[str, Any], covid: Path, covid_model: Path, tmp_path: Path
) -> None:
    monai.bundle.run(**options, section="all")
    manifest = pd.read_csv(covid / "metadata.csv")
    said = Classifier(covid_model).predict(
        [covid / name for name in manifest["image"]], assess=False
    )
    correct = [each.label == label for each, label in zip(said, manifest["label"], strict=True)]
    metrics = pd.read_csv(tmp_path / "results/metrics.csv", index_col="metric")
    assert np.isclose(float(metrics.loc["accuracy", "value"]), np.mean(correct))
    counts = pd.read_csv(tmp_path / "results/confusion_matrix.csv", index_col=0)
    assert counts.to_numpy().sum() == len(manifest)
    assert np.diag(counts).sum() == sum(correct)


def test_the_test_section_is_one_fold(options: dict[str, Any], tmp_path: Path) -> None:
    seen: list[str] = []
    for fold in range(2):
        folder = tmp_path / f"fold{fold}"
        monai.bundle.run(**{**options, "output_dir": str(folder)}, fold=fold, folds=2)
        seen += list(pd.read_csv(folder / "predictions.csv").iloc[:, 0])
    assert len(seen) == len(set(seen)) == 6 * len(COVID_LABELS)


def test_hospitals_are_held_out_as_in_the_run_of_the_model(
    options: dict[str, Any], covid: Path, tmp_path: Path
) -> None:
    table = pd.read_csv(covid / "metadata.csv")
    hospitals = table.assign(source=["A" if row % 2 else "B" for row in range(len(table))])
    hospitals.to_csv(covid / "metadata.csv", index=False)
    checkpoint = Path(shutil.copy(options["checkpoint"], tmp_path / "model.pt"))
    changed = {**options, "checkpoint": str(checkpoint)}
    summary = tmp_path / "summary.json"
    summary.write_text(json.dumps({"settings": {"hold_out_by": "source"}}))
    message = refused(changed)
    assert "model.pt was trained with hold_out_by source (its summary.json tells)" in message
    assert "give --hold_out_by source, or, for images of another collection, --section" in message
    assert not (tmp_path / "results").exists()
    monai.bundle.run(**changed, hold_out_by="source", fold=1)
    said = pd.read_csv(tmp_path / "results/predictions.csv")["image"]
    assert set(said) == set(hospitals["image"][hospitals["source"] == "B"])
    monai.bundle.run(**changed, section="all", overwrite=True)
    summary.write_text(json.dumps({"settings": {"hold_out_by": None}}))
    message = refused(changed, hold_out_by="source", overwrite=True)
    assert "was trained with folds of patients" in message
    assert "leave out --hold_out_by source" in message


def test_stage_2(options: dict[str, Any], nih_model: Path, tmp_path: Path) -> None:
    data = nih_folder(tmp_path / "nih")
    monai.bundle.run(**{**options, "dataset_dir": str(data), "checkpoint": str(nih_model)})
    assert names(tmp_path / "results") == MULTI_LABEL
    assert len(pd.read_csv(tmp_path / "results/predictions.csv")) == len(NIH_LABELS)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"resample": 100}, ["--resample is not an option", "--resamples"]),
        ({"section": "tests"}, ["--section", "did you mean test?"]),
        ({"resamples": 1}, ["--resamples 1", "at least 40"]),
        ({"overwrite": "true"}, ["--overwrite", "True or False"]),
        ({"fold": "0"}, ["--fold", "whole number"]),
        ({"fold": 7}, ["fold must be one of [0, 1, 2, 3, 4]", "7"]),
        ({"checkpoint": "none.pt"}, ["none.pt", "no such weights file"]),
        ({"dataset_dir": "nowhere"}, ["nowhere", "does not exist"]),
        ({"manifest": "none.csv"}, ["none.csv", "does not exist"]),
    ],
)
def test_unusable_options(
    changed: dict[str, Any],
    words: list[str],
    options: dict[str, Any],
    tmp_path: Path,
    in_empty_folder: Path,
) -> None:
    message = refused(options, **changed)
    assert message.startswith("error: ")
    assert [word for word in words if word not in message] == []
    assert not (tmp_path / "results").exists()


def test_a_model_of_the_other_stage(
    options: dict[str, Any], nih_model: Path, tmp_path: Path
) -> None:
    message = refused(options, checkpoint=str(nih_model))
    assert "unknown label 'covid19'" in message
    assert not (tmp_path / "results").exists()


def test_a_damaged_image_is_named_and_nothing_is_written(
    options: dict[str, Any], covid: Path, tmp_path: Path
) -> None:
    for image in covid.glob("*.png"):
        image.write_bytes(image.read_bytes()[:100])
    message = refused(options)
    assert ".png: cannot be decoded" in message
    assert names(tmp_path) == {"covid"}


def test_an_earlier_evaluation_stays_unless_asked(options: dict[str, Any], tmp_path: Path) -> None:
    monai.bundle.run(**options)
    results = tmp_path / "results"
    marked = json.loads((results / "metrics.json").read_text())
    (results / "metrics.json").write_text(json.dumps({**marked, "mark": True}))
    assert "already has metrics.json" in refused(options)
    assert json.loads((results / "metrics.json").read_text())["mark"]
    monai.bundle.run(**options, overwrite=True)
    assert json.loads((results / "metrics.json").read_text()) == marked


def test_a_folder_of_something_else_is_never_replaced(
    options: dict[str, Any], tmp_path: Path
) -> None:
    results = tmp_path / "results"
    results.mkdir()
    (results / "thesis.txt").write_text("precious")
    for overwrite in (False, True):
        assert str(results) in refused(options, overwrite=overwrite)
        assert names(results) == {"thesis.txt"}


def test_flips_are_averaged_and_said(options: dict[str, Any], tmp_path: Path) -> None:
    results = {}
    for name, flips in (("plain", False), ("flips", True)):
        folder = tmp_path / name
        monai.bundle.run(**{**options, "output_dir": str(folder)}, flips=flips)
        results[name] = pd.read_csv(folder / "predictions.csv")
        said = json.loads((folder / "metrics.json").read_text())["remarks"]
        assert (FLIPS_REMARK in said) is flips
    columns = [f"probability_{label}" for label in COVID_LABELS]
    plain, flips = (results[name][columns].to_numpy() for name in ("plain", "flips"))
    assert np.abs(plain - flips).max() > 1e-6
    np.testing.assert_allclose(flips.sum(axis=1), 1, atol=1e-6)
