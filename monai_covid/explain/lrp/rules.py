"""Rules that say how a layer hands relevance to its inputs.

Every tensor ``x`` of the network carries ``g`` with relevance ``R = x · g``. For a linear layer
``z = W x + b`` a rule with coefficients ``c_k``, weights ``W_k`` and biases ``b_k`` computes

    g_x = Σ_k W_kᵀ (c_k · g · z / stabilise(W_k x + b_k))

so that with ``W_k = W`` and no stabiliser ``g`` is the gradient. The rules here are for inputs that
are not negative, as behind a ReLU; see ``input_rules`` for the layer at the image.

Bach et al., PLOS ONE 10:e0130140 (2015); Montavon et al., in: Explainable AI, LNCS 11700:193-209
(2019).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple, Protocol

import torch
from torch import Tensor


class Term(NamedTuple):
    """One of the ways in which a rule distributes relevance.

    Attributes:
        coefficient: Factor of its relevance; those of a rule add up to 1.
        weight: Like the layer's.
        bias: Like the layer's.
    """

    coefficient: float
    weight: Tensor
    bias: Tensor


class Rule(Protocol):
    """A rule for a linear layer whose inputs are not negative."""

    @property
    def epsilon(self) -> float:
        """What is added to the size of every denominator; 0 leaves it as it is."""
        ...

    @property
    def is_complete(self) -> bool:
        """Whether the weights of all terms add up to the layer's."""
        ...

    def terms(self, weight: Tensor, bias: Tensor) -> tuple[Term, ...]:
        """Return the terms for a layer's weight ``(O, …)`` and bias ``(O,)``."""
        ...


@dataclass(frozen=True)
class Epsilon:
    """All contributions by their share in the output; Bach et al. (2015), eq. 58.

    Attributes:
        epsilon: What part of a small output is absorbed. With 0 relevance is gradient x input.
    """

    epsilon: float = 1e-6

    is_complete: ClassVar[bool] = True

    def terms(self, weight: Tensor, bias: Tensor) -> tuple[Term, ...]:
        """Return the layer itself."""
        return (Term(1.0, weight, bias),)


@dataclass(frozen=True)
class ZPlus:
    """Positive contributions alone; Montavon et al., Pattern Recognition 65:211-222 (2017).

    Attributes:
        epsilon: Keeps denominators from 0.
    """

    epsilon: float = 1e-6

    is_complete: ClassVar[bool] = False

    def terms(self, weight: Tensor, bias: Tensor) -> tuple[Term, ...]:
        """Return the positive part of the layer."""
        return (Term(1.0, weight.clamp(min=0), bias.clamp(min=0)),)


@dataclass(frozen=True)
class AlphaBeta:
    """Positive contributions alpha times less negative ones beta times; Bach et al., eq. 60.

    A neuron all of whose contributions have one sign hands on more or less than it gets; with the
    widths of the usual networks there is hardly one.

    Attributes:
        alpha: At least 1.
        beta: ``alpha - 1``.
        epsilon: Keeps denominators from 0.

    Raises:
        ValueError: If ``alpha - beta`` is not 1 or ``beta`` is negative.
    """

    alpha: float = 2.0
    beta: float = 1.0
    epsilon: float = 1e-6
    is_complete: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Check that the two terms together hand on all relevance."""
        if self.beta < 0 or abs(self.alpha - self.beta - 1) > 1e-12:
            raise ValueError(
                f"alpha - beta must be 1 and beta at least 0, got {self.alpha} and {self.beta}"
            )

    def terms(self, weight: Tensor, bias: Tensor) -> tuple[Term, ...]:
        """Return the positive and the negative part of the layer."""
        return (
            Term(self.alpha, weight.clamp(min=0), bias.clamp(min=0)),
            Term(-self.beta, weight.clamp(max=0), bias.clamp(max=0)),
        )


def stabilise(denominator: Tensor, epsilon: float) -> Tensor:
    """Return ``denominator`` moved away from 0 by ``epsilon``, to the side it is on.

    Args:
        denominator: Any shape.
        epsilon: At least 0; zeros stay zeros only for 0.
    """
    if epsilon == 0:
        return denominator
    return denominator + torch.copysign(denominator.new_full((), epsilon), denominator)


def share(output: Tensor, denominator: Tensor, epsilon: float) -> Tensor:
    """Return ``output / stabilise(denominator)``, and 0 where that would divide by 0."""
    if epsilon == 0:
        # Inside as well, since the gradient of the branch not taken must not be NaN.
        divisor = torch.where(denominator == 0, 1.0, denominator)
        return torch.where(denominator == 0, 0.0, output / divisor)
    return output / stabilise(denominator, epsilon)


def multiplied(fresh: Tensor, factor: Tensor) -> Tensor:
    """Return ``fresh * factor``, written over ``fresh`` unless gradients flow through either."""
    if fresh.requires_grad or factor.requires_grad:
        return fresh * factor
    return fresh.mul_(factor)
