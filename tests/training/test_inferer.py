"""Forward passes in float32 and bfloat16."""

import pytest
import torch
from torch import nn

from monai_covid.training.inferer import EMULATED, PrecisionInferer, warn_if_emulated


@pytest.fixture
def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(144, 3))


IMAGES = torch.rand(2, 1, 8, 8, generator=torch.Generator().manual_seed(1))


def test_float32_is_the_network_itself(network):
    network.eval()
    assert torch.allclose(
        PrecisionInferer()(IMAGES, network), network(IMAGES), rtol=1e-6, atol=1e-7
    )


def test_bfloat16_computes_with_few_digits_and_returns_float32(network):
    seen = []
    network[0].register_forward_hook(lambda *arguments: seen.append(arguments[2].dtype))
    logits = PrecisionInferer("bfloat16")(IMAGES, network.eval())
    assert seen == [torch.bfloat16]
    assert logits.dtype == torch.float32
    exact = network(IMAGES)
    assert not torch.equal(logits, exact)
    assert torch.allclose(logits, exact, atol=0.05)


def test_bfloat16_trains(network):
    loss = PrecisionInferer("bfloat16")(IMAGES, network).square().mean()
    loss.backward()
    assert all(parameter.grad.dtype == torch.float32 for parameter in network.parameters())
    assert network[1].running_mean.dtype == torch.float32


@pytest.mark.parametrize(
    ("native", "precision", "warnings"), [(0, "bfloat16", 1), (0, "float32", 0), (1, "bfloat16", 0)]
)
def test_a_processor_without_bfloat16_is_named_once(
    network, monkeypatch, caplog, native, precision, warnings
):
    monkeypatch.setattr("monai_covid.training.inferer._has_bfloat16", lambda: bool(native))
    warn_if_emulated.cache_clear()
    for _ in range(2):
        PrecisionInferer(precision)(IMAGES, network)
    assert [record.getMessage() for record in caplog.records] == [EMULATED] * warnings


def test_a_list_of_outputs_is_float32_too():
    class Twice(nn.Module):
        def forward(self, images):
            return [images.bfloat16(), images.half()]

    found = PrecisionInferer()(IMAGES, Twice())
    assert [one.dtype for one in found] == [torch.float32] * 2


def test_unknown_precision():
    with pytest.raises(ValueError, match=r"float16.*float32.*bfloat16"):
        PrecisionInferer("float16")
