"""A layer together with the rule that hands relevance through it."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from monai_covid.explain.lrp.layers import Affine, Convolution, Head
from monai_covid.explain.lrp.rules import Epsilon, Rule, multiplied, share


class RuledConvolution:
    """A convolution whose inputs are not negative, and a ReLU after it if there is one.

    The layer and the terms of its rule are computed as one wider convolution, which costs less than
    one after another.

    Args:
        convolution: The layer.
        rule: Its rule.
        relu: Whether a ReLU follows.
    """

    def __init__(self, convolution: Convolution, rule: Rule, *, relu: bool) -> None:
        """Stack the weights."""
        self.rule = rule
        self.relu = relu
        self.terms = rule.terms(convolution.weight, convolution.bias)
        own = () if rule.is_complete else ((convolution.weight, convolution.bias),)
        pairs = [*own, *((term.weight, term.bias) for term in self.terms)]
        self.forward_layer = _stacked(convolution, pairs)
        self.backward_layer = _stacked(convolution, pairs[len(own) :])

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Compute the layer.

        Args:
            x: ``(B, C, H, W)``, not negative.

        Returns:
            The output ``(B, O, H', W')``, behind the ReLU if there is one; and for each of the
            ``K`` terms ``c_k`` times the output over its denominator, ``(B, K · O, H', W')``.
        """
        parts = self.forward_layer(x).chunk(len(self.terms) + (not self.rule.is_complete), dim=1)
        output = sum(parts[1:], parts[0]) if self.rule.is_complete else parts[0]
        if self.relu:
            output = output.relu()
        denominators = parts if self.rule.is_complete else parts[1:]
        shares = [share(output, part, self.rule.epsilon) for part in denominators]
        for term, term_share in zip(self.terms, shares, strict=True):
            if term.coefficient != 1:
                term_share.mul_(term.coefficient)
        return output, shares[0] if len(shares) == 1 else torch.cat(shares, dim=1)

    def backward(self, shares: Tensor, gradient: Tensor, size: torch.Size) -> tuple[Tensor, Tensor]:
        """Hand ``gradient`` of the output back.

        Args:
            shares: From :meth:`forward`.
            gradient: ``g`` of the output, ``(B, O, H', W')``.
            size: Of the input.

        Returns:
            ``g`` of the input ``(B, C, H, W)``, and what the terms hand on,
            ``(B, K · O, H', W')``.
        """
        terms = len(self.terms)
        handed = shares * (gradient if terms == 1 else gradient.repeat(1, terms, 1, 1))
        return self.backward_layer.transposed(handed, size), handed

    def absorbed(self, handed: Tensor) -> Tensor:
        """Return the relevance that the biases take, ``(B,)``."""
        return handed.sum((2, 3)) @ self.backward_layer.bias


class RuledAffine:
    """An affine layer and the ReLU after it, under the epsilon rule.

    Args:
        affine: The layer.
        rule: Its rule.
    """

    def __init__(self, affine: Affine, rule: Epsilon) -> None:
        """Store both."""
        self.affine = affine
        self.rule = rule

    def forward(self, x: Tensor) -> Tensor:
        """Return the output ``(B, C, H, W)`` behind the ReLU."""
        return self.affine(x).relu_()

    def handed(self, output: Tensor, gradient: Tensor) -> Tensor:
        """Return ``g`` of the affine layer's output times its share, ``(B, C, H, W)``.

        Args:
            output: From :meth:`forward`.
            gradient: ``g`` of the output behind the ReLU.
        """
        if self.rule.epsilon == 0:
            return torch.where(output > 0, gradient, 0.0)
        return multiplied(output / (output + self.rule.epsilon), gradient)

    def absorbed(self, handed: Tensor) -> Tensor:
        """Return the relevance that the shift takes, ``(B,)``."""
        return handed.sum((2, 3)) @ self.affine.shift.flatten()


class RuledHead:
    """The last linear layer under the epsilon rule.

    Args:
        head: The layer.
        rule: Its rule.
    """

    def __init__(self, head: Head, rule: Epsilon) -> None:
        """Store both."""
        self.head = head
        self.rule = rule

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(B, C)`` to logits ``(B, L)``."""
        return torch.addmm(self.head.bias, x, self.head.weight.T)

    def handed(self, logits: Tensor, gradient: Tensor) -> Tensor:
        """Return ``g`` of the logits ``(B, L)`` times their share."""
        return gradient * share(logits, logits, self.rule.epsilon)

    def absorbed(self, handed: Tensor) -> Tensor:
        """Return the relevance that the biases take, ``(B,)``."""
        return handed @ self.head.bias


def _stacked(convolution: Convolution, pairs: list[tuple[Tensor, Tensor]]) -> Convolution:
    weights, biases = zip(*pairs, strict=True)
    weight = torch.cat(weights).contiguous(memory_format=torch.channels_last)
    return replace(convolution, weight=weight, bias=torch.cat(biases))
