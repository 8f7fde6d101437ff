"""Rules for the first layer, whose inputs are pixels of either sign.

They take the relevance of the layer's output to the pixels. Each returns it with the part that the
layer's biases take.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import torch
from torch import Tensor

from monai_covid.explain.lrp.layers import Convolution
from monai_covid.explain.lrp.ruled import RuledConvolution
from monai_covid.explain.lrp.rules import Rule, share


class InputRule(Protocol):
    """A rule for a convolution at the image, followed by a ReLU."""

    def relevance(
        self, layer: Convolution, x: Tensor, output: Tensor, gradient: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Hand relevance to the pixels.

        Args:
            layer: The convolution.
            x: Image ``(B, C, H, W)``.
            output: What layer and ReLU make of it, ``(B, O, H', W')``.
            gradient: ``g`` of the output.

        Returns:
            Relevance of the pixels ``(B, C, H, W)``, and of the biases ``(B,)``.
        """
        ...


@dataclass(frozen=True)
class Flat:
    """Evenly to all pixels that a neuron sees, whatever they are.

    Lapuschkin et al., Nature Communications 10:1096 (2019).
    """

    def relevance(
        self, layer: Convolution, x: Tensor, output: Tensor, gradient: Tensor
    ) -> tuple[Tensor, Tensor]:
        """See :class:`InputRule`; biases take nothing."""
        even = replace(
            layer,
            weight=torch.ones_like(layer.weight[:1, :1]),
            bias=torch.zeros_like(layer.bias[:1]),
        )
        seen = even(torch.ones_like(x[:1, :1])) * x.shape[1]
        summed = (output * gradient).sum(1, keepdim=True) / seen
        pixels = even.transposed(summed, x.shape)
        return pixels.expand_as(x).contiguous(), x.new_zeros(len(x))


@dataclass(frozen=True)
class ZBox:
    """By what a pixel contributes beyond the least it could within its range.

    Montavon et al., Pattern Recognition 65:211-222 (2017).

    Attributes:
        low: Smallest value of a pixel, one for all channels or one for each.
        high: Largest value.
        epsilon: Keeps denominators from 0.

    Raises:
        ValueError: If ``low`` is not below ``high`` in every channel.
    """

    low: float | Sequence[float]
    high: float | Sequence[float]
    epsilon: float = 1e-6

    def __post_init__(self) -> None:
        """Check the order of the bounds."""
        low, high = torch.as_tensor(self.low), torch.as_tensor(self.high)
        if not (low < high).all():
            raise ValueError(f"low {self.low} must be below high {self.high}")

    def relevance(
        self, layer: Convolution, x: Tensor, output: Tensor, gradient: Tensor
    ) -> tuple[Tensor, Tensor]:
        """See :class:`InputRule`; biases take nothing."""
        plain = replace(layer, bias=torch.zeros_like(layer.bias))
        rising = replace(plain, weight=layer.weight.clamp(min=0))
        falling = replace(plain, weight=layer.weight.clamp(max=0))
        low, high = (self._bound(bound, x) for bound in (self.low, self.high))
        gain = plain(x) - rising(low) - falling(high)
        handed = gradient * share(output, gain, self.epsilon)
        pixels = (
            x * plain.transposed(handed, x.shape)
            - low * rising.transposed(handed, x.shape)
            - high * falling.transposed(handed, x.shape)
        )
        return pixels, x.new_zeros(len(x))

    def _bound(self, bound: float | Sequence[float], x: Tensor) -> Tensor:
        values = torch.as_tensor(bound, dtype=x.dtype, device=x.device)
        if values.ndim and len(values) != x.shape[1]:
            raise ValueError(f"bounds for {len(values)} channels, but the image has {x.shape[1]}")
        return values.reshape(-1, 1, 1).expand(1, *x.shape[1:])


@dataclass(frozen=True)
class Signed:
    """A rule for inputs that are not negative, applied to pixels of either sign.

    The positive and the negative part of the image count as inputs of their own: a contribution is
    positive where pixel and weight have the same sign.

    Attributes:
        rule: Epsilon, ZPlus or AlphaBeta.
    """

    rule: Rule

    def relevance(
        self, layer: Convolution, x: Tensor, output: Tensor, gradient: Tensor
    ) -> tuple[Tensor, Tensor]:
        """See :class:`InputRule`."""
        both = torch.cat([x.clamp(min=0), -x.clamp(max=0)], dim=1)
        weight = torch.cat([layer.weight, -layer.weight], dim=1)
        ruled = RuledConvolution(replace(layer, weight=weight), self.rule, relu=True)
        _, shares = ruled.forward(both)
        handed_on, handed = ruled.backward(shares, gradient, both.shape)
        above, below = (both * handed_on).chunk(2, dim=1)
        return above + below, ruled.absorbed(handed)
