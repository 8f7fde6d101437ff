"""What a network is stays with its tensors through everything that is done with them."""

import copy
import io

import pytest
import torch
from monai.networks.utils import copy_model_state, get_state_dict

from monai_covid.models.architectures import BLOCK_LAYERS, build_densenet
from monai_covid.models.info_buffer import MODEL_INFO, from_bytes, to_bytes
from monai_covid.models.loading import load_backbone, load_network
from monai_covid.models.model_file import ModelInfo, load_model, read_model_info, save_model
from monai_covid.training.weight_average import WeightAverage
from tests.models.torchvision_densenet import randomise

SMALL = ModelInfo(image_size=64, start="imagenet")
LARGE = ModelInfo(image_size=512, start="stage 2 (from imagenet), head keep")


@pytest.fixture(autouse=True)
def small_network(monkeypatch):
    monkeypatch.setitem(BLOCK_LAYERS, "densenet121", (1, 1, 1, 1))


def size_of(state):
    """Return the image size that a state dict tells."""
    return from_bytes(state[MODEL_INFO])["image_size"]


def test_text_comes_back():
    fields = {"labels": ["a", "ß"], "rate": 0.1 + 0.2, "none": None}
    assert from_bytes(to_bytes(fields)) == fields


def test_a_network_takes_the_description_of_the_weights_that_it_loads():
    network = SMALL.build()
    copied = copy.deepcopy(network)
    network.load_state_dict(LARGE.build().state_dict(), strict=True)
    assert size_of(network.state_dict()) == 512
    assert size_of(copied.state_dict()) == 64
    copied.load_state_dict(network.state_dict(), strict=True)
    assert size_of(copied.state_dict()) == 512


def test_weights_without_one_leave_a_networks_own():
    network = SMALL.build()
    network.load_state_dict(build_densenet().state_dict(), strict=True)
    assert size_of(network.state_dict()) == 64


def test_a_transfer_leaves_the_target_what_it_is():
    source, target = randomise(LARGE.build()), SMALL.build()
    for load in (load_backbone, load_network):
        load(target, {f"module.{name}": value for name, value in source.state_dict().items()})
        assert size_of(target.state_dict()) == 64
    assert torch.equal(target.features.conv0.weight, source.features.conv0.weight)


@pytest.mark.parametrize("storage", ["float32", "float16", "bfloat16"])
def test_in_every_storage(tmp_path, storage):
    save_model(tmp_path / "model.pt", SMALL.build().state_dict(), LARGE, storage)
    assert read_model_info(tmp_path / "model.pt") == LARGE


@pytest.mark.parametrize("key", ["model", "state_dict", None])
def test_weights_that_others_saved_again(tmp_path, key):
    """As MONAI's CheckpointSaver and servers of federated learning do, also of wrapped networks."""
    state = {f"module.{name}": value for name, value in LARGE.build().state_dict().items()}
    torch.save(state if key is None else {key: state, "epoch": 3}, tmp_path / "again.pt")
    network, info = load_model(tmp_path / "again.pt")
    assert info == LARGE
    assert size_of(network.state_dict()) == 512


def test_an_average_over_sites(tmp_path):
    """A weighted mean of equal numbers may lie a digit below them, as floating point."""
    state = LARGE.build().state_dict()
    mean = {name: value.double() * (1 - 1e-12) for name, value in state.items()}
    torch.save({"model": mean}, tmp_path / "server.pt")
    assert read_model_info(tmp_path / "server.pt") == LARGE
    client = LARGE.build()
    copy_model_state(client, mean)
    assert torch.equal(get_state_dict(client)[MODEL_INFO], state[MODEL_INFO])


def test_through_torchscript():
    network, stream = LARGE.build().eval(), io.BytesIO()
    torch.jit.save(torch.jit.script(network), stream)
    stream.seek(0)
    assert size_of(torch.jit.load(stream).state_dict()) == 512


def test_it_is_no_parameter_and_changes_no_answer():
    torch.manual_seed(0)
    with_one = SMALL.build().eval()
    plain = build_densenet().eval()
    assert MODEL_INFO not in dict(with_one.named_parameters())
    plain.load_state_dict({k: v for k, v in with_one.state_dict().items() if k != MODEL_INFO})
    images = torch.rand(2, 1, 64, 64)
    with torch.no_grad():
        assert torch.equal(with_one(images), plain(images))
        half = copy.deepcopy(with_one).to(torch.float64).to(memory_format=torch.channels_last)
    assert size_of(half.state_dict()) == 64


def test_averages_of_weights_keep_it():
    network = SMALL.build()
    average = WeightAverage(network, decay=0.9)
    average.load_state_dict(LARGE.build().state_dict())
    assert size_of(average.state_dict()) == 512
    assert size_of(network.state_dict()) == 64
