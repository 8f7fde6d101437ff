"""The optimizers against their formulas, one step from a known gradient."""

import pytest
import torch

from monai_covid.training.optimizer import make_optimizer


def after_steps(gradients, **options):
    weight = torch.nn.Parameter(torch.tensor([2.0], dtype=torch.float64))
    optimizer = make_optimizer([weight], **options)
    for gradient in gradients:
        weight.grad = torch.tensor([gradient], dtype=torch.float64)
        optimizer.step()
    return weight.item()


def test_sgd_has_momentum_and_decays_with_the_gradient():
    options = {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.01}
    first = 0.5 + 0.01 * 2.0
    once = 2.0 - 0.1 * first
    second = 0.9 * first + (-1.0 + 0.01 * once)
    expected = once - 0.1 * second
    assert after_steps([0.5, -1.0], **options) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_adamw_takes_the_same_step_at_any_scale_and_decays_apart_from_it(scale):
    options = {"name": "adamw", "lr": 0.1, "momentum": 0.9, "weight_decay": 0.01}
    expected = 2.0 * (1 - 0.1 * 0.01) - 0.1
    assert after_steps([scale], **options) == pytest.approx(expected, abs=1e-5)


def test_another_one_is_refused():
    with pytest.raises(ValueError, match="optimizer_name is 'lion'; it must be one of sgd, adamw"):
        make_optimizer([torch.nn.Parameter(torch.zeros(1))], "lion", lr=0.1)
