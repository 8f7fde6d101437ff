"""Every property that MONAI's applications look for in a bundle is there."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import monai.bundle
import pytest
import torch
from monai.bundle import ConfigWorkflow, create_workflow
from monai.bundle.properties import InferProperties, MetaProperties, TrainProperties
from monai.engines import SupervisedEvaluator, SupervisedTrainer
from monai.inferers import Inferer
from monai.networks.nets import DenseNet
from torch.utils.data import Dataset

from monai_covid.models.model_file import load_model
from tests.bundle.collections_for_training import covid_folder, nih_folder
from tests.training.stages import FROM_RANDOM

pytestmark = pytest.mark.usefixtures("tiny_network")

QUICK = {"image_size": 32, "max_epochs": 1, "progress": False, "batch_size": 4}
STAGES = ("stage2_nih", "stage3_covid", "stage3 without stage 2")
ENGINES = {"trainer": SupervisedTrainer, "evaluator": SupervisedEvaluator}


def stage_options(stage: str, folder: Path, nih_model: Path) -> dict[str, Any]:
    if stage == "stage2_nih":
        return {"dataset_dir": str(nih_folder(folder)), "imagenet": "none"}
    data = {"dataset_dir": str(covid_folder(folder))}
    if stage != "stage3_covid":
        return {**data, **FROM_RANDOM}
    return {**data, "stage2_model": str(nih_model)}


def workflow(bundle: Path, config: str, kind: str, **options: Any) -> ConfigWorkflow:
    return ConfigWorkflow(
        config_file=str(bundle / f"configs/{config}.yaml"),
        meta_file=str(bundle / "configs/metadata.json"),
        logging_file=False,
        workflow_type=kind,
        bundle_root=str(bundle),
        **options,
    )


def start_stage(stage: str, bundle: Path, folder: Path, nih_model: Path) -> ConfigWorkflow:
    options = {**QUICK, **stage_options(stage, folder / "data", nih_model)}
    if stage == "stage3_covid":
        options["image_size"] = load_model(nih_model)[1].image_size
    config = stage if stage == "stage2_nih" else "stage3_covid"
    work = workflow(bundle, config, "train", output_dir=str(folder / "run"), **options)
    work.initialize()
    return work


def check_all(work: ConfigWorkflow, properties: Mapping[str, Any], allow_none: set[str]) -> None:
    values = {name: getattr(work, name) for name in {**properties, **MetaProperties}}
    assert {name for name, value in values.items() if value is None} <= allow_none
    for name, value in values.items():
        if name in ENGINES:
            assert isinstance(value, ENGINES[name])
        elif name.endswith("inferer"):
            assert isinstance(value, Inferer)
        elif name.endswith("dataset"):
            assert isinstance(value, Dataset)
        elif name.endswith("dataset_data"):
            assert len(value) > 0
            assert {"image", "name"} <= value[0].keys()
        elif name.endswith("processing"):
            assert callable(value)
    assert isinstance(work.network_def, DenseNet)
    assert work.channel_def["0"] == "covid19"
    assert work.spatial_shape == [64, 64]  # that of the network in models/


@pytest.mark.parametrize("stage", STAGES)
def test_training(
    stage: str, bundle: Path, nih_model: Path, tmp_path: Path, no_network: None
) -> None:
    work = start_stage(stage, bundle, tmp_path, nih_model)
    check_all(work, TrainProperties, allow_none=set())
    assert work.max_epochs == 1
    assert work.val_interval == 1
    work.finalize()


def test_an_application_sets_how_long_to_train(
    bundle: Path, nih_model: Path, tmp_path: Path, no_network: None
) -> None:
    """As MONAI's client for federated learning does, in another folder than that of the run."""
    work = start_stage("stage2_nih", bundle, tmp_path, nih_model)
    work.max_epochs = 7
    work.bundle_root = str(tmp_path)
    work.initialize()
    assert work.trainer.state.max_epochs == 7
    work.finalize()


@pytest.mark.parametrize("stage", STAGES)
def test_no_training_property_is_missing(
    stage: str, bundle: Path, nih_model: Path, tmp_path: Path, no_network: None
) -> None:
    assert start_stage(stage, bundle, tmp_path, nih_model).check_properties() == []


@pytest.mark.parametrize("config", ["stage1_selfsupervised", "stage1_distilled"])
def test_stage_1(config: str, bundle: Path, tmp_path: Path, no_network: None) -> None:
    data = [str(covid_folder(tmp_path / "data"))]
    options = {**QUICK, "image_folders": data, "output_dir": str(tmp_path / "run")}
    work = workflow(bundle, config, "train", **options)
    work.initialize()
    assert work.max_epochs == 1
    assert isinstance(work.trainer, SupervisedTrainer)
    assert isinstance(work.network_def, DenseNet)
    assert isinstance(work.train_dataset, Dataset)


def inference_options(config: str, folder: Path, model: Path) -> dict[str, Any]:
    data = covid_folder(folder / "data")
    results = {"output_dir": str(folder / "results"), "checkpoint": str(model)}
    more = {"resamples": 40} if config == "evaluate" else {}
    return {"dataset_dir": str(data), "progress": False, **results, **more}


@pytest.mark.parametrize("config", ["inference", "evaluate", "explain"])
def test_inference(
    config: str, bundle: Path, covid_model: Path, tmp_path: Path, no_network: None
) -> None:
    options = inference_options(config, tmp_path, covid_model)
    work = workflow(bundle, config, "infer", **options)
    work.initialize()
    assert work.check_properties() == []
    # Images without labels have no metric.
    check_all(work, InferProperties, {"key_metric"} if config != "evaluate" else set())
    assert isinstance(work.device, torch.device)
    assert not (tmp_path / "results").exists()


def test_an_application_sets_properties(bundle: Path, covid_model: Path, tmp_path: Path) -> None:
    options = inference_options("inference", tmp_path, covid_model)
    work = workflow(bundle, "inference", "infer", **options)
    work.initialize()
    other = covid_folder(tmp_path / "other")
    for extra in sorted(other.glob("*.png"))[3:]:
        extra.unlink()
    work.dataset_dir = str(other)
    work.device = "cpu"
    work.initialize()
    work.run()
    table = (tmp_path / "results" / "predictions.csv").read_text().splitlines()
    assert len(table) == 1 + 3


def test_create_workflow_and_its_network(bundle: Path, covid_model: Path, tmp_path: Path) -> None:
    work = create_workflow(
        config_file=str(bundle / "configs/inference.yaml"),
        workflow_type="inference",
        logging_file=False,
        bundle_root=str(bundle),
        **inference_options("inference", tmp_path, covid_model),
    )
    loaded, _ = load_model(covid_model)
    images = torch.randn(2, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        torch.testing.assert_close(work.network_def.eval()(images), loaded(images))


def test_load_of_monai(bundle: Path, covid_model: Path, tmp_path: Path, no_network: None) -> None:
    folder = tmp_path / "monai_covid"
    (folder / "models").mkdir(parents=True)
    (folder / "configs").symlink_to(bundle / "configs")
    (folder / "models/model.pt").symlink_to(covid_model)
    expected, info = load_model(covid_model)
    network = monai.bundle.load(
        name="monai_covid",
        model=info.build(),
        bundle_dir=tmp_path,
        device="cpu",
    )
    for name, tensor in network.state_dict().items():
        torch.testing.assert_close(tensor, expected.state_dict()[name])
