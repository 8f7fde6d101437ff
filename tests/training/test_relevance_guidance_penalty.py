"""The share of relevance outside the lungs against figures worked out by hand."""

import pytest
import torch

from monai_covid.explain.lrp.composites import EpsilonZBox
from monai_covid.training.relevance_guidance import guiding_rules, outside_share


def test_figures_worked_out_by_hand():
    relevance = torch.tensor([[[[1.0, -3.0], [2.0, 2.0]]], [[[0.0, 0.0], [0.0, -5.0]]]])
    lungs = torch.tensor([[[[1.0, 0.0], [0.5, 1.0]]], [[[1.0, 1.0], [1.0, 0.0]]]])
    # Outside: 3 + half of 2 of all 8; and everything.
    torch.testing.assert_close(outside_share(relevance, lungs), torch.tensor([4 / 8, 1.0]))


def test_channels_are_added_up_without_their_signs():
    relevance = torch.tensor([1.0, -1.0, 2.0]).reshape(1, 3, 1, 1).expand(1, 3, 2, 1)
    lungs = torch.tensor([1.0, 0.0]).reshape(1, 1, 2, 1)
    torch.testing.assert_close(outside_share(relevance, lungs), torch.tensor([0.5]))


def test_a_scale_changes_nothing():
    generator = torch.Generator().manual_seed(0)
    relevance = torch.randn(3, 1, 8, 8, generator=generator, dtype=torch.float64)
    lungs = (torch.rand(3, 1, 8, 8, generator=generator) > 0.5).double()
    share = outside_share(relevance, lungs)
    assert ((share > 0) & (share < 1)).all()
    torch.testing.assert_close(outside_share(-100 * relevance, lungs), share, rtol=1e-6, atol=0)
    torch.testing.assert_close(share + outside_share(relevance, 1 - lungs), torch.ones(3).double())


def test_no_relevance_at_all_is_finite_and_so_is_its_gradient():
    relevance = torch.zeros(1, 1, 4, 4, requires_grad=True)
    share = outside_share(relevance, torch.zeros(1, 1, 4, 4))
    share.sum().backward()
    assert share.tolist() == [0.0]
    assert relevance.grad.isfinite().all()


def test_gradients_are_finite_differences():
    generator = torch.Generator().manual_seed(1)
    relevance = torch.randn(2, 2, 3, 3, generator=generator, dtype=torch.float64)
    lungs = torch.rand(2, 1, 3, 3, generator=generator, dtype=torch.float64)
    assert torch.autograd.gradcheck(outside_share, (relevance.requires_grad_(), lungs))


@pytest.mark.parametrize("channels", [1, 3])
def test_the_rules_know_the_range_of_the_input(channels):
    rules = guiding_rules(channels)
    assert isinstance(rules, EpsilonZBox)
    assert rules.head.epsilon == 1e-2
    assert len(rules.stem.low) == channels
    assert all(low < 0 < high for low, high in zip(rules.stem.low, rules.stem.high, strict=True))
