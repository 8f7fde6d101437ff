"""Relevance that is itself a differentiable function of a network's parameters.

Autograd keeps a record of every step, so nothing is overwritten.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from monai_covid.explain.explainer import (
    Targets,
    check_contrast,
    check_inputs,
    check_targets,
    initial_gradient,
)
from monai_covid.explain.lrp.canonize import canonize
from monai_covid.explain.lrp.composites import Composite, EpsilonPlusFlat
from monai_covid.explain.lrp.dense_block import LayerTape, RuledDenseBlock
from monai_covid.explain.lrp.ledger import Ledger
from monai_covid.explain.lrp.ruled_network import RuledDenseNet


class RecordedRelevance(NamedTuple):
    """Relevance and logits of one pass, both with a gradient to the network's parameters.

    Attributes:
        relevance: Of the pixels, ``(B, C, H, W)``.
        logits: ``(B, L)``, as in evaluation mode: batch normalisations use running statistics.
    """

    relevance: Tensor
    logits: Tensor


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
            passed_on, appended = gradient.tensor_split([gradient.shape[1] - layer.width], dim=1)
            handed = layer.backward(tapes.pop(), appended, ledger)
            gradient = torch.addcmul(passed_on, handed, layer.norm.affine.scale)
        return gradient


class DifferentiableLRP:
    """Layer-wise relevance propagation through a network that is being trained.

    Unlike :class:`LRP` it keeps no copy: every call folds the batch normalisations of the network
    as it is then, and the relevance has a gradient to its parameters, through the forward pass, the
    rules and the folding. The normalisations' running statistics are constants, also while the
    network is in training mode. The network is neither changed nor hooked into. The values are
    those of :class:`LRP`; a call with its backward pass takes several times as long, and memory for
    the whole batch at once.

    With a small ``epsilon`` relevance is steep where an activation is near 0, and so are its
    gradients; Bassi et al., Nature Communications 15:291 (2024), train with 1e-2.

    Args:
        network: MONAI's two-dimensional DenseNet.
        composite: Which rule for which layer.

    Raises:
        CanonizeError: If the network is something else; names the layer.
    """

    def __init__(self, network: nn.Module, composite: Composite | None = None) -> None:
        """Check the network; keep it and the rules."""
        canonize(network)
        self.network = network
        self.composite = composite or EpsilonPlusFlat()

    def attribute(
        self, inputs: Tensor, target: Targets | None = None, *, contrast: bool = False
    ) -> RecordedRelevance:
        """Return the relevance of every pixel for a class, and the logits.

        Parameters that need no gradient get none. Autocast does not reach in: all is computed in
        the precision of the parameters.

        Args:
            inputs: ``(B, C, H, W)``, as the network takes them, in its precision and on its device.
            target: Class of all images, or one for each, ``(B,)``.
            contrast: Explain the logit less the mean of the other logits.

        Raises:
            ValueError: If images or targets do not fit the network.
        """
        with torch.enable_grad(), torch.autocast(inputs.device.type, enabled=False):
            ruled = RuledDenseNet(
                canonize(self.network, live=True), self.composite, RecordedDenseBlock
            )
            check_inputs(inputs, ruled.stem.weight)
            classes = len(ruled.head.head.bias)
            targets = check_targets(target, len(inputs), classes)
            check_contrast(classes, contrast=contrast)
            tape = ruled.forward(inputs)
            gradient = initial_gradient(targets, tape.logits, contrast=contrast)
            relevance = ruled.backward(tape, gradient, Ledger(is_kept=False))
        return RecordedRelevance(relevance, tape.logits)
