"""Relevance with gradients: the values of the engine, and gradients by other means."""

import copy

import pytest
import torch
from torch import nn
from torch.func import functional_call

from monai_covid.explain.explainer import CanonizeError
from monai_covid.explain.lrp.composites import (
    Composite,
    EpsilonAlpha2Beta1Flat,
    EpsilonPlusFlat,
    EpsilonZBox,
)
from monai_covid.explain.lrp.differentiable import DifferentiableLRP
from monai_covid.explain.lrp.engine import LRP
from monai_covid.explain.lrp.input_rules import Signed
from monai_covid.explain.lrp.rules import Epsilon
from tests.explain.lrp.networks import images, small_network

COMPOSITES = [
    EpsilonPlusFlat(),
    EpsilonPlusFlat(1e-2),
    EpsilonAlpha2Beta1Flat(),
    EpsilonZBox(-5.0, 5.0),
]
LINEAR = Composite(Signed(Epsilon(0.0)), Epsilon(0.0), Epsilon(0.0), Epsilon(0.0))
"""Without stabilisers relevance is gradient times input."""


class Relevance(nn.Module):
    """Relevance as a module, whose parameters are those of the network."""

    def __init__(self, network, composite, contrast=False):
        super().__init__()
        self.network = network
        self.lrp = DifferentiableLRP(network, composite)
        self.contrast = contrast

    def forward(self, inputs):
        return self.lrp.attribute(inputs, [0, 2], contrast=self.contrast).relevance


@pytest.mark.parametrize("composite", [*COMPOSITES, LINEAR])
@pytest.mark.parametrize("contrast", [False, True])
def test_values_are_those_of_the_engine(composite, contrast):
    network, inputs = small_network((2, 3, 2)), images(3, size=(71, 53))
    found = DifferentiableLRP(network, composite).attribute(inputs, [0, 2, 1], contrast=contrast)
    expected = LRP(network, composite).attribute(inputs, [0, 2, 1], contrast=contrast)
    torch.testing.assert_close(found.relevance.detach(), expected, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(found.logits, network(inputs), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("composite", "contrast"),
    [*((composite, False) for composite in COMPOSITES), (COMPOSITES[-1], True)],
)
def test_gradients_are_finite_differences(composite, contrast):
    network = small_network((1, 2))
    module, inputs = Relevance(network, composite, contrast), images(2, size=(32, 32))
    names = [name for name, _ in network.named_parameters()]

    def relevance(*parameters):
        values = {f"network.{name}": value for name, value in zip(names, parameters, strict=True)}
        return functional_call(module, values, (inputs,))

    parameters = [each.detach().clone().requires_grad_() for each in network.parameters()]
    # All parameters at once along a random direction, and all pixels by a random weight.
    assert torch.autograd.gradcheck(relevance, parameters, fast_mode=True, atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize("channels", [1, 3])
def test_without_stabilisers_it_is_the_gradient_of_gradient_times_input(channels):
    network, inputs = small_network((2, 2, 1), channels), images(2, channels)
    weights = torch.randn(inputs.shape, generator=torch.Generator().manual_seed(4)).double()
    relevance = DifferentiableLRP(network, LINEAR).attribute(inputs, [0, 2]).relevance
    # The bias of the last layer moves no gradient of a logit.
    parameters = dict(network.named_parameters())
    del parameters["class_layers.out.bias"]
    found = torch.autograd.grad((weights * relevance).sum(), list(parameters.values()))

    pixels = inputs.clone().requires_grad_()
    logits = network(pixels)
    (gradient,) = torch.autograd.grad(logits[[0, 1], [0, 2]].sum(), pixels, create_graph=True)
    expected = torch.autograd.grad(
        (weights * gradient * pixels).sum(), list(parameters.values()), allow_unused=True
    )
    for name, ours, theirs in zip(parameters, found, expected, strict=True):
        wanted = torch.zeros_like(ours) if theirs is None else theirs
        torch.testing.assert_close(ours, wanted, rtol=1e-8, atol=1e-9, msg=lambda m, n=name: n + m)


def test_gradients_of_the_logits_are_those_of_the_network():
    network, inputs = small_network(), images(2)
    parameters = list(network.parameters())
    logits = DifferentiableLRP(network).attribute(inputs, 1).logits
    found = torch.autograd.grad(logits.square().sum(), parameters)
    expected = torch.autograd.grad(network(inputs).square().sum(), parameters)
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("training", [False, True])
def test_the_network_is_left_as_it_is(training):
    network = small_network().train(training)
    before = copy.deepcopy(network.state_dict())
    relevance = DifferentiableLRP(network).attribute(images(2), 1).relevance
    relevance.square().sum().backward()
    assert all(torch.equal(before[name], each) for name, each in network.state_dict().items())
    assert all(module.training == training for module in network.modules())
    for module in network.modules():
        hooks = (module._forward_hooks, module._forward_pre_hooks, module._backward_hooks)
        assert not any(hooks)
    assert not any(each._backward_hooks for each in network.parameters())


def test_it_follows_the_network_and_explains_it_as_in_evaluation():
    network, inputs = small_network().train(), images(2)
    live = DifferentiableLRP(network)
    before = live.attribute(inputs, 1).relevance
    with torch.no_grad():
        for each in network.parameters():
            each.mul_(1.1)
    after = live.attribute(inputs, 1).relevance
    assert not torch.allclose(before, after)
    torch.testing.assert_close(after.detach(), LRP(network.eval()).attribute(inputs, 1))


def test_frozen_parameters_get_no_gradient():
    network = small_network()
    network.features.requires_grad_(False)
    DifferentiableLRP(network).attribute(images(2), 1).relevance.square().sum().backward()
    assert all(each.grad is None for each in network.features.parameters())
    assert network.class_layers.out.weight.grad.abs().sum() > 0


def test_neither_autocast_nor_no_grad_reach_in():
    network, inputs = small_network(dtype=torch.float32), images(1, dtype=torch.float32)
    plain = DifferentiableLRP(network).attribute(inputs, 0)
    with torch.autocast("cpu", torch.bfloat16), torch.no_grad():
        within = DifferentiableLRP(network).attribute(inputs, 0)
    assert within.relevance.dtype == torch.float32
    assert within.relevance.requires_grad
    assert torch.equal(within.relevance, plain.relevance)


def test_gradients_are_finite_where_nothing_is_active():
    network = small_network()
    with torch.no_grad():
        network.features.norm0.bias.fill_(-100.0)
    for composite in (*COMPOSITES, LINEAR):
        network.zero_grad()
        relevance = DifferentiableLRP(network, composite).attribute(images(2), 1).relevance
        relevance.abs().sum().backward()
        assert all(each.grad.isfinite().all() for each in network.parameters())


def test_unusable_input():
    with pytest.raises(CanonizeError, match="missing"):
        DifferentiableLRP(nn.Sequential(nn.Conv2d(1, 3, 3)))
    lrp = DifferentiableLRP(small_network())
    with pytest.raises(ValueError, match="has 3 outputs: say which with target"):
        lrp.attribute(images(2))
    with pytest.raises(ValueError, match=r"expected \(B, 1, H, W\)"):
        lrp.attribute(images(2, channels=3), 0)
    with pytest.raises(ValueError, match="nothing to contrast it with"):
        DifferentiableLRP(small_network(classes=1)).attribute(images(2), 0, contrast=True)
