"""Model files carry what is needed to use them, and others are understood or refused."""

import hashlib
import re

import pytest
import torch

from monai_covid.errors import WeightsError
from monai_covid.evaluation.calibration.record import Calibration, OperatingPoint
from monai_covid.labels import COVID_LABELS, NIH_FINDINGS, NIH_LABELS
from monai_covid.models.architectures import BLOCK_LAYERS, build_densenet
from monai_covid.models.model_file import (
    ModelInfo,
    file_hash,
    load_model,
    load_weights,
    model_info_or_default,
    read_model_info,
    save_model,
)
from tests.models.torchvision_densenet import TorchvisionDenseNet, old_names, randomise

BLOCKS = (1, 1, 1, 1)


@pytest.fixture(autouse=True)
def small_network(monkeypatch):
    monkeypatch.setitem(BLOCK_LAYERS, "densenet121", BLOCKS)


def outputs(network, channels=1):
    image = torch.rand(2, channels, 32, 32, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        return network(image)


def test_a_model_comes_back_as_it_was(tmp_path):
    info = ModelInfo(
        channels=3, labels=NIH_LABELS, image_size=96, multilabel=True, start="imagenet"
    )
    network = randomise(info.build())
    save_model(tmp_path / "model.pt", network.state_dict(), info)
    loaded, found = load_model(tmp_path / "model.pt")
    assert found == info
    assert not loaded.training
    assert torch.equal(outputs(loaded, 3), outputs(network, 3))


def calibrated():
    points = (
        OperatingPoint("covid19", 0.95, 0.95, 0.2, 0.7, 0.6, 0.8, 70, 90, 59),
        OperatingPoint("normal", 0.95, 0.95, None, None, None, None, 9, 90, 59),
    )
    calibration = Calibration("validation part", 150, 93, 0.65, 0.64, points)
    return ModelInfo(temperature=1.25, calibration=calibration)


def test_a_calibration_comes_back_as_it_was(tmp_path):
    save_model(tmp_path / "model.pt", build_densenet().state_dict(), calibrated())
    assert read_model_info(tmp_path / "model.pt") == calibrated()


def test_files_without_calibration_are_as_ever_and_others_say_more(tmp_path):
    """So that earlier versions read the first, and refuse what they would calibrate wrongly."""
    save_model(tmp_path / "plain.pt", build_densenet().state_dict(), ModelInfo())
    save_model(tmp_path / "warm.pt", build_densenet().state_dict(), calibrated())
    earlier = {"architecture", "channels", "labels", "image_size", "multilabel", "start"}
    plain, warm = (torch.load(tmp_path / name)["info"] for name in ("plain.pt", "warm.pt"))
    assert set(plain) == earlier
    assert set(warm) == earlier | {"temperature", "calibration"}
    assert read_model_info(tmp_path / "plain.pt").temperature == 1.0


@pytest.mark.parametrize("value", [0, -1.0, float("nan"), float("inf"), "warm", None, True])
def test_an_impossible_temperature_names_the_file(tmp_path, value):
    save_model(tmp_path / "model.pt", build_densenet().state_dict(), calibrated())
    content = torch.load(tmp_path / "model.pt")
    content["info"]["temperature"] = value
    torch.save(content, tmp_path / "model.pt")
    with pytest.raises(WeightsError, match=r"model\.pt: its temperature is .*must be above 0"):
        read_model_info(tmp_path / "model.pt")


def test_saving_leaves_nothing_half_written(tmp_path, monkeypatch):
    def break_off(*_):
        raise OSError("disk full")

    monkeypatch.setattr(torch, "save", break_off)
    with pytest.raises(OSError, match="disk full"):
        save_model(tmp_path / "model.pt", {}, ModelInfo())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["model", ".model", "model.", "model.v1.2.pt"])
def test_a_file_may_have_any_name(tmp_path, name):
    info = ModelInfo()
    save_model(tmp_path / name, info.build().state_dict(), info)
    assert read_model_info(tmp_path / name) == info


