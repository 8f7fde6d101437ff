"""inference.yaml over a folder of mixed formats, and what it says to unusable input."""

import json
from pathlib import Path
from typing import Any

import monai.bundle
import numpy as np
import pandas as pd
import pytest
import torch

from monai_covid import RESEARCH_USE_ONLY
from monai_covid.inference.classifier import Classifier
from monai_covid.labels import COVID_LABELS
from monai_covid.models.architectures import build_densenet
from monai_covid.preprocessing.suitability.assess import CAUTIONS, REASONS
from tests.bundle.offline import run_bundle
from tests.inference.chests import (
    MIRRORED,
    NOISE,
    SUITABLE,
    UPSIDE_DOWN,
    write_spoilt,
    write_suitable,
)

pytestmark = pytest.mark.usefixtures("tiny_network")

PROBABILITIES = [f"probability_{label}" for label in COVID_LABELS]


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Chests as PNG, JPEG, DICOM without a suffix and NIfTI, a damaged PNG and a text."""
    folder = write_suitable(tmp_path / "images")
    (folder / "broken.png").write_bytes((folder / "a.png").read_bytes()[:200])
    (folder / "notes.txt").write_text("not an image")
    return folder


@pytest.fixture
def options(bundle: Path, images: Path, covid_model: Path, tmp_path: Path) -> dict[str, Any]:
    return {
        "config_file": str(bundle / "configs/inference.yaml"),
        "bundle_root": str(bundle),
        "dataset_dir": str(images),
        "output_dir": str(tmp_path / "results"),
        "checkpoint": str(covid_model),
        "progress": False,
        "logging_file": False,
    }


def predictions(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "predictions.csv", index_col="image", keep_default_na=False)


def refused(options: dict[str, Any], **changed: Any) -> str:
    """Run with ``changed`` options, which must end with a message; return it."""
    with pytest.raises(SystemExit) as stopped:
        monai.bundle.run(**{**options, **changed})
    assert isinstance(stopped.value.code, str)
    return stopped.value.code


def test_from_the_command_line(options: dict[str, Any], bundle: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    del options["logging_file"]
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    done = run_bundle("run", *words, cwd=elsewhere)
    assert done.returncode == 0, done.stdout
    assert "5 images, 1 of them unreadable" in done.stdout
    # MONAI itself warns that configs can run code; nothing else may alarm.
    for alarm in ("ERROR", "Traceback", "Cannot find", "deprecated"):
        assert alarm not in done.stdout
    assert list(elsewhere.iterdir()) == []
    assert {path.name for path in (tmp_path / "results").iterdir()} == {
        "predictions.csv",
        "predictions.json",
        "predictions.txt",
    }


def test_table_of_mixed_formats(options: dict[str, Any], tmp_path: Path) -> None:
    monai.bundle.run(**options)
    table = predictions(tmp_path / "results")
    assert sorted(table.index) == sorted((*SUITABLE, "broken.png"))
    usable = table.loc[list(SUITABLE)]
    assert (usable["error"] == "").all()
    probabilities = usable[PROBABILITIES].astype(float)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)
    most = probabilities.idxmax(axis=1).str.removeprefix("probability_")
    assert (usable["prediction"] == most).all()
    broken = table.loc["broken.png"]
    assert "broken.png" in broken["error"]
    assert (broken[["prediction", *PROBABILITIES]] == "").all()


def test_the_same_pixels_give_the_same_probabilities(
    options: dict[str, Any], tmp_path: Path
) -> None:
    monai.bundle.run(**options)
    table = predictions(tmp_path / "results")[PROBABILITIES]
    png = table.loc["a.png"].astype(float)
    for other in ("c", "series/d.nii.gz"):
        np.testing.assert_allclose(table.loc[other].astype(float), png, rtol=0, atol=1e-6)
    # The test must be able to fail: another picture gives other probabilities.
    assert np.abs(table.loc["b.jpg"].astype(float) - png).max() > 1e-5


def test_is_what_the_classifier_says(
    options: dict[str, Any], images: Path, covid_model: Path, tmp_path: Path
) -> None:
    monai.bundle.run(**options, batch_size=2)
    table = predictions(tmp_path / "results")
    for name, said in zip(
        SUITABLE, Classifier(covid_model).predict([images / name for name in SUITABLE]), strict=True
    ):
        expected = [said.probabilities[label] for label in COVID_LABELS]
        np.testing.assert_allclose(
            table.loc[name, PROBABILITIES].astype(float), expected, atol=1e-6
        )


def test_json_says_the_same_and_what_it_is_for(options: dict[str, Any], tmp_path: Path) -> None:
    monai.bundle.run(**options)
    content = json.loads((tmp_path / "results/predictions.json").read_text())
    assert content["notice"] == RESEARCH_USE_ONLY
    table = predictions(tmp_path / "results")
    assert [row["image"] for row in content["predictions"]] == list(table.index)
    for row in content["predictions"]:
        assert (row["prediction"] or "") == table.loc[row["image"], "prediction"]


@pytest.mark.parametrize("num_workers", [0, 2])
def test_images_that_are_no_upright_chests_get_a_reason(
    options: dict[str, Any], images: Path, tmp_path: Path, num_workers: int
) -> None:
    write_spoilt(images)
    monai.bundle.run(**options, num_workers=num_workers, batch_size=3)
    table = predictions(tmp_path / "results")
    refused = table.loc[[*UPSIDE_DOWN, "noise.png"]]
    assert set(refused.loc[list(UPSIDE_DOWN), "unsuitable"]) == {REASONS["turned_180"]}
    assert refused.loc["noise.png", "unsuitable"] == " ".join(NOISE)
    assert (refused[["prediction", "error", *PROBABILITIES]] == "").all(axis=None)
    answered = table.loc[[*SUITABLE, MIRRORED]]
    assert (answered["unsuitable"] == "").all()
    assert (answered["prediction"] != "").all()
    assert answered.loc[MIRRORED, "cautions"] == CAUTIONS["mirrored"]
    content = json.loads((tmp_path / "results/predictions.json").read_text())
    row = next(each for each in content["predictions"] if each["image"] == "turned.png")
    assert row["unsuitable"] == [REASONS["turned_180"]]
    assert row["prediction"] is row["error"] is None


def test_unsuitable_images_can_be_kept(
    options: dict[str, Any], images: Path, covid_model: Path, tmp_path: Path
) -> None:
    write_spoilt(images)
    monai.bundle.run(**options, keep_unsuitable=True)
    row = predictions(tmp_path / "results").loc["turned.png"]
    assert row["unsuitable"] == REASONS["turned_180"]
    said = next(Classifier(covid_model).predict([images / "turned.png"], assess=False))
    expected = [said.probabilities[label] for label in COVID_LABELS]
    np.testing.assert_allclose(row[PROBABILITIES].astype(float), expected, atol=1e-6)


def test_weights_that_do_not_say_what_they_are(options: dict[str, Any], tmp_path: Path) -> None:
    torch.save(build_densenet().state_dict(), tmp_path / "plain.pt")
    message = refused(options, checkpoint=str(tmp_path / "plain.pt"))
    assert message.startswith(f"error: {tmp_path / 'plain.pt'}: holds weights alone")
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"checkpont": "x.pt"}, ["--checkpont is not an option", "--checkpoint"]),
        ({"keep_unsuitable": "no"}, ["--keep_unsuitable", "True or False"]),
        ({"progress": "false"}, ["--progress", "True or False"]),
        ({"batch_size": 0}, ["--batch_size 0", "at least 1"]),
        ({"precision": "float"}, ["--precision", "float32"]),
        ({"device": "gpu"}, ["--device gpu"]),
        ({"checkpoint": "none.pt"}, ["none.pt", "no such weights file"]),
        ({"dataset_dir": "nowhere"}, ["nowhere", "no such file or folder"]),
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


def test_two_slips_are_reported_together(options: dict[str, Any]) -> None:
    message = refused(options, batchsize=3, num_workers=-1)
    assert "--batch_size" in message
    assert "--num_workers -1" in message


def test_a_folder_without_images(options: dict[str, Any], tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "notes.txt").write_text("not an image")
    assert "no images found" in refused(options, dataset_dir=str(empty))
    assert not (tmp_path / "results").exists()


def test_a_file_that_is_no_checkpoint(options: dict[str, Any], tmp_path: Path) -> None:
    text = tmp_path / "text.pt"
    text.write_text("not weights")
    message = refused(options, checkpoint=str(text))
    assert f"{text}: not a readable PyTorch weights file" in message
    assert not (tmp_path / "results").exists()


def test_earlier_results_stay_unless_asked(options: dict[str, Any], tmp_path: Path) -> None:
    results = tmp_path / "results"
    results.mkdir()
    (results / "predictions.csv").write_text("precious")
    message = refused(options)
    assert "exists already" in message
    assert "--overwrite True" in message
    assert [path.name for path in results.iterdir()] == ["predictions.csv"]
    assert (results / "predictions.csv").read_text() == "precious"
    monai.bundle.run(**options, overwrite=True)
    assert len(predictions(results)) == 5


def test_a_message_ends_the_command_with_a_failure(options: dict[str, Any], tmp_path: Path) -> None:
    del options["logging_file"]
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    done = run_bundle("run", *words, "--checkpont", "x", cwd=tmp_path)
    assert done.returncode == 1
    assert "did you mean --checkpoint?" in done.stdout
    assert "Traceback" not in done.stdout
