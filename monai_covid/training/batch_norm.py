"""Batch normalisation over the batch of all processes, also on CPU.

PyTorch's own synchronised batch normalisation runs on GPUs alone.
"""

from __future__ import annotations

import torch
import torch.distributed as dist
from torch import Tensor, nn


class GlobalBatchNorm2d(nn.BatchNorm2d):
    """``BatchNorm2d`` whose training statistics are those of the global batch."""

    def forward(self, input: Tensor) -> Tensor:
        """Normalise ``(B, C, H, W)``."""
        if not self.training:
            return super().forward(input)
        count = torch.tensor(float(input.numel() // input.shape[1]))
        dist.all_reduce(count)
        # Under autocast the input has few digits, too few for sums over a batch.
        values = input if input.dtype == torch.float64 else input.float()
        mean = _sum_over_processes(values.sum((0, 2, 3))) / count
        centred = values - mean[:, None, None]
        variance = _sum_over_processes(centred.square().sum((0, 2, 3))) / count
        self._track(mean.detach(), variance.detach() * count / (count - 1))
        scale = self.weight * (variance + self.eps).rsqrt()
        return (centred * scale[:, None, None] + self.bias[:, None, None]).to(input.dtype)

    def _track(self, mean: Tensor, variance: Tensor) -> None:
        if self.running_mean is None or self.running_var is None:
            return
        momentum = 0.1 if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean, momentum)
        self.running_var.lerp_(variance, momentum)
        if self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)


class _SumOverProcesses(torch.autograd.Function):
    """Sum of a tensor over all processes; so is its gradient.

    The function of this kind in PyTorch keeps the group of processes alive with its graph.
    """

    @staticmethod
    def forward(ctx: object, tensor: Tensor) -> Tensor:
        return _summed(tensor)

    @staticmethod
    def backward(ctx: object, *gradients: Tensor) -> Tensor:
        return _summed(gradients[0])


def _summed(tensor: Tensor) -> Tensor:
    tensor = tensor.clone(memory_format=torch.contiguous_format)
    dist.all_reduce(tensor)
    return tensor


def _sum_over_processes(tensor: Tensor) -> Tensor:
    summed: Tensor = _SumOverProcesses.apply(tensor)  # type: ignore[no-untyped-call]
    return summed


def synchronise_batch_norm(network: nn.Module, device: torch.device) -> nn.Module:
    """Make the batch normalisation of ``network`` use the global batch.

    Args:
        network: Changed in place; parameters, buffers and their names stay the same.
        device: Where it will run.

    Returns:
        The network.
    """
    if device.type == "cuda":
        converted: nn.Module = nn.SyncBatchNorm.convert_sync_batchnorm(network)  # type: ignore[no-untyped-call]
        return converted
    for name, module in list(network.named_modules()):
        if type(module) is nn.BatchNorm2d:
            replacement = GlobalBatchNorm2d(module.num_features, module.eps, module.momentum)
            replacement.weight, replacement.bias = module.weight, module.bias
            replacement._buffers.update(module._buffers)
            network.set_submodule(name, replacement)
    return network
