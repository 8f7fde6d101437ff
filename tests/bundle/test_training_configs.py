"""The stages' configs: alike where they should be, and clear about bad input."""

import inspect
import json
import re

import pytest
import torch
import yaml

from monai_covid.labels import COVID_LABELS, NIH_LABELS
from monai_covid.models.model_file import load_model
from monai_covid.models.transfer import get_head
from monai_covid.training import parts
from tests.models.torchvision_densenet import TorchvisionDenseNet, old_names, randomise
from tests.training.stages import (
    BUNDLE,
    CONFIGS,
    FROM_RANDOM,
    curve,
    last,
    run_stage,
    start,
    write_covid,
    write_findings,
)

STAGES = ("stage2_nih", "stage3_covid")
PRETRAINING = ("stage1_selfsupervised", "stage1_distilled")


@pytest.fixture(scope="module")
def covid(tmp_path_factory):
    """Folder of a manifest with 24 pictures."""
    return write_covid(tmp_path_factory.mktemp("covid"))


@pytest.fixture(scope="module")
def nih(tmp_path_factory):
    """Folder in the layout of ChestX-ray14 with 60 pictures."""
    return write_findings(tmp_path_factory.mktemp("nih"))


def config(stage):
    return yaml.safe_load((CONFIGS / f"{stage}.yaml").read_text())


def without_differences(section):
    """Return a train or validate section without what stages may do differently."""
    text = re.sub(r"parts\.stage[23]_datalist", "parts.DATALIST", json.dumps(section))
    text = text.replace("labels=@label_set)", "labels=@info.labels)")
    section = json.loads(text)
    if "relevance_weight" in section["dataset"]["transform"]:
        section["dataset"]["transform"] = "@train#preprocessing"
    section["dataloader"].pop("groups", None)  # sources are those of stage 3's manifests
    section["handlers"] = [one for one in section["handlers"] if "guide" not in one["_target_"]]
    section.get("additional_metrics", {}).pop("validation_accuracy", None)
    return section


@pytest.mark.parametrize("section", ["train", "validate"])
def test_stages_differ_in_data_and_labels_alone(section):
    second, third = (config(stage)[section] for stage in STAGES)
    assert without_differences(second) == without_differences(third)


def test_stages_share_the_rest_of_their_wiring_and_their_defaults():
    second, third = (config(stage) for stage in STAGES)
    own = {
        *("train", "validate", "initialize", "info", "loss", "started", "imagenet"),
        *("dataset_dir", "output_dir", "validation_fraction", "classes"),
    }
    for name in second.keys() & third.keys() - own:
        assert second[name] == third[name], name
    assert second["initialize"][1:] == third["initialize"][1:]


def test_pretraining_is_wired_as_the_stages_after_it():
    first, second = config(PRETRAINING[0]), config(STAGES[0])
    second["checkpoint"].pop("validator")
    for one in (first, second):
        one["checkpoint"].pop("settings")
    alike = ("optimizer", "lr_scheduler", "run_folder", "average", "checkpoint", "network")
    for name in (*alike, "torch_device", "training", "run", "finalize", "started"):
        assert first[name] == second[name], name
    assert first["train"]["preprocessing"] == second["train"]["preprocessing"]
    assert first["train"]["dataloader"] == second["train"]["dataloader"]
    assert first["train"]["trainer"].items() <= second["train"]["trainer"].items()


def test_both_ways_of_pretraining_are_wired_alike():
    first, second = map(config, PRETRAINING)
    second["checkpoint"].pop("more")
    for one in (first, second):
        one["checkpoint"].pop("settings")
    alike = ("run_folder", "average", "checkpoint", "lr_scheduler", "torch_device", "info")
    for name in (*alike, "training", "run", "finalize"):
        assert first[name] == second[name], name
    for name in ("preprocessing", "dataloader", "handlers", "trainer"):
        assert first["train"][name] == second["train"][name], name
    assert first["train"]["dataset"]["images"] == second["train"]["dataset"]


def test_all_configs_together_stay_short():
    files = [file for file in CONFIGS.iterdir() if file.is_file()]
    assert sum(len(file.read_text().splitlines()) for file in files) <= 1000


@pytest.mark.parametrize("stage", [*STAGES, *PRETRAINING])
def test_every_option_reaches_a_part_or_is_wired(stage):
    """A part takes options by the names of its parameters; one that is misnamed takes none."""
    content = config(stage)
    names = list(content)
    options = names[: names.index("imports")]
    wiring = json.dumps({name: content[name] for name in names[len(options) :]})
    taken = {
        name
        for used in re.findall(r"parts\.(\w+)", wiring)
        for name in inspect.signature(getattr(parts, used)).parameters
    }
    wired = set(re.findall(r"@(\w+)", json.dumps(content)))
    assert set(options) - taken - wired == set()


