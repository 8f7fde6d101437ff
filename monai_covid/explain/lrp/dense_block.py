"""Relevance through a dense block, whose layers append their features to their input.

The features of a block lie in one tensor, so that nothing is copied when they are concatenated; on
the way back their ``g`` is added up in place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from monai_covid.explain.lrp.composites import Composite
from monai_covid.explain.lrp.layers import DenseLayer
from monai_covid.explain.lrp.ledger import Ledger
from monai_covid.explain.lrp.ruled import RuledAffine, RuledConvolution


class LayerTape(NamedTuple):
    """What a dense layer needs on the way back.

    Attributes:
        normed: Behind the first normalisation and its ReLU, ``(B, C, H, W)``.
        hidden: Size between the convolutions.
        hidden_shares: Of the first convolution.
        grown_shares: Of the second.
    """

    normed: Tensor
    hidden: torch.Size
    hidden_shares: Tensor
    grown_shares: Tensor


class RuledDenseLayer:
    """A dense layer with a rule on each of its layers.

    Attributes:
        width: Channels that the layer appends.
    """

    def __init__(self, layer: DenseLayer, composite: Composite) -> None:
        """Take the rules of ``composite``."""
        self.norm = RuledAffine(layer.norm, composite.affine)
        self.bottleneck = RuledConvolution(layer.bottleneck, composite.convolution, relu=True)
        self.growth = RuledConvolution(layer.growth, composite.convolution, relu=False)
        self.width = len(layer.growth.bias)

    def forward(self, features: Tensor) -> tuple[Tensor, LayerTape]:
        """Return what is appended to ``features`` ``(B, C, H, W)``, and the tape."""
        normed = self.norm.forward(features)
        hidden, hidden_shares = self.bottleneck.forward(normed)
        grown, grown_shares = self.growth.forward(hidden)
        return grown, LayerTape(normed, hidden.shape, hidden_shares, grown_shares)

    def backward(self, tape: LayerTape, gradient: Tensor, ledger: Ledger) -> Tensor:
        """Return what the first normalisation hands on: ``g`` of the input is its scale times that.

        Args:
            tape: From :meth:`forward`.
            gradient: ``g`` of what the layer appended.
            ledger: Gets what the biases take.
        """
        at_hidden, handed = self.growth.backward(tape.grown_shares, gradient, tape.hidden)
        ledger.take(self.growth, handed)
        at_normed, handed = self.bottleneck.backward(
            tape.hidden_shares, at_hidden, tape.normed.shape
        )
        ledger.take(self.bottleneck, handed)
        handed = self.norm.handed(tape.normed, at_normed)
        ledger.take(self.norm, handed)
        return handed


class RuledDenseBlock:
    """A dense block with a rule on each of its layers."""

    def __init__(self, layers: Sequence[DenseLayer], composite: Composite) -> None:
        """Take the rules of ``composite``."""
        self.layers = [RuledDenseLayer(layer, composite) for layer in layers]

    def forward(self, x: Tensor) -> tuple[Tensor, list[LayerTape]]:
        """Return input and all that is appended to it, ``(B, C', H, W)``, and the tapes."""
        batch, channels, *size = x.shape
        total = channels + sum(layer.width for layer in self.layers)
        features = torch.empty(
            (batch, total, *size),
            dtype=x.dtype,
            device=x.device,
            memory_format=torch.channels_last,
        )
        features[:, :channels] = x
        tapes = []
        for layer in self.layers:
            grown, tape = layer.forward(features[:, :channels])
            features[:, channels : channels + layer.width] = grown
            channels += layer.width
            tapes.append(tape)
        return features, tapes

    def backward(self, tapes: list[LayerTape], gradient: Tensor, ledger: Ledger) -> Tensor:
        """Return ``g`` of the block's input.

        Args:
            tapes: From :meth:`forward`; emptied, so that their memory is free for others.
            gradient: ``g`` of the block's output; changed.
            ledger: Gets what the biases take.
        """
        channels = gradient.shape[1]
        for layer in reversed(self.layers):
            channels -= layer.width
            appended = gradient[:, channels : channels + layer.width]
            handed = layer.backward(tapes.pop(), appended, ledger)
            gradient[:, :channels].addcmul_(handed, layer.norm.affine.scale)
        return gradient[:, :channels]
