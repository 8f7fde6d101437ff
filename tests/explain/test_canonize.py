"""The canonized copy computes what the network computes, and refuses what it does not know."""

import copy

import pytest
import torch
from monai.networks.nets import DenseNet, DenseNet169, EfficientNetBN
from torch import nn

from monai_covid.explain import LRP, CanonizeError, EpsilonPlusFlat, canonize
from monai_covid.explain.ruled_network import RuledDenseNet
from monai_covid.networks import build_densenet
from tests.explain.networks import images, small_network


def logits_of(network, inputs):
    with torch.no_grad():
        return RuledDenseNet(canonize(network), EpsilonPlusFlat()).forward(inputs).logits


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [(40, 36), (64, 64), (71, 53)])
def test_it_computes_what_the_network_computes(channels, size):
    network, inputs = small_network((2, 3, 2), channels), images(2, channels, size)
    torch.testing.assert_close(logits_of(network, inputs), network(inputs), atol=1e-12, rtol=1e-12)


@pytest.mark.parametrize("architecture", ["densenet121", "densenet201"])
def test_the_networks_of_the_bundle(architecture):
    network = build_densenet(architecture, 1, 3).eval()
    inputs = images(2, size=(64, 64), dtype=torch.float32)
    torch.testing.assert_close(logits_of(network, inputs), network(inputs), atol=1e-5, rtol=1e-5)
    network, inputs = network.double(), inputs.double()
    torch.testing.assert_close(logits_of(network, inputs), network(inputs), atol=1e-12, rtol=1e-12)


def test_densenet169_and_a_network_with_dropout():
    network = DenseNet169(spatial_dims=2, in_channels=3, out_channels=15, dropout_prob=0.3).eval()
    inputs = images(1, 3, (64, 64), torch.float32)
    torch.testing.assert_close(logits_of(network, inputs), network(inputs), atol=1e-5, rtol=1e-5)


def test_training_mode_changes_nothing():
    network, inputs = small_network(), images()
    expected = network(inputs)
    torch.testing.assert_close(logits_of(network.train(), inputs), expected)
    assert network.training


def test_the_network_stays_as_it_is():
    network = small_network()
    before = copy.deepcopy(network.state_dict())
    lrp = LRP(network)
    relevance = lrp.attribute(images(), 0)
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    with pytest.raises(ValueError, match="out of range"):
        lrp.attribute(images(), 7)
    for module in network.modules():
        assert not module._forward_hooks
        assert not module._forward_pre_hooks
        assert not module._backward_hooks
    with torch.no_grad():
        network.features.conv0.weight.zero_()
    torch.testing.assert_close(lrp.attribute(images(), 0), relevance, atol=0, rtol=0)


def with_tail(network):
    network.class_layers.add_module("tail", nn.Sigmoid())
    return network


def with_other_activation(network):
    network.features.denseblock1.denselayer2.layers.relu2 = nn.ELU()
    return network


def without_norm(network):
    network.features.norm5 = nn.Identity()
    return network


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (with_tail, r"class_layers\.tail, a Sigmoid, is no part of a DenseNet"),
        (with_other_activation, r"denseblock1\.denselayer2\.layers\.relu2 is a ELU"),
        (without_norm, r"features\.norm5 is a Identity"),
        (lambda network: network.features, r"features\.denseblock1 is missing"),
    ],
)
def test_what_it_does_not_know_is_named(change, message):
    with pytest.raises(CanonizeError, match=message):
        canonize(change(small_network()))


def test_other_networks_are_refused():
    with pytest.raises(CanonizeError, match="no MONAI DenseNet"):
        canonize(EfficientNetBN("efficientnet-b0", pretrained=False, spatial_dims=2))
    with pytest.raises(CanonizeError, match=r"features\.conv0 is a Conv3d"):
        canonize(DenseNet(3, 1, 2, block_config=(1, 1)))