def test_both_stages_in_a_row(tiny_network, nih, covid, tmp_path):
    run_stage("stage2_nih", nih, tmp_path / "two", max_epochs=1, head_epochs=0, batch_size=8)
    stage2, info = load_model(tmp_path / "two" / "model.pt")
    assert (info.labels, info.multilabel, info.start) == (NIH_LABELS, True, "random")
    assert info.image_size == 32
    model = str(tmp_path / "two" / "model.pt")
    # At this rate a step is smaller than the last digit of the weights.
    options = {"max_epochs": 1, "head_learning_rate": 1e-8, "stage2_model": model}
    run_stage("stage3_covid", covid, tmp_path / "three", **options)
    stage3, info = load_model(tmp_path / "three" / "model.pt")
    assert (info.labels, info.multilabel) == (COVID_LABELS, False)
    assert info.start == "stage 2 (from random), head keep"
    old, new = get_head(stage2), get_head(stage3)
    torch.testing.assert_close(new.weight[1], old.weight[NIH_LABELS.index("Pneumonia")])
    torch.testing.assert_close(new.weight[2], old.weight[NIH_LABELS.index("No Finding")])
    for name, tensor in stage2.features.state_dict().items():
        assert torch.equal(stage3.features.state_dict()[name], tensor)


def test_stage_2_starts_from_a_local_imagenet_file(tiny_network, nih, tmp_path):
    source = randomise(TorchvisionDenseNet((1, 1, 1, 1)))
    torch.save(old_names(source.state_dict()), tmp_path / "local.pth")
    options = {"imagenet": str(tmp_path / "local.pth"), "max_epochs": 1, "head_epochs": 1}
    run_stage("stage2_nih", nih, tmp_path / "run", channels=3, batch_size=8, **options)
    network, info = load_model(tmp_path / "run" / "model.pt")
    assert info.start == str(tmp_path / "local.pth")
    assert torch.equal(network.features.conv0.weight, source.features.conv0.weight)


def test_efficientnet_of_imagenet_through_both_stages(tiny_network, nih, covid, tmp_path):
    network = {"architecture": "efficientnet_lite0", "head_epochs": 0, "max_epochs": 1}
    run_stage("stage2_nih", nih, tmp_path / "two", imagenet="required", batch_size=8, **network)
    stage2, info = load_model(tmp_path / "two" / "model.pt")
    assert (info.architecture, info.start) == ("efficientnet_lite0", "imagenet")
    assert stage2.features.norm0.num_batches_tracked > 0
    network |= {"stage2_model": str(tmp_path / "two" / "model.pt"), "freeze_batch_norm": True}
    network |= {"optimizer_name": "adamw"}
    run_stage("stage3_covid", covid, tmp_path / "three", learning_rate=0.01, **network)
    stage3, info = load_model(tmp_path / "three" / "model.pt")
    assert info.start == "stage 2 (from imagenet), head keep"
    before, after = (one.features.state_dict() for one in (stage2, stage3))
    kept = {name for name in before if torch.equal(before[name], after[name])}
    assert kept == {name for name in before if "running" in name or "num_batches" in name}


def test_validation_every_second_epoch(tiny_network, covid, tmp_path):
    run_stage("stage3_covid", covid, tmp_path / "run", max_epochs=3, val_interval=2)
    assert [bool(row["validation_auc"]) for row in curve(tmp_path / "run")] == [False, True, False]


def test_a_run_that_never_validates_still_leaves_its_model(tiny_network, covid, tmp_path):
    run_stage("stage3_covid", covid, tmp_path / "run", max_epochs=2, val_interval=5)
    network, _ = load_model(tmp_path / "run" / "model.pt")
    end = last(tmp_path / "run")["network"]
    assert torch.equal(network.class_layers.out.bias, end["class_layers.out.bias"])


def test_three_channels_and_a_cache_on_disk(tiny_network, covid, tmp_path):
    for channels in (1, 3):
        run_stage(
            "stage3_covid",
            covid,
            tmp_path / f"run{channels}",
            **{"max_epochs": 1, "channels": channels, "cache_dir": str(tmp_path / "cache")},
        )


def test_from_another_folder_with_an_arguments_file(covid, tmp_path):
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    options = {
        **{"run_id": "training", "config_file": str(CONFIGS / "stage3_covid.yaml")},
        **{"bundle_root": str(BUNDLE), "dataset_dir": str(covid), **FROM_RANDOM},
        **{"image_size": 32, "batch_size": 4, "max_epochs": 1, "progress": True},
        **{"output_dir": "runs/one", "validation_fraction": 0.3},
    }
    (folder / "arguments.json").write_text(json.dumps(options))
    line = ("run", "--args_file", "arguments.json", "--max_epochs", "2")
    status, output = start(folder, *line).finish()
    assert status == 0, output
    assert len(curve(folder / "runs" / "one")) == 2
    assert "Training" in output
    assert not list(BUNDLE.parent.glob("runs/one"))
