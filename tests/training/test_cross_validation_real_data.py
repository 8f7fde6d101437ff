import csv
import json
from pathlib import Path

import pytest

from monai_covid.models.model_file import load_model
from monai_covid.models.transfer import get_head
from monai_covid.training.cross_validation import evaluate_stage, train_stage
from tests.training.stages import BUNDLE

SHORT = {
    "image_size": 64,
    "max_epochs": 2,
    "head_epochs": 1,
    "limit": 48,
    "batch_size": 8,
    "progress": False,
}


@pytest.mark.real_data
def test_both_stages_on_real_radiographs(real_data, tmp_path):
    manifest = str(real_data / "covid" / "metadata.csv")
    stage2 = {"dataset_dir": str(real_data / "nih"), "exclude_manifests": [manifest]}
    summary = train_stage(
        BUNDLE, "stage2_nih.yaml", tmp_path / "stage2", imagenet="none", **stage2, **SHORT
    )
    assert summary["finished"]
    covid = {"dataset_dir": str(real_data / "covid"), "fold": 0}
    model = tmp_path / "stage2" / "model.pt"
    extra = [str(real_data / "covid_extra" / "metadata.csv")]
    summary = train_stage(
        BUNDLE,
        "stage3_covid.yaml",
        tmp_path / "stage3",
        stage2_model=str(model),
        extra_manifests=extra,
        **covid,
        **SHORT,
    )
    assert summary["model"]["start"] == "stage 2 (from random), head keep"
    folder = evaluate_stage(
        BUNDLE, tmp_path / "stage3", resamples=100, limit=60, progress=False, **covid
    )
    with (folder / "predictions.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    with Path(manifest).open() as stream:
        folds = {row["image"]: row["fold"] for row in csv.DictReader(stream)}
    assert len(rows) == 60
    assert {folds[row["image"]] for row in rows} == {"0"}
    values = {row["metric"] for row in json.loads((folder / "metrics.json").read_text())["metrics"]}
    assert {"accuracy", "balanced_accuracy", "auc"} <= values


@pytest.mark.real_data
def test_the_first_epoch_starts_from_the_kept_neurons(real_data, tmp_path):
    stage2 = {"dataset_dir": str(real_data / "nih")}
    train_stage(BUNDLE, "stage2_nih.yaml", tmp_path / "two", imagenet="none", **stage2, **SHORT)
    network, info = load_model(tmp_path / "two" / "model.pt")
    pneumonia = get_head(network).weight[info.labels.index("Pneumonia")]
    train_stage(
        BUNDLE,
        "stage3_covid.yaml",
        tmp_path / "three",
        stage2_model=str(tmp_path / "two" / "model.pt"),
        dataset_dir=str(real_data / "covid"),
        **{**SHORT, "max_epochs": 1, "head_learning_rate": 1e-8, "weight_decay": 0.0},
    )
    after, labels = load_model(tmp_path / "three" / "model.pt")
    kept = get_head(after).weight[labels.labels.index("pneumonia")]
    assert kept.allclose(pneumonia, atol=1e-6)
