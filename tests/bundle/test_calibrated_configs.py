"""The bundle's configs give the same calibrated probabilities as the classifier."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import monai.bundle
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from monai_covid.evaluation.calibration.record import Calibration, UncertaintyCutoff
from monai_covid.inference.classifier import Classifier
from monai_covid.labels import COVID_LABELS
from monai_covid.models.model_file import ModelInfo, load_model, save_model
from tests.bundle.collections_for_training import covid_folder
from tests.inference.chests import chest

pytestmark = pytest.mark.usefixtures("tiny_network")

WARM = 0.2
COLUMNS = [f"probability_{label}" for label in COVID_LABELS]


@pytest.fixture
def warm(covid_model: Path, tmp_path: Path) -> Path:
    """The model file of the other tests, with a temperature."""
    network, _ = load_model(covid_model)
    info = ModelInfo(image_size=64, temperature=WARM)
    save_model(tmp_path / "warm.pt", network.state_dict(), info)
    return tmp_path / "warm.pt"


def run(bundle: Path, config: str, warm: Path, data: Path, **more: Any) -> None:
    monai.bundle.run(
        config_file=str(bundle / "configs" / config),
        bundle_root=str(bundle),
        dataset_dir=str(data),
        output_dir=str(warm.parent / "results"),
        checkpoint=str(warm),
        progress=False,
        logging_file=False,
        **more,
    )


@pytest.mark.parametrize(
    ("config", "table"),
    [("inference.yaml", "predictions.csv"), ("explain.yaml", "heatmaps.csv")],
)
def test_of_a_folder(
    bundle: Path, warm: Path, covid_model: Path, config: str, table: str, tmp_path: Path
) -> None:
    (tmp_path / "images").mkdir()
    Image.fromarray(chest()).save(tmp_path / "images" / "a.png")
    run(bundle, config, warm, tmp_path / "images")
    found = pd.read_csv(tmp_path / "results" / table).loc[0, COLUMNS].to_numpy(float)
    said, plain = (
        list(next(Classifier(file).predict([tmp_path / "images" / "a.png"])).probabilities.values())
        for file in (warm, covid_model)
    )
    np.testing.assert_allclose(found, said, atol=1e-6)
    assert np.abs(found - plain).max() > 0.01


def test_of_an_evaluation(bundle: Path, warm: Path, tmp_path: Path) -> None:
    folder = covid_folder(tmp_path / "covid")
    run(bundle, "evaluate.yaml", warm, folder, resamples=40)
    table = pd.read_csv(tmp_path / "results" / "predictions.csv")
    assert (table["temperature"] == WARM).all()
    manifest = pd.read_csv(folder / "metadata.csv", index_col="image")
    assert set(table["image"]) <= set(manifest.index)
    places = [next(folder.rglob(name)) for name in table["image"]]
    said = [
        list(one.probabilities.values()) for one in Classifier(warm).predict(places, assess=False)
    ]
    np.testing.assert_allclose(table[COLUMNS], said, atol=1e-6)


def test_images_that_it_is_too_unsure_of(bundle: Path, warm: Path, tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    for number in range(3):
        Image.fromarray(chest(number)).save(tmp_path / "images" / f"{number}.png")
    said = [
        1 - max(one.probabilities.values())
        for one in Classifier(warm).predict(sorted((tmp_path / "images").iterdir()))
    ]
    limit = float(np.mean(sorted(said)[:2]))
    cutoff = UncertaintyCutoff(
        "max_probability", limit, "coverage", 0.3, 0.3, 0.2, 0.4, 0.9, 0.8, 1, 0.8
    )
    network, info = load_model(warm)
    asked = replace(info, calibration=Calibration("some", 9, 9, 1.0, 0.9, (), cutoff))
    save_model(warm, network.state_dict(), asked)
    run(bundle, "inference.yaml", warm, tmp_path / "images")
    found = pd.read_csv(tmp_path / "results/predictions.csv", keep_default_na=False)
    assert (found["uncertain"] != "").tolist() == [one > limit for one in said]
    np.testing.assert_allclose(found["uncertainty"], said, atol=1e-6)
    rows = json.loads((tmp_path / "results/predictions.json").read_text())["predictions"]
    assert [bool(row["uncertain"]) for row in rows] == [one > limit for one in said]
    assert (tmp_path / "results/predictions.txt").is_file()
