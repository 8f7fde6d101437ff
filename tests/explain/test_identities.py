"""Laws that relevance obeys whatever the network."""

import pytest
import torch
from torch import nn

from monai_covid.explain import (
    LRP,
    Composite,
    Epsilon,
    EpsilonAlpha2Beta1Flat,
    EpsilonPlusFlat,
    EpsilonZBox,
    Signed,
    canonize,
)
from monai_covid.explain.ledger import Ledger
from monai_covid.explain.ruled_network import RuledDenseNet
from monai_covid.networks import build_densenet
from tests.explain.networks import gradient_times_input, images, small_network

COMPOSITES = [EpsilonPlusFlat(), EpsilonAlpha2Beta1Flat(), EpsilonZBox(-5.0, 5.0, 1e-9)]


def epsilon_everywhere(size):
    return Composite(Signed(Epsilon(size)), *[Epsilon(size)] * 3)


@pytest.mark.parametrize("size", [0.0, 1e-14])
@pytest.mark.parametrize("channels", [1, 3])
def test_without_stabiliser_relevance_is_gradient_times_input(channels, size):
    network, inputs = small_network((2, 3, 2), channels), images(3, channels)
    targets = [0, 2, 1]
    found = LRP(network, epsilon_everywhere(size)).attribute(inputs, targets)
    expected = gradient_times_input(network, inputs, targets)
    assert (found - expected).abs().max() < 1e-10 * expected.abs().max().clamp(min=1)


@pytest.mark.parametrize("architecture", ["densenet121", "densenet201"])
@pytest.mark.parametrize("channels", [1, 3])
def test_gradient_times_input_of_whole_networks(architecture, channels):
    torch.manual_seed(0)
    network = build_densenet(architecture, channels, 3).double().eval()
    inputs = images(1, channels, (64, 64))
    found = LRP(network, epsilon_everywhere(0.0)).attribute(inputs, 1)
    expected = gradient_times_input(network, inputs, [1])
    assert (found - expected).abs().max() < 1e-10 * expected.abs().max()


@pytest.mark.parametrize("composite", [*COMPOSITES, epsilon_everywhere(1e-9)])
def test_image_and_biases_share_the_logit(composite):
    network, inputs = small_network((2, 3)), images()
    relevance, account = LRP(network, composite).attribute(
        inputs, [2, 0, 1], return_accounting=True
    )
    logits = network(inputs)[range(3), [2, 0, 1]].detach()
    torch.testing.assert_close(account.output, logits)
    torch.testing.assert_close(account.input, relevance.sum((1, 2, 3)))
    assert account.bias.abs().min() > 1e-3
    assert account.residual.abs().max() < 1e-5
    torch.testing.assert_close(account.input + account.bias + account.residual, account.output)


class Recorder:
    """A dense block that remembers the relevance of its input."""

    def __init__(self, block):
        self.block = block

    def forward(self, x):
        self.input = x
        return self.block.forward(x)

    def backward(self, tapes, gradient, ledger):
        found = self.block.backward(tapes, gradient, ledger)
        self.relevance = (self.input * found).sum((1, 2, 3))
        return found


def without_biases(network):
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.running_var.uniform_(0.5, 2.0)
    assert not network.class_layers.out.bias.any()
    return network


@pytest.mark.parametrize(
    ("network", "composite"),
    [
        (small_network((2, 3, 2), bias=False), EpsilonPlusFlat()),
        (small_network((2, 3, 2), bias=False), EpsilonZBox(-5.0, 5.0, 1e-9)),
        # AlphaBeta needs contributions of both signs, which wide layers have.
        (without_biases(build_densenet().double()), EpsilonAlpha2Beta1Flat()),
    ],
    ids=["plus flat", "z box", "alpha beta"],
)
def test_without_biases_relevance_is_kept_at_every_block(network, composite):
    network = RuledDenseNet(canonize(network), composite)
    network.blocks = [Recorder(block) for block in network.blocks]
    with torch.no_grad():
        tape = network.forward(images(2, size=(64, 64)))
        gradient = torch.zeros_like(tape.logits)
        gradient[:, 1] = 1.0
        logit = tape.logits[:, 1]
        pixels = network.backward(tape, gradient, Ledger(is_kept=False))
    assert logit.abs().min() > 1e-3
    for found in (pixels.sum((1, 2, 3)), *(block.relevance for block in network.blocks)):
        torch.testing.assert_close(found, logit, atol=1e-5, rtol=1e-5)


def test_contrast_is_the_logit_less_the_mean_of_the_others():
    network, inputs = small_network(classes=4), images(2)
    lrp = LRP(network, epsilon_everywhere(0.0))
    each = [lrp.attribute(inputs, label) for label in range(4)]
    found, account = lrp.attribute(inputs, 2, contrast=True, return_accounting=True)
    torch.testing.assert_close(found, each[2] - (each[0] + each[1] + each[3]) / 3)
    logits = network(inputs).detach()
    torch.testing.assert_close(account.output, logits[:, 2] - (logits.sum(1) - logits[:, 2]) / 3)
