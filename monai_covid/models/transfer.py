"""Output neuron keeping: the new head starts from the neurons that both label sets share.

Source: Bassi & Attux, "A deep convolutional neural network for COVID-19 detection using chest
X-rays", Res. Biomed. Eng. 38:139-148 (2022), DOI 10.1007/s42600-021-00132-9. There the neurons of
"pneumonia" and "normal" of the network fine-tuned on ChestX-ray14 are kept and the neuron of
COVID-19 starts from random weights. Starting a new neuron from the mean of named related findings
is an extension of ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from types import MappingProxyType
from typing import NamedTuple

import torch
from torch import Tensor, nn

from monai_covid.errors import OptionError
from monai_covid.models.tensor_names import HEAD


class Head(NamedTuple):
    """Weights of a last linear layer.

    Attributes:
        weight: ``(outputs, features)``.
        bias: ``(outputs,)``.
    """

    weight: Tensor
    bias: Tensor


class TransferredHead(NamedTuple):
    """A head for the target labels and where each of its neurons comes from.

    Attributes:
        head: Weights, one row a target label.
        origin: For each target label ``kept from X``, ``mean of X, Y`` or ``random``.
    """

    head: Head
    origin: dict[str, str]


def random_head(outputs: int, features: int, generator: torch.Generator | None = None) -> Head:
    """Return a head drawn as ``torch.nn.Linear`` draws it: uniform within 1/sqrt(features)."""
    bound = features**-0.5
    weight = torch.empty(outputs, features).uniform_(-bound, bound, generator=generator)
    bias = torch.empty(outputs).uniform_(-bound, bound, generator=generator)
    return Head(weight, bias)


def keep_output_neurons(
    source: Head,
    source_labels: Sequence[str],
    target_labels: Sequence[str],
    *,
    mapping: Mapping[str, str] = MappingProxyType({}),
    new_from: Mapping[str, Sequence[str]] | None = None,
    generator: torch.Generator | None = None,
) -> TransferredHead:
    """Make a head for ``target_labels`` that keeps the shared neurons of ``source``.

    Neurons of a label that both sets have are kept, and so are those that ``mapping`` names. A kept
    row (weights and bias) is bit-identical to the source row. Entries of ``mapping`` whose
    source label the source head lacks (a 14-output head has no "No Finding") are passed over;
    their target neuron is then new.

    Args:
        source: Head of the previous stage, one row a source label.
        source_labels: Labels of the rows of ``source``.
        target_labels: Labels of the new head, in order.
        mapping: Source label -> target label of the neurons to keep.
        new_from: Target label -> related source labels; that new neuron starts from the mean of
            their rows. New neurons that are not named here start from random weights.
        generator: Source of the random numbers; None for PyTorch's global one.

    Returns:
        The new head, and the origin of each of its neurons.

    Raises:
        ValueError: For label lists that do not fit the head or repeat a label; as OptionError for
            unknown labels, two sources for one target, or a neuron that is both kept and new.
    """
    new_from = dict(new_from or {})
    _check_labels(source, source_labels, target_labels)
    kept = _kept_sources(source_labels, target_labels, mapping)
    _check_new(new_from, kept, source_labels, target_labels)
    head = random_head(len(target_labels), source.weight.shape[1], generator)
    weight, bias = head.weight.to(source.weight), head.bias.to(source.bias)
    origin = dict.fromkeys(target_labels, "random")
    for row, label in enumerate(target_labels):
        if label in kept:
            index = list(source_labels).index(kept[label])
            weight[row], bias[row] = source.weight[index], source.bias[index]
            origin[label] = f"kept from {kept[label]}"
        elif label in new_from:
            indices = [list(source_labels).index(related) for related in new_from[label]]
            weight[row], bias[row] = source.weight[indices].mean(0), source.bias[indices].mean(0)
            origin[label] = f"mean of {', '.join(new_from[label])}"
    return TransferredHead(Head(weight, bias), origin)


def _check_labels(source: Head, source_labels: Sequence[str], target_labels: Sequence[str]) -> None:
    if source.weight.shape[0] != len(source_labels) or source.bias.shape != (len(source_labels),):
        raise ValueError(
            f"the source head has {source.weight.shape[0]} neurons but there are "
            f"{len(source_labels)} source labels: {', '.join(source_labels)}"
        )
    for what, labels in (("source", source_labels), ("target", target_labels)):
        repeated = sorted({label for label in labels if list(labels).count(label) > 1})
        if repeated:
            raise ValueError(f"repeated {what} labels: {', '.join(repeated)}")


def _kept_sources(
    source_labels: Sequence[str], target_labels: Sequence[str], mapping: Mapping[str, str]
) -> dict[str, str]:
    kept: dict[str, str] = {}
    for source_label, target_label in mapping.items():
        _require(target_label, target_labels, "target label")
        if source_label not in source_labels:
            continue
        if target_label in kept:
            raise OptionError(
                f"{target_label!r} would be kept from both {kept[target_label]!r} and "
                f"{source_label!r}; a neuron has one source"
            )
        kept[target_label] = source_label
    # A network of the same labels, such as one trained on smaller images, keeps all it has.
    shared = {label: label for label in target_labels if label in source_labels}
    return shared | kept


def _check_new(
    new_from: Mapping[str, Sequence[str]],
    kept: Mapping[str, str],
    source_labels: Sequence[str],
    target_labels: Sequence[str],
) -> None:
    for target_label, related in new_from.items():
        _require(target_label, target_labels, "target label")
        if target_label in kept:
            raise OptionError(
                f"{target_label!r} is kept from {kept[target_label]!r}; it cannot start anew"
            )
        if not related:
            raise OptionError(f"no related source labels are named for {target_label!r}")
        for label in related:
            _require(label, source_labels, "source label")


def _require(label: str, labels: Sequence[str], what: str) -> None:
    if label in labels:
        return
    nearest = get_close_matches(label, labels, n=1)
    hint = f"; did you mean {nearest[0]!r}?" if nearest else "."
    raise OptionError(f"unknown {what} {label!r}{hint} Known: {', '.join(labels)}")


def get_head(network: nn.Module) -> Head:
    """Return a copy of the head of ``network``."""
    layer = _head_layer(network)
    return Head(layer.weight.detach().clone(), layer.bias.detach().clone())


def set_head(network: nn.Module, head: Head) -> None:
    """Copy ``head`` into the last layer of ``network``.

    Raises:
        ValueError: If the shapes differ.
    """
    layer = _head_layer(network)
    if layer.weight.shape != head.weight.shape:
        raise ValueError(
            f"head has shape {tuple(head.weight.shape)}, the network's is "
            f"{tuple(layer.weight.shape)}"
        )
    with torch.no_grad():
        layer.weight.copy_(head.weight)
        layer.bias.copy_(head.bias)


def shift_head(network: nn.Module, biases: Sequence[float]) -> None:
    """Add ``biases``, one an output, to those of the last layer of ``network``."""
    head = get_head(network)
    set_head(network, head._replace(bias=head.bias + head.bias.new_tensor(biases)))


def head_inputs(network: nn.Module, images: Tensor) -> Tensor:
    """Return what the last layer of ``network`` gets of ``images``, ``(B, features)``."""
    seen: list[Tensor] = []
    handle = _head_layer(network).register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    try:
        network(images)
    finally:
        handle.remove()
    return seen[0]


def _head_layer(network: nn.Module) -> nn.Linear:
    layer = network.get_submodule(HEAD)
    if not isinstance(layer, nn.Linear):
        raise TypeError(f"{HEAD} is {type(layer).__name__}, expected Linear")
    return layer
