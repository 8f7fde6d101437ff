"""The card of a model says what its file, run and studies say."""

import hashlib
import json
from dataclasses import replace

import pytest

from monai_covid import RESEARCH_USE_ONLY
from monai_covid.cli.main import main
from monai_covid.evaluation.calibration.record import Calibration, OperatingPoint
from monai_covid.models.architectures import BLOCK_LAYERS
from monai_covid.models.model_file import ModelInfo, save_model
from monai_covid.preprocessing.settings import Preprocessing
from tests.lab.studies.pages import example


@pytest.fixture
def model(monkeypatch, tmp_path):
    monkeypatch.setitem(BLOCK_LAYERS, "densenet121", (1, 1, 1, 1))
    return write(tmp_path, ModelInfo(image_size=112, start="stage 2 (from random), head keep"))


def write(folder, info):
    save_model(folder / "model.pt", info.build().state_dict(), info)
    return folder / "model.pt"


def card_of(model, *more):
    out = model.parent / "card.md"
    assert main(["model-card", str(model), "--out", str(out), "--overwrite", *map(str, more)]) == 0
    return out.read_text()


def test_a_card_of_a_file_alone_says_what_is_not_known(model):
    card = card_of(model)
    assert RESEARCH_USE_ONLY in card
    assert hashlib.sha256(model.read_bytes()).hexdigest() in card
    assert "| Network | DenseNet-121 |" in card
    assert "COVID-19, Pneumonia, Normal (softmax: one class)" in card
    assert "stage 2 (from random), head keep" in card
    assert "Not calibrated" in card
    assert "its settings are not known" in card
    assert "None: no study was named." in card
    assert "Not stated." in card


def test_run_data_and_studies_are_shown(model):
    settings = {"learning_rate": 0.02, "head": "keep", "limit": None}
    (model.parent / "summary.json").write_text(json.dumps({"settings": settings}))
    (model.parent / "data.md").write_text("118 images.\n")
    content = example.study()
    content["arms"][1]["pooled"]["further"] = {"lungs_only": example.scores(0.5)}
    study = example.write(model.parent / "keeping/study.json", content)
    given = ("--data", model.parent / "data.md", "--study", study)
    card = card_of(model, *given, "--arm", "twice-random")
    assert "| learning rate | 0.02 |" in card
    assert "118 images." in card
    assert "Arm twice-random, 2 of 2 runs; 225 images of 152 patients" in card
    assert "| Accuracy | 0.680 (0.650 to 0.710) | 0.500 (0.470 to 0.530) |" in card
    assert "The trivial 8 × 8 thumbnail is better than this network" in card  # noqa: RUF001
    assert "None of this shows that a disease is recognised" in card
    assert "Arm twice-keep" in card_of(model, *given)


def test_calibration_and_preprocessing_of_the_file(model):
    calibration = Calibration("validation part", 150, 93, 0.65, 0.64)
    prepared = Preprocessing(lungs="crop_mask", text="inpaint", grey="local")
    info = ModelInfo(temperature=1.25, calibration=calibration, preprocessing=prepared)
    card = card_of(write(model.parent, replace(info, image_size=64)))
    assert "Temperature 1.250, fitted on 150 images of 93 patients (validation part)" in card
    assert "the rectangle around both lungs, grey outside of them, burnt-in text" in card


def test_thresholds_say_on_how_many_patients_they_rest(model):
    known = OperatingPoint("covid19", 0.9, 0.5, 0.028, 0.7, 0.6, 0.8, 9, 84, 7)
    none = OperatingPoint("normal", 0.9, 0.95, None, None, None, None, 9, 84, 29)
    calibration = Calibration("validation part", 150, 93, 0.65, 0.64, (known, none))
    info = ModelInfo(image_size=64, calibration=calibration)
    card = card_of(write(model.parent, info))
    assert "| COVID-19 | 0.028 | 90 % with 50 % confidence | 0.700 (0.600 to 0.800) | 9 |" in card
    (line,) = [line for line in card.splitlines() if line.startswith("| Normal | ")]
    assert "not defined" in line
    assert "None" not in line


@pytest.mark.parametrize(
    ("grey", "words"),
    [("equalise", "histogram equalisation"), ("stretch", "grey values stretched")],
)
def test_how_grey_values_are_spread_is_said(model, grey, words):
    info = ModelInfo(preprocessing=Preprocessing(grey=grey))
    assert words in card_of(write(model.parent, replace(info, image_size=64)))


def test_an_arm_that_is_not_there_is_refused(model):
    study = example.write(model.parent / "keeping/study.json", example.study())
    out = model.parent / "card.md"
    call = ["model-card", str(model), "--out", str(out), "--study", str(study), "--arm", "x"]
    with pytest.raises(SystemExit, match="keeping has no arm 'x'; it has twice-keep"):
        main(call)
    assert not out.exists()


def test_the_run_may_lie_elsewhere(model):
    folder = model.parent / "run"
    folder.mkdir()
    (folder / "summary.json").write_text(json.dumps({"settings": {"seed": 3}}))
    assert "| seed | 3 |" in card_of(model, "--run-folder", folder)
