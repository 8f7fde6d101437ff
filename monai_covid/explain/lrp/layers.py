"""What a canonized DenseNet consists of: convolutions with bias, affine layers, a linear head."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class Convolution:
    """A two-dimensional convolution, ``z = W x + b``.

    Attributes:
        weight: ``(O, C, kH, kW)``.
        bias: ``(O,)``.
        stride: Of both dimensions.
        padding: Zeros on every side.
    """

    weight: Tensor
    bias: Tensor
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)

    def __call__(self, x: Tensor) -> Tensor:
        """Map ``(B, C, H, W)`` to ``(B, O, H', W')``."""
        return F.conv2d(x, self.weight, self.bias, self.stride, self.padding)

    def transposed(self, gradient: Tensor, size: torch.Size) -> Tensor:
        """Return ``Wᵀ gradient``, ``(B, C, H, W)`` as ``size`` says, for ``(B, O, H', W')``."""
        if self.weight.shape[2:] == (1, 1) and self.stride == (1, 1):
            return F.conv2d(gradient, self.weight.transpose(0, 1))
        rest = [
            size[dim + 2]
            - (gradient.shape[dim + 2] - 1) * self.stride[dim]
            + 2 * self.padding[dim]
            - self.weight.shape[dim + 2]
            for dim in (0, 1)
        ]
        return F.conv_transpose2d(gradient, self.weight, None, self.stride, self.padding, rest)

    def with_parameters(self, weight: Tensor, bias: Tensor) -> Convolution:
        """Return a convolution of the same geometry."""
        return Convolution(weight, bias, self.stride, self.padding)


@dataclass(frozen=True)
class Affine:
    """A scale and a shift per channel, ``z = a x + c``: batch normalisation in evaluation.

    Attributes:
        scale: ``(C, 1, 1)``.
        shift: ``(C, 1, 1)``.
    """

    scale: Tensor
    shift: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        """Map ``(B, C, H, W)`` to the same shape."""
        return torch.addcmul(self.shift, x, self.scale)


@dataclass(frozen=True)
class DenseLayer:
    """Affine, ReLU, convolution, ReLU, convolution; the result is appended to the input.

    Attributes:
        norm: First batch normalisation.
        bottleneck: First convolution, with the second batch normalisation folded in.
        growth: Second convolution.
    """

    norm: Affine
    bottleneck: Convolution
    growth: Convolution


@dataclass(frozen=True)
class Transition:
    """Affine, ReLU, convolution; then average pooling over 2 x 2 pixels."""

    norm: Affine
    convolution: Convolution


@dataclass(frozen=True)
class Head:
    """The last linear layer, ``(B, C)`` to ``(B, L)``.

    Attributes:
        weight: ``(L, C)``.
        bias: ``(L,)``.
    """

    weight: Tensor
    bias: Tensor


@dataclass(frozen=True)
class Pool:
    """The maximum pooling after the first convolution."""

    kernel: int
    stride: int
    padding: int


@dataclass(frozen=True)
class CanonizedDenseNet:
    """A DenseNet without batch normalisations that stand after a convolution.

    Attributes:
        stem: First convolution, with the batch normalisation after it folded in; a ReLU follows.
        pool: Maximum pooling after the ReLU.
        blocks: Layers of each dense block.
        transitions: What stands between the blocks; one less than ``blocks``.
        norm: Last batch normalisation; a ReLU and the mean over all pixels follow.
        head: Last layer.
    """

    stem: Convolution
    pool: Pool
    blocks: tuple[tuple[DenseLayer, ...], ...]
    transitions: tuple[Transition, ...]
    norm: Affine
    head: Head
