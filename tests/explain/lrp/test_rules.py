"""Whole networks under every rule, against the slow propagation of relevance layer by layer."""

import pytest
import torch

from monai_covid.explain.lrp.composites import (
    Composite,
    EpsilonAlpha2Beta1Flat,
    EpsilonPlusFlat,
    EpsilonZBox,
)
from monai_covid.explain.lrp.engine import LRP
from monai_covid.explain.lrp.input_rules import Flat, Signed
from monai_covid.explain.lrp.rules import AlphaBeta, Epsilon, ZPlus
from tests.explain.lrp import slow
from tests.explain.lrp.networks import images, small_network


def flat(weight, bias, layer, x, relevance):
    return slow.flat_rule(layer, x, relevance)


def z_box(weight, bias, layer, x, relevance):
    return slow.z_box_rule(weight, layer, x, relevance, -4.0, 4.0)


def epsilon(size):
    def rule(weight, bias, layer, x, relevance):
        return slow.epsilon_rule(slow.convolution(weight, bias, layer), x, relevance, size)

    return rule


def signed(rule):
    """Treat the positive and the negative part of the image as inputs of their own."""

    def both(weight, bias, layer, x, relevance):
        parts = torch.cat([x.clamp(min=0), -x.clamp(max=0)], 1)
        weights = torch.cat([weight, -weight], 1)
        above, below = rule(weights, bias, layer, parts, relevance).chunk(2, 1)
        return above + below

    return both


COMPOSITES = {
    "plus flat": (EpsilonPlusFlat(), slow.z_plus_rule, flat, 1e-6),
    "plus flat, large epsilon": (EpsilonPlusFlat(0.1), slow.z_plus_rule, flat, 0.1),
    "alpha beta flat": (EpsilonAlpha2Beta1Flat(), slow.alpha_beta_rule, flat, 1e-6),
    "z box": (EpsilonZBox(-4.0, 4.0, 1e-2), epsilon(1e-2), z_box, 1e-2),
    "epsilon alone": (
        Composite(Signed(Epsilon(0.05)), Epsilon(0.05), Epsilon(0.05), Epsilon(0.05)),
        *(epsilon(0.05), epsilon(0.05), 0.05),
    ),
    "z plus down to the image": (
        Composite(Signed(ZPlus()), ZPlus(), Epsilon(), Epsilon()),
        *(slow.z_plus_rule, signed(slow.z_plus_rule), 1e-6),
    ),
    "alpha beta down to the image": (
        Composite(Signed(AlphaBeta()), AlphaBeta(), Epsilon(), Epsilon()),
        *(slow.alpha_beta_rule, signed(slow.alpha_beta_rule), 1e-6),
    ),
    "flat over epsilon": (
        Composite(Flat(), Epsilon(), Epsilon(), Epsilon()),
        *(epsilon(1e-6), flat, 1e-6),
    ),
}


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", COMPOSITES)
def test_every_composite_is_what_its_rules_say(name, channels):
    composite, rule, first, size = COMPOSITES[name]
    network, inputs = small_network((2, 2), channels), images(2, channels)
    found = LRP(network, composite).attribute(inputs, 1)
    expected = slow.SlowLRP(network, rule, first, size).attribute(inputs, 1)
    assert (found - expected).abs().max() < 1e-9 * expected.abs().max()


def test_alpha_and_beta_keep_relevance():
    for alpha, beta in ((2.0, 0.5), (0.5, -0.5)):
        with pytest.raises(ValueError, match="alpha - beta must be 1"):
            AlphaBeta(alpha, beta)


def test_bounds_must_fit_the_channels():
    network, inputs = small_network(channels=3), images(1, 3)
    each = LRP(network, EpsilonZBox([-4.0] * 3, [4.0] * 3)).attribute(inputs, 0)
    torch.testing.assert_close(each, LRP(network, EpsilonZBox(-4.0, 4.0)).attribute(inputs, 0))
    with pytest.raises(ValueError, match="bounds for 2 channels, but the image has 3"):
        LRP(network, EpsilonZBox([-4.0] * 2, 4.0)).attribute(inputs, 0)
