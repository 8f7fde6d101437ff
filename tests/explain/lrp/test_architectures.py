"""The laws on whole networks of every size, whose normalisations do something."""

import pytest
import torch
from monai.networks.nets import DenseNet121, DenseNet169, DenseNet201, DenseNet264
from torch import nn

from monai_covid.explain.lrp.composites import EpsilonAlpha2Beta1Flat, EpsilonPlusFlat, EpsilonZBox
from monai_covid.explain.lrp.engine import LRP
from tests.explain.lrp.laws import epsilon_everywhere, kept_relevance
from tests.explain.lrp.networks import gradient_times_input, images

pytestmark = pytest.mark.slow

NETWORKS = [
    pytest.param(kind, channels, id=f"{kind.__name__}-{channels}")
    for kind, channels in (
        *((DenseNet121, 1), (DenseNet169, 3), (DenseNet201, 3), (DenseNet264, 1)),
    )
]
TINY = 1e-9
"""A stabiliser that takes next to nothing."""
COMPOSITES = [EpsilonPlusFlat(TINY), EpsilonAlpha2Beta1Flat(TINY), EpsilonZBox(-5.0, 5.0, TINY)]


def built(kind, channels, *, bias=True):
    """Return a network in float64 with random statistics; without ``bias`` none has an effect."""
    torch.manual_seed(0)
    network = kind(spatial_dims=2, in_channels=channels, out_channels=3).double().eval()
    with torch.no_grad():
        for layer in network.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.running_var.uniform_(0.5, 2.0)
                if bias:
                    layer.running_mean.normal_(0.0, 0.1)
                    layer.bias.normal_(0.0, 0.1)
    return network


@pytest.mark.parametrize(("kind", "channels"), NETWORKS)
def test_gradient_times_input(kind, channels):
    network, inputs = built(kind, channels), images(1, channels, (64, 64))
    found = LRP(network, epsilon_everywhere(0.0)).attribute(inputs, 1)
    expected = gradient_times_input(network, inputs, [1])
    assert (found - expected).abs().max() < 1e-10 * expected.abs().max()


@pytest.mark.parametrize(("kind", "channels"), NETWORKS)
def test_image_and_biases_share_the_logit(kind, channels):
    """The accounting is checked against the network's own logit, for every composite."""
    network, inputs = built(kind, channels), images(1, channels, (64, 64))
    with torch.no_grad():
        logit = network(inputs)[:, 1]
    for composite in COMPOSITES:
        found, account = LRP(network, composite).attribute(inputs, 1, return_accounting=True)
        torch.testing.assert_close(account.output, logit, rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(account.input, found.sum((1, 2, 3)))
        assert account.bias.abs().min() > 1e-3
        assert account.residual.abs().max() < 1e-6


@pytest.mark.parametrize(("kind", "channels"), NETWORKS)
def test_without_biases_relevance_is_kept_at_every_block(kind, channels):
    network = built(kind, channels, bias=False)
    for composite in COMPOSITES:
        logit, sums = kept_relevance(network, composite)
        for found in sums:
            torch.testing.assert_close(found, logit, atol=1e-5, rtol=1e-5)
