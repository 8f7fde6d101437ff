"""A canonized DenseNet with a rule on every layer: one pass forward, one pass back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from monai_covid.explain.lrp.composites import Composite
from monai_covid.explain.lrp.dense_block import LayerTape, RuledDenseBlock
from monai_covid.explain.lrp.layers import CanonizedDenseNet, Pool, Transition
from monai_covid.explain.lrp.ledger import Ledger
from monai_covid.explain.lrp.ruled import RuledAffine, RuledConvolution, RuledHead
from monai_covid.explain.lrp.rules import multiplied


class TransitionTape(NamedTuple):
    """What a transition needs on the way back."""

    normed: Tensor
    shares: Tensor


class RuledTransition:
    """Affine layer, ReLU, convolution and average pooling between two blocks."""

    def __init__(self, transition: Transition, composite: Composite) -> None:
        """Take the rules of ``composite``."""
        self.norm = RuledAffine(transition.norm, composite.affine)
        self.convolution = RuledConvolution(
            transition.convolution, composite.convolution, relu=False
        )

    def forward(self, x: Tensor) -> tuple[Tensor, TransitionTape]:
        """Return the pooled output, and the tape."""
        normed = self.norm.forward(x)
        output, shares = self.convolution.forward(normed)
        return F.avg_pool2d(output, 2), TransitionTape(normed, shares)

    def backward(self, tape: TransitionTape, gradient: Tensor, ledger: Ledger) -> Tensor:
        """Return ``g`` of the input."""
        at_normed, handed = self.convolution.backward(
            tape.shares, _spread(gradient, tape.shares.shape), tape.normed.shape
        )
        ledger.take(self.convolution, handed)
        handed = self.norm.handed(tape.normed, at_normed)
        ledger.take(self.norm, handed)
        return multiplied(handed, self.norm.affine.scale)


def _spread(gradient: Tensor, size: torch.Size) -> Tensor:
    """Return ``g`` before an average over 2 x 2 pixels; a last odd row or column gets nothing."""
    spread = F.interpolate(gradient, scale_factor=2.0, mode="nearest").mul_(0.25)
    rows, columns = size[2] - spread.shape[2], size[3] - spread.shape[3]
    return F.pad(spread, (0, columns, 0, rows)) if rows or columns else spread


@dataclass
class Tape:
    """What the network needs on the way back.

    Attributes:
        image: The input.
        stem: Behind the first convolution and its ReLU.
        winners: Indices of the maximum pooling.
        blocks: Tapes of the dense blocks.
        transitions: Tapes between them.
        normed: Behind the last normalisation and its ReLU.
        logits: The output, ``(B, L)``.
    """

    image: Tensor
    stem: Tensor
    winners: Tensor
    blocks: list[list[LayerTape]]
    transitions: list[TransitionTape]
    normed: Tensor
    logits: Tensor


class RuledDenseNet:
    """A canonized DenseNet under a composite.

    Args:
        network: The network.
        composite: The rules.
        block: How relevance goes through dense blocks; another one leaves gradients a way.
    """

    def __init__(
        self,
        network: CanonizedDenseNet,
        composite: Composite,
        block: type[RuledDenseBlock] = RuledDenseBlock,
    ) -> None:
        """Put a rule on each layer."""
        self.stem = network.stem
        self.stem_rule = composite.stem
        self.pool: Pool = network.pool
        self.blocks = [block(layers, composite) for layers in network.blocks]
        self.transitions = [
            RuledTransition(transition, composite) for transition in network.transitions
        ]
        self.norm = RuledAffine(network.norm, composite.affine)
        self.head = RuledHead(network.head, composite.head)

    def forward(self, image: Tensor) -> Tape:
        """Compute the logits of ``image`` ``(B, C, H, W)``; they are part of the tape."""
        image = image.contiguous(memory_format=torch.channels_last)
        stem = self.stem(image).relu_()
        x, winners = F.max_pool2d(
            stem, *(self.pool.kernel, self.pool.stride, self.pool.padding), return_indices=True
        )
        blocks, transitions = [], []
        for number, block in enumerate(self.blocks):
            x, tapes = block.forward(x)
            blocks.append(tapes)
            if number < len(self.transitions):
                x, tape = self.transitions[number].forward(x)
                transitions.append(tape)
        normed = self.norm.forward(x)
        logits = self.head.forward(normed.mean((2, 3)))
        return Tape(image, stem, winners, blocks, transitions, normed, logits)

    def backward(self, tape: Tape, gradient: Tensor, ledger: Ledger) -> Tensor:
        """Return the relevance of the pixels, ``(B, C, H, W)``.

        Args:
            tape: From :meth:`forward`; used up.
            gradient: ``g`` of the logits, ``(B, L)``.
            ledger: Gets what the biases take.
        """
        g = self._through_head(tape, gradient, ledger)
        for number in reversed(range(len(self.blocks))):
            g = self.blocks[number].backward(tape.blocks.pop(), g, ledger)
            if number:
                g = self.transitions[number - 1].backward(tape.transitions.pop(), g, ledger)
        g = self._through_pool(tape, g)
        relevance, absorbed = self.stem_rule.relevance(self.stem, tape.image, tape.stem, g)
        ledger.add(absorbed)
        return relevance

    def _through_head(self, tape: Tape, gradient: Tensor, ledger: Ledger) -> Tensor:
        handed = self.head.handed(tape.logits, gradient)
        ledger.take(self.head, handed)
        height, width = tape.normed.shape[2:]
        pooled = (handed @ self.head.head.weight) / (height * width)
        handed = self.norm.handed(tape.normed, pooled[:, :, None, None].expand_as(tape.normed))
        ledger.take(self.norm, handed)
        return multiplied(handed, self.norm.affine.scale)

    def _through_pool(self, tape: Tape, gradient: Tensor) -> Tensor:
        """Hand ``g`` to the winners of the maximum pooling."""
        kernel, stride, padding = (
            [size, size] for size in (self.pool.kernel, self.pool.stride, self.pool.padding)
        )
        handed: Tensor = torch.ops.aten.max_pool2d_with_indices_backward(
            gradient.contiguous(memory_format=torch.channels_last),
            *(tape.stem, kernel, stride, padding, [1, 1], False, tape.winners),
        )
        return handed
