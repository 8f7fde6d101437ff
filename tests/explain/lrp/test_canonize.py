"""The canonized copy computes what the network computes, and refuses what it does not know."""

import copy
import re

import pytest
import torch
from monai.networks.nets import DenseNet, DenseNet169, EfficientNetBN
from torch import nn

from monai_covid.explain.explainer import CanonizeError
from monai_covid.explain.lrp.canonize import canonize
from monai_covid.explain.lrp.composites import Composite, EpsilonPlusFlat
from monai_covid.explain.lrp.engine import LRP
from monai_covid.explain.lrp.input_rules import Flat
from monai_covid.explain.lrp.ruled_network import RuledDenseNet
from monai_covid.models.architectures import build_densenet
from tests.explain.lrp.networks import images, small_network


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


def hooks_of(network):
    """Return the modules that something is hooked into."""
    kinds = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    return [module for module in network.modules() if any(getattr(module, kind) for kind in kinds)]


class Fails(Flat):
    """A rule that stops when relevance has come all the way back to the image."""

    def relevance(self, layer, x, output, gradient):
        raise RuntimeError("stopped at the image")


def test_an_exception_halfway_leaves_nothing_behind():
    network = small_network()
    before = copy.deepcopy(network.state_dict())
    good = EpsilonPlusFlat()
    lrp = LRP(network, good)
    expected = lrp.attribute(images(), 0)
    failing = LRP(network, Composite(Fails(), good.convolution, good.affine, good.head))
    with pytest.raises(RuntimeError, match="stopped at the image"):
        failing.attribute(images(), 0)
    with pytest.raises(ValueError, match="out of range"):
        lrp.attribute(images(), 7)
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert not hooks_of(network)
    assert torch.is_grad_enabled()
    torch.testing.assert_close(lrp.attribute(images(), 0), expected, atol=0, rtol=0)


def test_the_network_stays_as_it_is():
    network = small_network()
    before = copy.deepcopy(network.state_dict())
    lrp = LRP(network)
    relevance = lrp.attribute(images(), 0)
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert not hooks_of(network)
    with torch.no_grad():
        network.features.conv0.weight.zero_()
    torch.testing.assert_close(lrp.attribute(images(), 0), relevance, atol=0, rtol=0)


GROWTH = "features.denseblock1.denselayer2.layers.conv2"
NORM = "features.denseblock2.denselayer1.layers.norm1"


def other_convolution(**changed):
    """Return a convolution in the place of ``GROWTH``."""
    return nn.Conv2d(8, 4, 3, bias=False, dtype=torch.float64, **{"padding": 1, **changed})


@pytest.mark.parametrize(
    ("name", "module", "message"),
    [
        ("class_layers.tail", nn.Sigmoid(), "is a Sigmoid and no part of a DenseNet"),
        ("features.denseblock1.denselayer2.layers.relu2", nn.ELU(), "is a ELU"),
        ("features.norm5", nn.Identity(), "is a Identity"),
        ("features.pool0", nn.MaxPool2d(3, 2, 1, ceil_mode=True), "is no plain square pooling"),
        ("features.transition1.pool", nn.AvgPool2d(4), "is not the mean of 2 x 2 pixels"),
        (
            "features.transition1.pool",
            nn.AvgPool2d(2, ceil_mode=True),
            "is not the mean of 2 x 2 pixels",
        ),
        (
            "features.transition1.pool",
            nn.AvgPool2d(2, divisor_override=3),
            "is not the mean of 2 x 2 pixels",
        ),
        ("class_layers.pool", nn.AdaptiveAvgPool2d(2), "is not the mean of all pixels"),
        (GROWTH, other_convolution(groups=2), "is grouped or dilated"),
        (GROWTH, other_convolution(dilation=2, padding=2), "is grouped or dilated"),
        (GROWTH, other_convolution(padding="same"), "is not padded with a number of zeros"),
        (GROWTH, other_convolution(padding_mode="circular"), "is not padded with a number"),
        (NORM, nn.BatchNorm2d(10, track_running_stats=False), "keeps no running statistics"),
    ],
)
def test_what_it_does_not_know_is_named(name, module, message):
    network = small_network()
    parent, _, last = name.rpartition(".")
    network.get_submodule(parent).add_module(last, module)
    with pytest.raises(CanonizeError, match=f"^DenseNet: {re.escape(name)} {message}"):
        canonize(network)


def test_other_networks_are_refused():
    with pytest.raises(CanonizeError, match="no MONAI DenseNet"):
        canonize(EfficientNetBN("efficientnet-b0", pretrained=False, spatial_dims=2))
    with pytest.raises(CanonizeError, match=r"features\.denseblock1 is missing"):
        canonize(small_network().features)
    with pytest.raises(CanonizeError, match=r"features\.conv0 is a Conv3d"):
        canonize(DenseNet(3, 1, 2, block_config=(1, 1)))
