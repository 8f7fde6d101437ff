"""Relevance through a dense block of which autograd keeps a record: nothing is overwritten."""

from __future__ import annotations

import torch
from torch import Tensor

from monai_covid.explain.dense_block import LayerTape, RuledDenseBlock
from monai_covid.explain.ledger import Ledger


class RecordedDenseBlock(RuledDenseBlock):
    """A dense block whose values and relevance gradients can flow through.

    The rules are those of its base; features are concatenated and ``g`` is added up in new memory,
    since autograd needs the old values.
    """

    def forward(self, x: Tensor) -> tuple[Tensor, list[LayerTape]]:
        """See :class:`RuledDenseBlock`."""
        tapes = []
        for layer in self.layers:
            grown, tape = layer.forward(x)
            x = torch.cat([x, grown], dim=1)
            tapes.append(tape)
        return x, tapes

    def backward(self, tapes: list[LayerTape], gradient: Tensor, ledger: Ledger) -> Tensor:
        """See :class:`RuledDenseBlock`; ``gradient`` stays as it is."""
        for layer in reversed(self.layers):
            kept, appended = gradient.tensor_split([gradient.shape[1] - layer.width], dim=1)
            handed = layer.backward(tapes.pop(), appended, ledger)
            gradient = torch.addcmul(kept, handed, layer.norm.affine.scale)
        return gradient
