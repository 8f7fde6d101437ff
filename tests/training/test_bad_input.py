"""What a person gets to see for unusable options, images, models and folders."""

import re
import sys

import pytest
import torch

from monai_covid.labels import NIH_LABELS
from monai_covid.models.architectures import BLOCK_LAYERS, build_densenet
from monai_covid.models.model_file import ModelInfo, save_model
from tests.models.torchvision_densenet import randomise
from tests.training.stages import arguments, run_stage, start, write_covid

pytestmark = pytest.mark.usefixtures("tiny_network")


@pytest.fixture
def stage2_model(tmp_path):
    """Model file of stage 2 with random weights."""
    info = ModelInfo(labels=NIH_LABELS, multilabel=True, start="imagenet")
    save_model(tmp_path / "stage2.pt", randomise(info.build()).state_dict(), info)
    return tmp_path / "stage2.pt"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 500}, "fewer training images than batch_size"),
        ({"fold": 7}, r"fold must be one of \[0, 1, 2, 3, 4\] .*got 7"),
        ({"folds": 30}, "30 folds need 30 patients"),
        ({"limit": 2}, "the classes cannot be balanced"),
        ({"channels": 2}, "--channels 2: must be one of 1, 3"),
        ({"architecture": "densenet169"}, "must be one of densenet121, densenet201"),
        ({"learning_rate": "1e-4"}, r"in YAML write 1\.0e-4"),
        ({"resume": "false"}, "must be True or False; this is the text 'false'"),
        ({"validation_fraction": 1.5}, "--validation_fraction 1.5: must be at most 0.9"),
        ({"device": "gpu"}, "--device gpu: not usable here"),
        ({"dataset_dir": "/nowhere/at/all"}, "/nowhere/at/all"),
        ({"imagenet": "absent.pth"}, r"absent\.pth: no such weights file"),
        (
            {"architecture": "efficientnet_lite0", "channels": 3},
            "channels is 3; efficientnet_lite0 takes 1",
        ),
        (
            {"architecture": "efficientnet_lite0", "relevance_weight": 1.0},
            "relevance_weight 1 takes one of densenet121, densenet201",
        ),
        ({"learning_rate": 10.0, "head_epochs": 0, "weight_decay": 1.0}, "the run diverged"),
    ],
)
def test_bad_options(covid, tmp_path, options, message):
    chosen = {"max_epochs": 40, "patience": 0, **options}
    with pytest.raises(SystemExit, match=rf"(?s)^error: .*{message}"):
        run_stage("stage3_covid", covid, tmp_path / "run", **chosen)
    assert not (tmp_path / "run" / "summary.json").exists()


def test_missing_packages_of_a_network_are_named(monkeypatch, covid, tmp_path):
    monkeypatch.setitem(sys.modules, "efficientnet_lite_pytorch", None)
    with pytest.raises(SystemExit, match=r"^error: .*pip install 'monai-covid\[features\]'"):
        run_stage("stage3_covid", covid, tmp_path / "run", architecture="efficientnet_lite0")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("cache_gb", [4.0, 0.0])
def test_a_damaged_image_is_named(tmp_path, workers, cache_gb):
    covid = write_covid(tmp_path / "covid")
    for damaged in sorted(covid.rglob("*normal*.png")):
        damaged.write_bytes(damaged.read_bytes()[:60])
    with pytest.raises(SystemExit) as exit_:
        run_stage("stage3_covid", covid, tmp_path / "run", num_workers=workers, cache_gb=cache_gb)
    assert re.match(r"error: .*p_normal_\d+_0\.png: ", str(exit_.value.code))
    assert "Traceback" not in str(exit_.value.code)


def other_architecture(path, monkeypatch):
    monkeypatch.setitem(BLOCK_LAYERS, "densenet201", (1, 1, 2, 1))
    info = ModelInfo("densenet201", labels=NIH_LABELS)
    save_model(path, info.build().state_dict(), info)


def unnamed(path, _):
    torch.save(build_densenet(outputs=5).state_dict(), path)


def wrong_labels(path, _):
    save_model(path, ModelInfo(labels=NIH_LABELS).build().state_dict(), ModelInfo())


def no_file(path, _):
    assert not path.exists()


def no_weights(path, _):
    path.write_text("not weights")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (no_file, "no such model file; train stage 2 first"),
        (no_weights, "not a readable PyTorch weights file"),
        (other_architecture, "has architecture densenet201, give --architecture densenet201"),
        (unnamed, "holds weights alone and does not say what their network is"),
        (wrong_labels, r"class_layers.out.bias has shape \(15,\) instead of \(3,\)"),
    ],
)
def test_bad_models_of_stage_2(monkeypatch, covid, tmp_path, make, message):
    earlier = tmp_path / "earlier" / "model.pt"
    earlier.parent.mkdir()
    earlier.write_text("a model")
    make(tmp_path / "bad.pt", monkeypatch)
    options = {"stage2_model": str(tmp_path / "bad.pt"), "overwrite": True}
    for folder in (tmp_path / "new", earlier.parent):
        with pytest.raises(SystemExit, match=rf"(?s)^error: .*bad\.pt: .*{message}"):
            run_stage("stage3_covid", covid, folder, **options)
    assert not (tmp_path / "new").exists()
    assert [file.read_text() for file in earlier.parent.iterdir()] == ["a model"]


def test_misspelt_findings_of_a_new_neuron(covid, stage2_model, tmp_path):
    options = {"head": "mean", "new_from": {"covid19": ["Infiltratoin"]}}
    with pytest.raises(SystemExit, match="did you mean 'Infiltration'"):
        run_stage(
            "stage3_covid", covid, tmp_path / "run", stage2_model=str(stage2_model), **options
        )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"imagenet": "required"}, "--imagenet required is for a start without stage 2; add"),
        ({"stage2_model": "none", "head": "mean"}, "--head mean takes .* --stage2_model, which is"),
    ],
)
def test_starts_that_contradict_each_other(covid, stage2_model, tmp_path, options, message):
    chosen = {"stage2_model": str(stage2_model), **options}
    with pytest.raises(SystemExit, match=rf"(?s)^error: unusable options:.*{message}"):
        run_stage("stage3_covid", covid, tmp_path / "run", **chosen)
    assert not (tmp_path / "run").exists()


def test_a_folder_that_cannot_be_written_to(covid, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SystemExit, match=r"^error: .*cannot be written to"):
        run_stage("stage3_covid", covid, tmp_path / "file" / "run")


def test_a_misspelt_option_on_the_command_line(tmp_path):
    options = {"max_epoch": 3, "output_dir": tmp_path / "run"}
    status, output = start(tmp_path, *arguments("stage2_nih", **options)).finish()
    assert status == 1
    assert output.rstrip().endswith("--max_epoch is not an option; did you mean --max_epochs?")
    assert "Traceback" not in output
    assert not (tmp_path / "run").exists()
