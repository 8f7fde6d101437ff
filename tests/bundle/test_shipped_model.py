"""The weights that come with the bundle: what they are, and that their answers stay the same."""

import json
import math
import re
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from monai_covid.cli.main import main
from monai_covid.inference.classifier import Classifier
from monai_covid.lab.phantom.generate import generate_covid_case
from monai_covid.lab.phantom.options import PhantomOptions
from monai_covid.labels import COVID_LABELS
from monai_covid.models.architectures import build_densenet
from monai_covid.models.default_model import default_model
from monai_covid.models.model_file import file_hash, read_model_info
from tests.conftest import REPOSITORY

STUDY = REPOSITORY / "docs/results/data/cross-validation.json"
CARD = REPOSITORY / "bundle/docs/model-card.md"
README = (REPOSITORY / "bundle/docs/README.md").read_text()
ARM = "local-long"
"""Arm of the study whose network of fold 0 is shipped."""

RECORDED = {
    "0_covid19.png": [0.015844, 0.972024, 0.012133],
    "1_pneumonia.png": [0.000958, 0.955935, 0.043107],
    "2_normal.png": [0.270575, 0.713545, 0.015880],
    "3_covid19.png": [0.140535, 0.844118, 0.015347],
    "4_pneumonia.png": [0.034261, 0.949062, 0.016677],
    "5_normal.png": [0.003821, 0.976549, 0.019630],
}
"""Probabilities of COVID-19, pneumonia and normal, recorded when the weights were added.

They say nothing about the model's worth: it was trained on real radiographs.
"""


@pytest.fixture(scope="module")
def model() -> Path:
    return REPOSITORY / "bundle/models/model.pt"


@pytest.fixture(scope="module")
def metadata() -> dict[str, Any]:
    content: dict[str, Any] = json.loads((REPOSITORY / "bundle/configs/metadata.json").read_text())
    return content


@pytest.fixture(scope="module")
def phantoms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("phantoms")
    for index, label in enumerate((*COVID_LABELS, *COVID_LABELS)):
        image = generate_covid_case(7, index, label, PhantomOptions(size=256))
        Image.fromarray(image.pixels).save(folder / f"{index}_{label}.png")
    return folder


def test_metadata_and_card_name_the_file(model: Path, metadata: dict[str, Any]) -> None:
    assert metadata["weights"] == {"models/model.pt": f"sha256:{file_hash(model)}"}
    assert file_hash(model) in CARD.read_text()


def test_file_is_small_and_says_what_it_is(model: Path) -> None:
    assert model.stat().st_size < 16e6
    info = read_model_info(model)
    assert (info.architecture, info.channels, info.image_size) == ("densenet121", 1, 64)
    assert info.preprocessing.grey == "local"
    assert info.labels == COVID_LABELS
    assert info.calibration is not None
    assert tuple(point.label for point in info.calibration.points) == COVID_LABELS
    assert info.calibration.cutoff is not None


def test_figures_of_the_metadata_are_the_study_s(metadata: dict[str, Any]) -> None:
    arms = {arm["name"]: arm for arm in json.loads(STUDY.read_text())["arms"]}
    pooled = arms[ARM]["pooled"]["test"]
    stated = metadata["eval_metrics"]
    assert stated.keys() == {"accuracy", "balanced_accuracy", "macro_auc", "covid19_auc"}
    for name, value in stated.items():
        assert math.isclose(value, pooled[name]["value"], abs_tol=5e-4), name


def test_figures_of_the_description_are_those_of_the_card() -> None:
    card = dict(
        re.findall(r"^\| ([^|]+) \| ([^|]+\|[^|]+\|[^|]+\|[^|]+) \|$", CARD.read_text(), re.M)
    )
    rows = re.findall(r"^\| (\w[^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", README, re.M)
    assert len(rows) == 6
    lowered = {name.lower().replace(" (recall)", ""): cells for name, cells in card.items()}
    for name, *stated in rows:
        test, _, blanked, external = lowered[name.lower()].split(" | ")
        assert stated == [test, blanked, external], name


def test_answers_are_those_that_were_recorded(model: Path, phantoms: Path) -> None:
    files = sorted(phantoms.iterdir())
    found = Classifier(model).predict(files, keep_unsuitable=True)
    probabilities = {
        Path(each.image).name: [each.probabilities[label] for label in COVID_LABELS]
        for each in found
    }
    assert probabilities.keys() == RECORDED.keys()
    for name, recorded in RECORDED.items():
        np.testing.assert_allclose(probabilities[name], recorded, atol=2e-4, err_msg=name)


def test_predict_works_without_naming_a_model(
    model: Path,
    phantoms: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert default_model() == model
    image = sorted(phantoms.iterdir())[0]
    out = tmp_path / "out"
    assert main(["predict", str(image), "--out", str(out), "--heatmaps", "--quiet"]) == 0
    assert image.name in capsys.readouterr().out
    (row,) = json.loads((out / "predictions.json").read_text())["predictions"]
    assert math.isclose(sum(row["probabilities"].values()), 1, abs_tol=1e-3)
    assert list((out / "heatmaps").glob("*.png"))


def test_the_snippets_of_the_readme_run(
    model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = (model.parent / "README.md").read_text()
    describe, show = map(textwrap.dedent, re.findall(r"```python\n(.*?)```", text, re.DOTALL))
    torch.save(build_densenet().state_dict(), tmp_path / "weights.pth")
    monkeypatch.chdir(tmp_path)
    exec(describe, {})
    info = read_model_info(tmp_path / "model.pt")
    assert (info.labels, info.image_size) == (COVID_LABELS, 224)
    monkeypatch.chdir(REPOSITORY)
    exec(show, {})
    assert "'image_size': 64" in capsys.readouterr().out
