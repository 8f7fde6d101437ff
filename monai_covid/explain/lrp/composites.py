"""Which rule for which layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from monai_covid.explain.lrp.input_rules import Flat, InputRule, ZBox
from monai_covid.explain.lrp.rules import AlphaBeta, Epsilon, Rule, ZPlus


@dataclass(frozen=True)
class Composite:
    """A rule for each kind of layer.

    Attributes:
        stem: For the convolution at the image.
        convolution: For all others.
        affine: For batch normalisations that are not folded into a convolution.
        head: For the last linear layer.
    """

    stem: InputRule
    convolution: Rule
    affine: Epsilon
    head: Epsilon


class EpsilonPlusFlat(Composite):
    """Epsilon for the head, ZPlus for convolutions, Flat at the image.

    Smooth maps that show where evidence lies; convolutions leave out what speaks against a neuron.
    """

    def __init__(self, epsilon: float = 1e-6) -> None:
        """Take the stabiliser of affine layers and head."""
        rule = Epsilon(epsilon)
        super().__init__(stem=Flat(), convolution=ZPlus(), affine=rule, head=rule)


class EpsilonAlpha2Beta1Flat(Composite):
    """As EpsilonPlusFlat, with AlphaBeta for convolutions: sharper, with evidence against."""

    def __init__(self, epsilon: float = 1e-6) -> None:
        """Take the stabiliser of affine layers and head."""
        rule = Epsilon(epsilon)
        super().__init__(stem=Flat(), convolution=AlphaBeta(2.0, 1.0), affine=rule, head=rule)


class EpsilonZBox(Composite):
    """Epsilon everywhere and ZBox at the image.

    The rules and the epsilon of Bassi et al., Nature Communications 15:291 (2024), with
    normalisations as separate layers.
    """

    def __init__(
        self, low: float | Sequence[float], high: float | Sequence[float], epsilon: float = 1e-2
    ) -> None:
        """Take the range of the pixels and the stabiliser of all other layers."""
        rule = Epsilon(epsilon)
        super().__init__(stem=ZBox(low, high), convolution=rule, affine=rule, head=rule)