@pytest.mark.parametrize(
    ("labels", "multilabel"),
    [(COVID_LABELS, False), (NIH_FINDINGS, True), (NIH_LABELS, True)],
    ids=["3", "14", "15"],
)
@pytest.mark.parametrize("channels", [1, 3])
def test_plain_state_dicts_are_recognised(tmp_path, labels, multilabel, channels):
    source = randomise(TorchvisionDenseNet(BLOCKS, channels, len(labels)))
    torch.save(old_names(source.state_dict()), tmp_path / "plain.pth")
    network, info = load_model(tmp_path / "plain.pth")
    assert info == ModelInfo("densenet121", channels, labels, multilabel=multilabel)
    torch.testing.assert_close(outputs(network, channels), outputs(source, channels))


def test_densenet201_is_told_apart(tmp_path, monkeypatch):
    monkeypatch.setitem(BLOCK_LAYERS, "densenet201", (1, 1, 2, 1))
    torch.save(build_densenet("densenet201").state_dict(), tmp_path / "plain.pt")
    assert read_model_info(tmp_path / "plain.pt").architecture == "densenet201"


def test_labels_can_be_named_for_other_numbers_of_outputs(tmp_path):
    torch.save(build_densenet(outputs=2).state_dict(), tmp_path / "two.pt")
    with pytest.raises(WeightsError, match=r"two\.pt: has 2 outputs; name their 2 labels"):
        read_model_info(tmp_path / "two.pt")
    assert read_model_info(tmp_path / "two.pt", ("sick", "well")).labels == ("sick", "well")
    with pytest.raises(WeightsError, match="has 2 outputs"):
        read_model_info(tmp_path / "two.pt", ("sick", "well", "third"))


@pytest.mark.parametrize(
    ("drop", "message"),
    [
        ("class_layers.out.bias", "not a network with a head, 'class_layers.out.bias' is missing"),
        ("features.conv0.weight", "not a network with a head, 'features.conv0.weight'"),
    ],
)
def test_other_networks_are_refused(tmp_path, drop, message):
    state = dict(build_densenet().state_dict())
    del state[drop]
    torch.save(state, tmp_path / "other.pt")
    with pytest.raises(WeightsError, match=rf"other\.pt: {message}"):
        read_model_info(tmp_path / "other.pt")


def test_other_depths_are_refused(tmp_path):
    state = TorchvisionDenseNet((1, 1, 5, 1), outputs=3).state_dict()
    torch.save(state, tmp_path / "deep.pt")
    with pytest.raises(WeightsError, match=r"deep\.pt: 5 layers in its third block; known: dense"):
        read_model_info(tmp_path / "deep.pt")


@pytest.mark.parametrize(
    "change",
    [
        lambda info: info.pop("labels"),
        lambda info: info.update(colour="grey"),
        lambda info: info.update(labels=3),
        lambda info: info.update(architecture="resnet50"),
        lambda info: info.update(calibration={"data": "half of it"}),
        lambda info: info.update(calibration=3),
    ],
)
def test_an_unusable_description_names_the_file(tmp_path, change):
    save_model(tmp_path / "model.pt", build_densenet().state_dict(), ModelInfo())
    content = torch.load(tmp_path / "model.pt")
    change(content["info"])
    torch.save(content, tmp_path / "model.pt")
    with pytest.raises(WeightsError, match=r"model\.pt: "):
        load_model(tmp_path / "model.pt")


def test_a_description_that_does_not_fit_its_tensors_names_the_file(tmp_path):
    network = build_densenet(outputs=14)
    save_model(tmp_path / "model.pt", network.state_dict(), ModelInfo(labels=NIH_LABELS))
    message = r"(?s)model\.pt: .*" + re.escape("class_layers.out.bias has shape (14,)")
    with pytest.raises(WeightsError, match=message):
        load_model(tmp_path / "model.pt")
    with pytest.raises(WeightsError, match=r"model\.pt: "):
        load_weights(build_densenet(outputs=3), tmp_path / "model.pt")


def test_without_a_file_the_default_network_is_meant(tmp_path):
    assert model_info_or_default(tmp_path / "absent.pt") == ModelInfo()


def test_the_hash_is_sha256(tmp_path):
    (tmp_path / "file").write_bytes(b"abc" * 1000)
    assert file_hash(tmp_path / "file") == hashlib.sha256(b"abc" * 1000).hexdigest()
