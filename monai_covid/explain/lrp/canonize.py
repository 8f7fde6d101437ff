"""From a MONAI DenseNet to what relevance is propagated through.

A batch normalisation after a convolution is folded into it: the two are one linear layer. The
others, which stand before a ReLU and a convolution, stay as affine layers of their own. The network
itself is never touched; an error names the layer that does not fit.
"""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import Tensor, nn

from monai_covid.explain.explainer import CanonizeError
from monai_covid.explain.lrp.layers import (
    Affine,
    CanonizedDenseNet,
    Convolution,
    DenseLayer,
    Head,
    Pool,
    Transition,
)

Layer = TypeVar("Layer", bound=nn.Module)

_IDENTITIES = (nn.Dropout2d, nn.Dropout, nn.Identity, nn.Flatten)
"""Layers that change no value in evaluation."""


def canonize(network: nn.Module, *, live: bool = False) -> CanonizedDenseNet:
    """Return a copy of a DenseNet with batch normalisations folded into the convolutions.

    It computes what the network computes in evaluation mode, in the precision and on the device of
    its parameters. The running statistics of batch normalisations are constants.

    Args:
        network: ``monai.networks.nets.DenseNet`` with two spatial dimensions: 121, 169, 201, 264 or
            any other number of layers, input channels and outputs.
        live: Whether gradients reach the network's parameters through the copy.

    Raises:
        CanonizeError: If a layer is missing or of another kind.
    """
    with torch.set_grad_enabled(live):
        return _canonized(LayerFinder(network))


def _canonized(find: LayerFinder) -> CanonizedDenseNet:
    blocks = find.numbered("features.denseblock")
    last = len(blocks)
    canonized = CanonizedDenseNet(
        stem=_folded(find, "features.conv0", "features.norm0"),
        pool=_pool(find),
        blocks=tuple(_block(find, name) for name in blocks),
        transitions=tuple(_transition(find, f"features.transition{k}") for k in range(1, last)),
        norm=_affine(find, "features.norm5"),
        head=_head(find),
    )
    find.check_nothing_left()
    return canonized


class LayerFinder:
    """The layers of a network, and which of them have been used.

    Args:
        network: Any network.
    """

    def __init__(self, network: nn.Module) -> None:
        """List the layers."""
        self.modules = dict(network.named_modules())
        self.name = type(network).__name__
        self.precision = next(
            (parameter.dtype for parameter in network.parameters()), torch.float32
        )
        self.used: set[str] = set()

    def error(self, name: str, problem: str) -> CanonizeError:
        """Return an error that names the network and its layer ``name``."""
        return CanonizeError(f"{self.name}: {name} {problem}")

    def __call__(self, name: str, kind: type[Layer]) -> Layer:
        """Return a layer.

        Args:
            name: As in ``named_modules``.
            kind: What it must be; a subclass might compute something else.

        Raises:
            CanonizeError: If it is missing or of another kind.
        """
        layer = self.modules.get(name)
        if type(layer) is not kind:
            what = "missing" if layer is None else f"a {type(layer).__name__}"
            raise self.error(
                name,
                f"is {what}; relevance can be propagated through MONAI's two-dimensional "
                f"DenseNet, where it is a {kind.__name__}",
            )
        self.used.add(name)
        return layer

    def numbered(self, prefix: str) -> list[str]:
        """Return the names ``prefix1``, ``prefix2``, ... as far as there are layers.

        Raises:
            CanonizeError: If there is none.
        """
        names: list[str] = []
        while f"{prefix}{len(names) + 1}" in self.modules:
            names.append(f"{prefix}{len(names) + 1}")
        if not names:
            raise self.error(f"{prefix}1", "is missing; this is no MONAI DenseNet")
        return names

    def check_nothing_left(self) -> None:
        """Make sure that every layer which changes values has been used.

        Raises:
            CanonizeError: If one was not.
        """
        for name, module in self.modules.items():
            is_leaf = not list(module.children())
            if is_leaf and name not in self.used and not isinstance(module, _IDENTITIES):
                raise self.error(name, f"is a {type(module).__name__} and no part of a DenseNet")


