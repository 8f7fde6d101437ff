"""Model files carry what is needed to use them, and others are understood or refused."""

import hashlib
import json
import re

import pytest
import torch

from monai_covid.errors import WeightsError
from monai_covid.evaluation.calibration.record import Calibration, OperatingPoint
from monai_covid.labels import COVID_LABELS, NIH_LABELS
from monai_covid.models.architectures import BLOCK_LAYERS, build_densenet
from monai_covid.models.info_buffer import to_bytes
from monai_covid.models.model_file import (
    ModelInfo,
    describe_weights,
    file_hash,
    info_fields,
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


def test_a_file_is_a_plain_state_dict_that_says_what_its_network_is(tmp_path):
    network, info = randomise(calibrated().build()), calibrated()
    save_model(tmp_path / "model.pt", network.state_dict(), info)
    content = torch.load(tmp_path / "model.pt", weights_only=True)
    assert content.keys() == network.state_dict().keys()
    for name, tensor in network.state_dict().items():
        assert torch.equal(content[name], tensor), name
    fields = json.loads(bytes(content["model_info"].tolist()))
    assert (fields["labels"], fields["temperature"]) == (list(COVID_LABELS), 1.25)
    ModelInfo(image_size=32).build().load_state_dict(content, strict=True)


def test_what_is_saved_is_what_the_caller_says_of_the_network(tmp_path):
    network = ModelInfo(start="unknown").build()
    save_model(tmp_path / "model.pt", network.state_dict(), ModelInfo(start="imagenet"))
    assert read_model_info(tmp_path / "model.pt").start == "imagenet"


def earlier_file(path, info, state):
    """Write a model file as earlier versions did."""
    torch.save({"network": dict(state), "info": info_fields(info)}, path)


def test_files_of_earlier_versions_are_read(tmp_path):
    network = randomise(build_densenet())
    earlier_file(tmp_path / "model.pt", calibrated(), network.state_dict())
    loaded, info = load_model(tmp_path / "model.pt")
    assert info == calibrated()
    assert torch.equal(outputs(loaded), outputs(network))
    bare = ModelInfo(image_size=96)
    torch.save(
        {
            "network": network.state_dict(),
            "info": {
                **{"architecture": "densenet121", "channels": 1, "labels": list(COVID_LABELS)},
                **{"image_size": 96, "multilabel": False, "start": "unknown"},
            },
        },
        tmp_path / "bare.pt",
    )
    assert read_model_info(tmp_path / "bare.pt") == bare


def written(path, fields):
    """Write a model file that says something of its own."""
    torch.save({**build_densenet().state_dict(), "model_info": to_bytes(fields)}, path)


@pytest.mark.parametrize("value", [0, -1.0, float("nan"), float("inf"), "warm", None, True])
def test_an_impossible_temperature_names_the_file(tmp_path, value):
    fields = {**info_fields(calibrated()), "temperature": value}
    written(tmp_path / "model.pt", fields)
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


@pytest.mark.parametrize("content", [lambda state: state, lambda state: {"state_dict": state}])
def test_weights_alone_are_refused_with_what_to_do(tmp_path, content):
    source = randomise(TorchvisionDenseNet(BLOCKS, 3, 2))
    torch.save(content(old_names(source.state_dict())), tmp_path / "plain.pth")
    for read in (read_model_info, load_model):
        with pytest.raises(
            WeightsError, match=r"plain\.pth: holds weights alone .*import-weights .*plain\.pth"
        ):
            read(tmp_path / "plain.pth")
    info = ModelInfo(channels=3, labels=("sick", "well"), image_size=32)
    describe_weights(tmp_path / "plain.pth", info, tmp_path / "model.pt")
    network, found = load_model(tmp_path / "model.pt")
    assert found == info
    torch.testing.assert_close(outputs(network, 3), outputs(source, 3))


def test_weights_that_are_not_what_is_said_are_refused(tmp_path):
    torch.save(build_densenet(outputs=2).state_dict(), tmp_path / "two.pt")
    with pytest.raises(
        WeightsError, match=r"(?s)two\.pt: .*class_layers.out.bias has shape \(2,\)"
    ):
        describe_weights(tmp_path / "two.pt", ModelInfo(), tmp_path / "model.pt")
    assert not (tmp_path / "model.pt").exists()


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
    fields = info_fields(ModelInfo())
    change(fields)
    written(tmp_path / "model.pt", fields)
    torch.save({"network": build_densenet().state_dict(), "info": fields}, tmp_path / "earlier.pt")
    for name in ("model.pt", "earlier.pt"):
        with pytest.raises(WeightsError, match=rf"{name}: .*(damaged|later version|known: )"):
            load_model(tmp_path / name)


def test_a_damaged_description_names_the_file(tmp_path):
    for damaged in (b"{", b"\xff", b"[1]"):
        buffer = torch.tensor(list(damaged), dtype=torch.uint8)
        torch.save({**build_densenet().state_dict(), "model_info": buffer}, tmp_path / "model.pt")
        with pytest.raises(
            WeightsError, match=r"model\.pt: what it says of its network is damaged"
        ):
            read_model_info(tmp_path / "model.pt")


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
