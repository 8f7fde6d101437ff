"""The same relevance as zennit's and captum's, on a network built of modules they can hook into."""

import pytest
import torch
from captum import attr as captum
from captum.attr._utils.lrp_rules import EpsilonRule
from torch import nn

from monai_covid.explain.lrp.composites import Composite
from monai_covid.explain.lrp.engine import LRP
from monai_covid.explain.lrp.input_rules import Flat, Signed, ZBox
from monai_covid.explain.lrp.rules import AlphaBeta, Epsilon, ZPlus
from tests.explain.lrp import zennit_oracle as zennit
from tests.explain.lrp.modules import as_modules
from tests.explain.lrp.networks import images, small_network

TINY = 1e-9
TARGET = 1


def relative_difference(found, expected):
    return ((found - expected).abs().max() / expected.abs().max()).item()


def with_zennit(network, inputs, convolution, first, epsilon):
    composite = zennit.SpecialFirstLayerMapComposite(
        [
            (zennit.Activation, zennit.Pass()),
            (zennit.AvgPool, zennit.Norm(stabilizer=TINY)),
            (zennit.Convolution, convolution),
            (zennit.Linear, zennit.Epsilon(epsilon)),
            (zennit.BatchNorm, zennit.Epsilon(epsilon)),
        ],
        [(zennit.Convolution, first)],
    )
    chosen = torch.eye(3, dtype=inputs.dtype)[[TARGET]]
    with zennit.Gradient(as_modules(network), composite) as attributor:
        _, relevance = attributor(inputs, lambda logits: logits * chosen)
    return relevance


def box(inputs):
    bounds = torch.full_like(inputs, -5.0), torch.full_like(inputs, 5.0)
    return zennit.ZBox(*bounds, TINY)


PAIRS = {
    "plus flat": (
        Composite(Flat(), ZPlus(TINY), Epsilon(TINY), Epsilon(TINY)),
        lambda inputs: (zennit.ZPlus(TINY), zennit.Flat(TINY), TINY),
    ),
    "alpha beta flat": (
        Composite(Flat(), AlphaBeta(2.0, 1.0, TINY), Epsilon(TINY), Epsilon(TINY)),
        lambda inputs: (zennit.AlphaBeta(2.0, 1.0, TINY), zennit.Flat(TINY), TINY),
    ),
    "z box": (
        Composite(ZBox(-5.0, 5.0, TINY), Epsilon(1e-2), Epsilon(1e-2), Epsilon(1e-2)),
        lambda inputs: (zennit.Epsilon(1e-2), box(inputs), 1e-2),
    ),
}


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", PAIRS)
def test_zennit_agrees(name, channels):
    composite, theirs = PAIRS[name]
    network, inputs = small_network((2, 3, 2), channels), images(2, channels)
    found = LRP(network, composite).attribute(inputs, TARGET)
    assert relative_difference(found, with_zennit(network, inputs, *theirs(inputs))) < 1e-5


@pytest.mark.parametrize(("precision", "tolerance"), [(torch.float64, 1e-6), (torch.float32, 1e-4)])
def test_captum_agrees(precision, tolerance):
    network, inputs = small_network((2, 3, 2), dtype=precision), images(2, dtype=precision)
    modules = as_modules(network)
    for module in modules.modules():
        if not list(module.children()) and not isinstance(module, nn.ReLU):
            module.rule = EpsilonRule(TINY)
    expected = captum.LRP(modules).attribute(inputs, target=TARGET)
    rule = Epsilon(TINY)
    found = LRP(network, Composite(Signed(rule), rule, rule, rule)).attribute(inputs, TARGET)
    assert relative_difference(found, expected) < tolerance