def _block(find: LayerFinder, block: str) -> tuple[DenseLayer, ...]:
    layers = []
    for name in find.numbered(f"{block}.denselayer"):
        part = f"{name}.layers"
        find(f"{part}.relu1", nn.ReLU)
        find(f"{part}.relu2", nn.ReLU)
        layers.append(
            DenseLayer(
                norm=_affine(find, f"{part}.norm1"),
                bottleneck=_folded(find, f"{part}.conv1", f"{part}.norm2"),
                growth=_convolution(find, f"{part}.conv2"),
            )
        )
    return tuple(layers)


def _transition(find: LayerFinder, name: str) -> Transition:
    find(f"{name}.relu", nn.ReLU)
    pool = find(f"{name}.pool", nn.AvgPool2d)
    is_plain = not pool.ceil_mode and pool.divisor_override is None
    if (pool.kernel_size, pool.stride, pool.padding) != (2, 2, 0) or not is_plain:
        raise find.error(f"{name}.pool", f"is not the mean of 2 x 2 pixels: {pool}")
    return Transition(_affine(find, f"{name}.norm"), _convolution(find, f"{name}.conv"))


def _pool(find: LayerFinder) -> Pool:
    find("features.relu0", nn.ReLU)
    pool = find("features.pool0", nn.MaxPool2d)
    sizes = (pool.kernel_size, pool.stride, pool.padding)
    if not all(isinstance(size, int) for size in sizes) or pool.dilation != 1 or pool.ceil_mode:
        raise find.error("features.pool0", f"is no plain square pooling: {pool}")
    kernel, stride, padding = (int(size) for size in sizes if isinstance(size, int))
    return Pool(kernel, stride, padding)


def _head(find: LayerFinder) -> Head:
    find("class_layers.relu", nn.ReLU)
    pool = find("class_layers.pool", nn.AdaptiveAvgPool2d)
    if pool.output_size not in (1, (1, 1)):
        raise find.error("class_layers.pool", f"is not the mean of all pixels: {pool}")
    linear = find("class_layers.out", nn.Linear)
    bias = torch.zeros_like(linear.weight[:, 0]) if linear.bias is None else linear.bias
    return Head(linear.weight.clone(), bias.clone())


def _scale_and_shift(find: LayerFinder, name: str) -> tuple[Tensor, Tensor]:
    """Return scale and shift of each channel of a batch normalisation, ``(C,)`` float64."""
    norm = find(name, nn.BatchNorm2d)
    if norm.running_mean is None or norm.running_var is None:
        raise find.error(name, f"keeps no running statistics: {norm}")
    deviation = (norm.running_var.double() + norm.eps).sqrt()
    weight = torch.ones_like(deviation) if norm.weight is None else norm.weight.double()
    bias = torch.zeros_like(deviation) if norm.bias is None else norm.bias.double()
    scale = weight / deviation
    return scale, bias - scale * norm.running_mean.double()


def _affine(find: LayerFinder, name: str) -> Affine:
    scale, shift = _scale_and_shift(find, name)
    return Affine(*(values.to(find.precision).reshape(-1, 1, 1) for values in (scale, shift)))


def _convolution(find: LayerFinder, name: str) -> Convolution:
    layer = find(name, nn.Conv2d)
    if layer.groups != 1 or layer.dilation != (1, 1):
        raise find.error(name, f"is grouped or dilated: {layer}")
    if layer.padding_mode != "zeros" or isinstance(layer.padding, str):
        raise find.error(name, f"is not padded with a number of zeros: {layer}")
    weight = layer.weight.clone()
    bias = torch.zeros_like(weight[:, 0, 0, 0]) if layer.bias is None else layer.bias.clone()
    stride, padding = layer.stride, layer.padding
    return Convolution(weight, bias, (stride[0], stride[1]), (padding[0], padding[1]))


def _folded(find: LayerFinder, name: str, norm: str) -> Convolution:
    """Return the convolution ``name`` with the normalisation behind it multiplied in."""
    convolution = _convolution(find, name)
    scale, shift = _scale_and_shift(find, norm)
    weight = convolution.weight.double() * scale[:, None, None, None]
    bias = convolution.bias.double() * scale + shift
    kind = convolution.weight.dtype
    return convolution.with_parameters(weight.to(kind), bias.to(kind))
