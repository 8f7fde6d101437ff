"""Layer-wise relevance propagation for DenseNets."""

from __future__ import annotations

from typing import Literal, overload

import torch
from torch import Tensor, nn

from monai_covid.explain.explainer import (
    CHUNK,
    Targets,
    check_chunk,
    check_contrast,
    check_inputs,
    check_targets,
    initial_gradient,
)
from monai_covid.explain.lrp.canonize import canonize
from monai_covid.explain.lrp.composites import Composite, EpsilonPlusFlat
from monai_covid.explain.lrp.ledger import Accounting, Ledger
from monai_covid.explain.lrp.ruled_network import RuledDenseNet


class LRP:
    """Heatmaps by layer-wise relevance propagation; Bach et al., PLOS ONE 10:e0130140 (2015).

    Works on a copy with the batch normalisations folded where that is exact: the network given is
    neither changed nor hooked into, and later changes of it do not show. Calls from several threads
    do not disturb each other. Autocast does not reach in: all is computed in the precision of the
    network.

    Args:
        network: MONAI's two-dimensional DenseNet, explained as it is in evaluation mode.
        composite: Which rule for which layer.
        chunk: Images that are worked on at once; memory grows with it and not with the batch.

    Raises:
        CanonizeError: If the network is something else; names the layer.
    """

    def __init__(
        self, network: nn.Module, composite: Composite | None = None, chunk: int = CHUNK
    ) -> None:
        """Copy the network and put the rules on it."""
        self.chunk = check_chunk(chunk)
        with torch.no_grad():
            self._network = RuledDenseNet(canonize(network), composite or EpsilonPlusFlat())

    @overload
    def attribute(
        self,
        inputs: Tensor,
        target: Targets | None = ...,
        *,
        contrast: bool = ...,
        return_accounting: Literal[False] = ...,
    ) -> Tensor: ...

    @overload
    def attribute(
        self,
        inputs: Tensor,
        target: Targets | None = ...,
        *,
        contrast: bool = ...,
        return_accounting: Literal[True],
    ) -> tuple[Tensor, Accounting]: ...

    def attribute(
        self,
        inputs: Tensor,
        target: Targets | None = None,
        *,
        contrast: bool = False,
        return_accounting: bool = False,
    ) -> Tensor | tuple[Tensor, Accounting]:
        """Return the relevance of every pixel for a class.

        Args:
            inputs: ``(B, C, H, W)``, as the network takes them, in its precision and on its device.
            target: Class of all images, or one for each, ``(B,)``.
            contrast: Explain the logit less the mean of the other logits.
            return_accounting: Return also where the relevance went; costs a little time.

        Returns:
            Relevance ``(B, C, H, W)``: positive for, negative against the class. With
            ``return_accounting`` an :class:`Accounting` as well.

        Raises:
            ValueError: If images or targets do not fit the network.
        """
        check_inputs(inputs, self._network.stem.weight)
        classes = len(self._network.head.head.bias)
        targets = check_targets(target, len(inputs), classes)
        check_contrast(classes, contrast=contrast)
        parts = []
        with torch.no_grad(), torch.autocast(inputs.device.type, enabled=False):
            for begin in range(0, len(inputs), self.chunk):
                part = slice(begin, begin + self.chunk)
                parts.append(
                    self._explain(inputs[part], targets[part], contrast, return_accounting)
                )
        relevance = torch.cat([part_relevance for part_relevance, _ in parts])
        if not return_accounting:
            return relevance
        accounts = [account for _, account in parts if account is not None]
        return relevance, Accounting(*(torch.cat(column) for column in zip(*accounts, strict=True)))

    def _explain(
        self, images: Tensor, targets: list[int], contrast: bool, wants_accounting: bool
    ) -> tuple[Tensor, Accounting | None]:
        tape = self._network.forward(images)
        gradient = initial_gradient(targets, tape.logits, contrast=contrast)
        explained = (tape.logits * gradient).sum(1)
        ledger = Ledger(is_kept=wants_accounting)
        relevance = self._network.backward(tape, gradient, ledger)
        relevance = relevance.contiguous(memory_format=torch.contiguous_format)
        if not wants_accounting:
            return relevance, None
        reached, biases = relevance.sum((1, 2, 3)), ledger.total()
        return relevance, Accounting(explained, reached, biases, explained - reached - biases)
