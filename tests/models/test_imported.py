"""Weights of others: the same answers, and nothing guessed."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import monai_covid
from monai_covid.cli.main import main
from monai_covid.errors import OptionError, WeightsError
from monai_covid.labels import chosen_labels, shipped
from monai_covid.models.imported import Weights, import_weights
from monai_covid.models.model_file import ModelInfo, read_model_info
from monai_covid.models.transfer import get_head
from monai_covid.training.start import network_info, start_stage3
from tests.missing import missing

PROGRAM = Path(__file__).with_name("of_torchxrayvision.py")
PACKAGES = Path(sys.prefix) / "torchxrayvision"
FOUR = ("normal", "tb", "pneumonia", "cancer")


def of_torchxrayvision(folder, images):
    """Weights of its DenseNet, and its answers."""
    if not PACKAGES.is_dir():
        missing(f"TorchXRayVision is missing in {PACKAGES}: make test installs it")
    weights, answers = folder / "xrv.pt", folder / "answers.npy"
    subprocess.run(
        [sys.executable, PROGRAM, weights, answers, *images],
        check=True,
        env={**os.environ, "PYTHONPATH": str(PACKAGES)},
    )
    return weights, np.load(answers)


def assert_same_answers(folder, images):
    weights, theirs = of_torchxrayvision(folder, images)
    import_weights(weights, "torchxrayvision", folder / "model.pt")
    model = monai_covid.load(folder / "model.pt")
    assert read_model_info(folder / "model.pt").labels == shipped("torchxrayvision").names
    answers = model.predict([str(path) for path in images], keep_unsuitable=True)
    ours = [list(answer.probabilities.values()) for answer in answers]
    np.testing.assert_allclose(ours, theirs, atol=1e-5)
    assert 0.05 < theirs.std() < 0.5
    return weights


def picture(path, rows, columns):
    values = np.random.default_rng(rows).integers(0, 256, (rows, columns))
    Image.fromarray(values.astype(np.uint8)).save(path)
    return path


def test_torchxrayvision_answers_the_same_and_is_a_stage_2(tmp_path):
    images = [
        picture(tmp_path / f"{side}.png", side, 1000 if side > 1000 else 300)
        for side in (301, 1420, 150)
    ]
    weights = assert_same_answers(tmp_path, images)
    labels = shipped("covid")
    options = {"lungs": "whole", "text": "keep", "grey": "equalise"}
    info = network_info(
        labels,
        architecture="densenet121",
        channels=1,
        image_size=224,
        stage2_model=tmp_path / "model.pt",
        **options,
    )
    assert (info.preprocessing.scale, info.preprocessing.grey) == ("1024", "full")
    network = info.build()
    start_stage3(network, info, tmp_path / "model.pt")
    row = shipped("torchxrayvision").names.index("Pneumonia")
    theirs = torch.load(weights, weights_only=True)["classifier.weight"][row]
    assert torch.equal(get_head(network).weight[1], theirs)


@pytest.mark.real_data
def test_torchxrayvision_answers_the_same_on_real_radiographs(tmp_path, real_data):
    images = sorted((real_data / "covid").rglob("*.jpg"))[:6]
    images += sorted((real_data / "nlm_tb" / "images").glob("*.jpg"))[:6]
    assert len(images) == 12
    assert_same_answers(tmp_path, images)


def plain_weights(path, labels, prefix="", channels=1, half=False):
    torch.manual_seed(1)
    state = ModelInfo(channels=channels, labels=labels).build().state_dict()
    state.pop("model_info")
    named = {f"{prefix}{name}": tensor for name, tensor in state.items()}
    if half:
        named = {k: v.half() if v.is_floating_point() else v for k, v in named.items()}
    torch.save(named, path)
    return path, state


@pytest.mark.parametrize("prefix", ["", "model.backbone.", "_orig_mod.module.densenet121."])
def test_wrappers_do_not_matter(tmp_path, prefix):
    weights, state = plain_weights(tmp_path / "w.pt", FOUR, prefix)
    info = import_weights(
        weights, "plain", tmp_path / "model.pt", labels=chosen_labels(FOUR), image_size=64
    )
    assert (info.labels, info.multilabel, info.image_size) == (FOUR, False, 64)
    loaded = monai_covid.load(tmp_path / "model.pt").classifier.network.state_dict()
    assert all(torch.equal(loaded[name], tensor) for name, tensor in state.items())


def test_what_the_origin_says_is_stored(tmp_path):
    findings = shipped("nih").names[:-1]
    weights, _ = plain_weights(
        tmp_path / "w.pt", findings, "module.densenet121.", channels=3, half=True
    )
    import_weights(weights, "chexnet", tmp_path / "model.pt")
    info = read_model_info(tmp_path / "model.pt")
    assert (info.labels, info.channels, info.multilabel) == (findings, 3, True)
    assert (info.preprocessing.view, info.preprocessing.grey) == ("centre", "full")
    assert info.classes["Effusion"].code.value == "60046008"


def test_outputs_without_a_label_are_left_out(tmp_path, monkeypatch):
    _, state = plain_weights(tmp_path / "w.pt", ("a", "b", "c"))
    found = Weights(state, ("Edema", "", "Mass"), (0.2, float("nan"), 0.4))
    monkeypatch.setattr("monai_covid.models.imported._of_torchxrayvision", lambda name: found)
    info = import_weights("densenet121-res224-rsna", "torchxrayvision", tmp_path / "model.pt")
    assert (info.labels, info.operating_points) == (("Edema", "Mass"), (0.2, 0.4))
    head = get_head(monai_covid.load(tmp_path / "model.pt").classifier.network)
    assert torch.equal(head.weight, state["class_layers.out.weight"][[0, 2]])


@pytest.mark.parametrize(
    ("origin", "labels", "message"),
    [
        (
            "plain",
            None,
            "has 4 outputs and does not say what they are; name them in order with --c",
        ),
        ("chexnet", None, "has 4 outputs and does not say what they are"),
        ("plain", "tuberculosis", "has 4 outputs, and the label set 2: tuberculosis, normal"),
        ("cheXnet", None, "it must be one of torchxrayvision, chexnet, torchvision, plain"),
    ],
)
def test_labels_are_never_assumed(tmp_path, origin, labels, message):
    weights, _ = plain_weights(tmp_path / "w.pt", FOUR)
    labels = labels and chosen_labels(labels)
    with pytest.raises((OptionError, WeightsError), match=re.escape(message)):
        import_weights(weights, origin, tmp_path / "model.pt", labels=labels)
    assert not (tmp_path / "model.pt").exists()


def test_the_command(tmp_path, capsys):
    weights, _ = plain_weights(tmp_path / "w.pt", FOUR)
    out = tmp_path / "model.pt"
    command = ["import-weights", str(weights), "--from", "plain", "--out", str(out)]
    with pytest.raises(SystemExit, match="name them in order with --classes"):
        main(command)
    assert main([*command, "--classes", ",".join(FOUR), "--multilabel"]) == 0
    assert (
        "4 labels, which can hold at once: normal, tb, pneumonia, cancer" in capsys.readouterr().out
    )
    torch.save(torch.nn.Linear(2, 2), weights)
    with pytest.raises(SystemExit, match="could run code and is not loaded"):
        main([*command, "--classes", ",".join(FOUR), "--overwrite"])
