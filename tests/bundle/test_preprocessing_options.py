"""What is done to every image: chosen at training, stored, and done again wherever it is used."""

import sys

import monai.bundle
import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from monai_covid.labels import COVID_LABELS
from monai_covid.models.model_file import load_model, read_model_info
from monai_covid.preprocessing.chains import preprocess_file
from monai_covid.preprocessing.settings import Preprocessing
from tests.preprocessing.chests import chest
from tests.training.stages import BUNDLE, CONFIGS, run_stage

CHOSEN = Preprocessing("crop_mask", grey="local")


@pytest.fixture
def covid(tmp_path):
    """A collection of 12 chests of 12 patients in two folds."""
    (tmp_path / "covid" / "images").mkdir(parents=True)
    rows = []
    for number in range(12):
        name = f"{number}.png"
        Image.fromarray(chest(number, 96).pixels).save(tmp_path / "covid" / "images" / name)
        rows.append((name, COVID_LABELS[number % 3], f"p{number}", number // 3 % 2))
    table = pd.DataFrame(rows, columns=["image", "label", "patient_id", "fold"])
    table.to_csv(tmp_path / "covid" / "metadata.csv", index=False)
    return tmp_path / "covid"


def test_a_model_is_evaluated_on_images_as_it_was_trained(tiny_network, covid, tmp_path):
    options = {"max_epochs": 1, "head_epochs": 0, "batch_size": 2, "validation_fraction": 0.5}
    run_stage("stage3_covid", covid, tmp_path / "run", **options, **CHOSEN.fields())
    model = tmp_path / "run" / "model.pt"
    assert read_model_info(model).preprocessing == CHOSEN
    monai.bundle.run(
        config_file=str(CONFIGS / "evaluate.yaml"),
        **{"bundle_root": str(BUNDLE), "dataset_dir": str(covid), "checkpoint": str(model)},
        **{"output_dir": str(tmp_path / "results"), "resamples": 40, "logging_file": False},
        progress=False,
    )
    table = pd.read_csv(tmp_path / "results" / "predictions.csv", index_col="image")
    network, info = load_model(model)
    for name, row in table.iterrows():
        image = preprocess_file(covid / "images" / name, info.image_size, 1, CHOSEN)
        with torch.no_grad():
            expected = network(image[None])[0].softmax(0).numpy()
        found = row[[f"probability_{label}" for label in COVID_LABELS]].to_numpy(float)
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_unusable_choices_end_with_a_message(tiny_network, covid, tmp_path, monkeypatch):
    with pytest.raises(SystemExit, match=r"lungs.*heart.*whole"):
        run_stage("stage3_covid", covid, tmp_path / "run", lungs="heart")
    monkeypatch.setitem(sys.modules, "rapidocr_onnxruntime", None)
    with pytest.raises(SystemExit, match="reading text needs rapidocr_onnxruntime"):
        run_stage("stage3_covid", covid, tmp_path / "run", text="inpaint")
    assert not (tmp_path / "run").exists()
