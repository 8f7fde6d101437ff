"""Batch normalisation over two processes equals PyTorch's over the whole batch."""

import copy

import pytest
import torch
import torch.distributed as dist
from monai.networks.nets import DenseNet
from torch import nn

from monai_covid.training.batch_norm import GlobalBatchNorm2d, synchronise_batch_norm
from tests.processes import WarmProcess

SHARES = (5, 2)
"""Images of each process: batches need not be even."""

CHANNELS = 3


def layer(kind=nn.BatchNorm2d):
    made = kind(CHANNELS).double()
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        made.weight.copy_(torch.rand(CHANNELS, generator=generator))
        made.bias.copy_(torch.randn(CHANNELS, generator=generator))
    return made


def batches():
    """Return three batches of inputs with the gradients of their outputs."""
    generator = torch.Generator().manual_seed(8)
    size = (3, 2, sum(SHARES), CHANNELS, 4, 6)
    return 5 * torch.randn(size, generator=generator, dtype=torch.float64) + 3


def normalise(layer, share):
    """Return all that a layer computes from its share of each batch."""
    found = {}
    for step, (values, gradient) in enumerate(batches()[:, :, share]):
        values.requires_grad_(True)
        output = layer(values)
        output.backward(gradient)
        found[f"output {step}"], found[f"gradient {step}"] = output.detach(), values.grad
    return {**found, **layer.state_dict(), "weight": layer.weight.grad, "bias": layer.bias.grad}


def half_precision():
    """Return the output and statistics for bfloat16 inputs whose sums need more digits."""
    made = GlobalBatchNorm2d(1)
    made.eps = 0.0
    values = torch.tensor([256.0, 258.0, 260.0, 262.0]).repeat(64).reshape(64, 1, 2, 2)
    output = made(values.bfloat16())
    return {"output": output, **made.state_dict()}


def process(rank, address, folder):
    dist.init_process_group("gloo", init_method=address, rank=rank, world_size=len(SHARES))
    begin = sum(SHARES[:rank])
    found = {
        "normalised": normalise(layer(GlobalBatchNorm2d), slice(begin, begin + SHARES[rank])),
        "half": half_precision(),
    }
    torch.save(found, f"{folder}/{rank}.pt")
    dist.destroy_process_group()


@pytest.fixture(scope="module")
def of_two_processes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("processes")
    address = f"file://{folder}/meeting"
    started = [
        WarmProcess(process, rank, address, folder, folder=folder) for rank in range(len(SHARES))
    ]
    for status, output in [each.finish() for each in started]:
        assert status == 0, output
    return [torch.load(folder / f"{rank}.pt") for rank in range(len(SHARES))]


def close(first, second):
    torch.testing.assert_close(first, second, rtol=0, atol=1e-10)


@pytest.mark.distributed
@pytest.mark.parametrize("what", ["output", "gradient"])
def test_images_are_treated_as_in_one_batch(of_two_processes, what):
    expected = normalise(layer(), slice(None))
    for step in range(3):
        parts = [found["normalised"][f"{what} {step}"] for found in of_two_processes]
        close(torch.cat(parts), expected[f"{what} {step}"])


@pytest.mark.distributed
def test_statistics_are_those_of_one_batch(of_two_processes):
    expected = normalise(layer(), slice(None))
    for found in of_two_processes:
        for name in ("running_mean", "running_var"):
            close(found["normalised"][name], expected[name])
        assert found["normalised"]["num_batches_tracked"] == 3


@pytest.mark.distributed
def test_gradients_of_the_weights_add_up(of_two_processes):
    expected = normalise(layer(), slice(None))
    for name in ("weight", "bias"):
        close(sum(found["normalised"][name] for found in of_two_processes), expected[name])


@pytest.mark.distributed
def test_reduced_precision_keeps_exact_statistics(of_two_processes):
    for found in of_two_processes:
        assert found["half"]["output"].dtype == torch.bfloat16
        assert found["half"]["running_mean"].dtype == torch.float32
        torch.testing.assert_close(found["half"]["running_mean"], torch.tensor([25.9]))
        assert found["half"]["output"].float().mean().abs() < 1e-6


def test_evaluation_is_pytorchs():
    ours, theirs = layer(GlobalBatchNorm2d).eval(), layer().eval()
    values = batches()[0, 0]
    assert torch.equal(ours(values), theirs(values))


def test_every_layer_is_replaced_and_no_name_changes():
    network = DenseNet(2, 1, 3, block_config=(1, 1, 1, 1))
    before = copy.deepcopy(network).eval()
    parameters = [id(parameter) for parameter in network.parameters()]
    network.features.norm0.running_mean += 0.5
    before.features.norm0.running_mean += 0.5
    changed = synchronise_batch_norm(network, torch.device("cpu"))
    kinds = {type(m) for m in changed.modules() if isinstance(m, nn.BatchNorm2d)}
    assert kinds == {GlobalBatchNorm2d}
    assert list(changed.state_dict()) == list(before.state_dict())
    assert [id(parameter) for parameter in changed.parameters()] == parameters
    image = torch.rand(2, 1, 32, 32)
    assert torch.equal(changed.eval()(image), before(image))
