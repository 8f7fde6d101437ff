"""Laws that relevance obeys whatever the network."""

from copy import deepcopy

import pytest
import torch

from monai_covid.explain.lrp.composites import Composite, EpsilonPlusFlat, EpsilonZBox
from monai_covid.explain.lrp.engine import LRP
from monai_covid.explain.lrp.input_rules import Flat, ZBox
from monai_covid.explain.lrp.rules import Epsilon, ZPlus
from tests.explain.lrp.laws import epsilon_everywhere, kept_relevance
from tests.explain.lrp.networks import gradient_times_input, images, small_network
from tests.lab.explanation_benchmark.toys import cases, networks


@pytest.mark.parametrize("size", [0.0, 1e-14])
@pytest.mark.parametrize("channels", [1, 3])
def test_without_stabiliser_relevance_is_gradient_times_input(channels, size):
    network, inputs = small_network((2, 3, 2), channels), images(3, channels)
    targets = [0, 2, 1]
    found = LRP(network, epsilon_everywhere(size)).attribute(inputs, targets)
    expected = gradient_times_input(network, inputs, targets)
    assert (found - expected).abs().max() < 1e-10 * expected.abs().max().clamp(min=1)


def test_gradient_times_input_of_trained_networks():
    for trained in networks():
        network = deepcopy(trained).double()
        seen = cases(4)
        inputs, targets = seen.images.double(), seen.labels.tolist()
        found = LRP(network, epsilon_everywhere(0.0)).attribute(inputs, targets)
        expected = gradient_times_input(network, inputs, targets)
        assert (found - expected).abs().max() < 1e-10 * expected.abs().max()


# AlphaBeta leaves a residual in narrow networks; see test_architectures.
@pytest.mark.parametrize(
    "composite",
    [
        Composite(Flat(), ZPlus(1e-9), Epsilon(1e-9), Epsilon(1e-9)),
        Composite(ZBox(-5.0, 5.0, 1e-9), *[Epsilon(1e-9)] * 3),
        epsilon_everywhere(0.0),
    ],
    ids=["plus flat", "z box", "epsilon of 0"],
)
def test_image_and_biases_share_the_logit(composite):
    network, inputs = small_network((2, 3)), images()
    relevance, account = LRP(network, composite).attribute(
        inputs, [2, 0, 1], return_accounting=True
    )
    logits = network(inputs)[range(3), [2, 0, 1]].detach()
    torch.testing.assert_close(account.output, logits)
    torch.testing.assert_close(account.input, relevance.sum((1, 2, 3)))
    assert account.bias.abs().min() > 1e-3
    assert account.residual.abs().max() < 1e-6
    torch.testing.assert_close(account.input + account.bias + account.residual, account.output)


@pytest.mark.parametrize("composite", [EpsilonPlusFlat(), EpsilonZBox(-5.0, 5.0, 1e-9)])
def test_without_biases_relevance_is_kept_at_every_block(composite):
    logit, sums = kept_relevance(small_network((2, 3, 2), bias=False), composite)
    for found in sums:
        torch.testing.assert_close(found, logit, atol=1e-5, rtol=1e-5)


def test_contrast_is_the_logit_less_the_mean_of_the_others():
    network, inputs = small_network(classes=4), images(2)
    lrp = LRP(network, epsilon_everywhere(0.0))
    each = [lrp.attribute(inputs, label) for label in range(4)]
    found, account = lrp.attribute(inputs, 2, contrast=True, return_accounting=True)
    torch.testing.assert_close(found, each[2] - (each[0] + each[1] + each[3]) / 3)
    logits = network(inputs).detach()
    torch.testing.assert_close(account.output, logits[:, 2] - (logits.sum(1) - logits[:, 2]) / 3)
