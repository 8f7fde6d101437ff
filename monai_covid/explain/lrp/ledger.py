"""Where relevance goes that does not reach the image."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from torch import Tensor


class Accounting(NamedTuple):
    """The relevance of each image, which adds up to what was explained.

    Attributes:
        output: What was explained: a logit, or its contrast to the others, ``(B,)``.
        input: Sum of the heatmap, ``(B,)``.
        bias: What the biases of all layers take, ``(B,)``.
        residual: ``output - input - bias``: what stabilisers take, what rules lose or add in
            neurons that lack contributions of a sign, and rounding, ``(B,)``.
    """

    output: Tensor
    input: Tensor
    bias: Tensor
    residual: Tensor


class TakesRelevance(Protocol):
    """A layer with biases."""

    def absorbed(self, handed: Tensor) -> Tensor:
        """Return the relevance that the biases take, ``(B,)``."""
        ...


class Ledger:
    """Adds up what biases take, if asked to, since it costs time.

    Args:
        is_kept: Whether to add up.
    """

    def __init__(self, *, is_kept: bool) -> None:
        """Start at 0."""
        self.is_kept = is_kept
        self.biases: list[Tensor] = []

    def take(self, layer: TakesRelevance, handed: Tensor) -> None:
        """Book what the biases of ``layer`` take of what it hands on."""
        if self.is_kept:
            self.add(layer.absorbed(handed))

    def add(self, absorbed: Tensor) -> None:
        """Book relevance that biases take, ``(B,)``."""
        if self.is_kept:
            self.biases.append(absorbed)

    def total(self) -> Tensor:
        """Return what the biases of all layers take, ``(B,)``."""
        return sum(self.biases[1:], self.biases[0])
